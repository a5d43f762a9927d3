//! Who is at the keyboard, for the record: not proof, but somebody to ask.

use std::fs;

use crate::{control, foreign::typed};

/// User and machine, such as `ada@desk`.
pub(super) fn name() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let user = variable("SUDO_USER")
        .or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .or_else(number);
    let host =
        fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let host = host.filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".to_owned());
    one_line(&format!("{}@{host}", user.as_deref().unwrap_or("somebody")))
}

/// The number of the user, where nothing tells the name.
fn number() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").ok().map(|process| format!("uid {}", process.uid()))
}

/// Text that somebody typed, on one line and not too long.
pub(super) fn one_line(text: &str) -> String {
    typed(text, control::LONGEST)
}
