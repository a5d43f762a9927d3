//! Foreign text made fit for a message: secrets out, control characters out, short.
//!
//! **Invariant:** secrets are removed before the text is cut, so that no half of one survives the cut.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// The most that a message repeats of what a service said, in characters.
const MAX_QUOTE: usize = 200;
/// The most that is repeated of a single value.
const MAX_VALUE: usize = 80;
/// What stands in place of a secret.
const MARK: &str = "[redacted]";

/// Knows the secrets that were last sent, and what secrets look like in general.
#[derive(Clone, Default)]
pub(in crate::api) struct Redactor {
    secrets: Arc<[SecretString]>,
}

impl Redactor {
    /// Also removes the given secrets, as they are and percent-encoded.
    pub(in crate::api) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut all = Vec::new();
        for secret in secrets {
            let encoded = utf8_percent_encode(secret.expose_secret(), NON_ALPHANUMERIC).to_string();
            if encoded != secret.expose_secret() {
                all.push(SecretString::from(encoded));
            }
            all.push(secret);
        }
        // The longest first: a short one inside of it would leave its pieces behind.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets: all.into() }
    }

    /// The same, and these as well.
    pub(in crate::api) fn and(&self, more: impl IntoIterator<Item = SecretString>) -> Self {
        Self::new(self.secrets.iter().cloned().chain(more))
    }

    /// Text that a service sent, as a message may quote it.
    pub(in crate::api) fn quote(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty()) {
            if text.contains(secret) {
                text = text.replace(secret, MARK);
            }
        }
        cut(&without_lookalikes(&text), MAX_QUOTE)
    }
}

/// A single value that a service sent, as a message may quote it.
pub(in crate::api) fn value(text: &str) -> String {
    cut(text, MAX_VALUE)
}

/// At most `max` characters on one line.
fn cut(text: &str, max: usize) -> String {
    let mut flat = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !flat.is_empty() {
            flat.push(' ');
        }
        flat.push_str(word);
    }
    match flat.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", flat[..end].trim_end()),
        None => flat,
    }
}

/// Text without what looks like a token: whatever follows `Bearer` or `Basic`, JWTs, and long runs of mixed letters and digits.
fn without_lookalikes(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-_+/=.~".contains(c);
    let mut clean = String::with_capacity(text.len());
    let mut announced = false;
    for piece in text.split_inclusive(|c: char| !of_token(c)) {
        let run = piece.trim_end_matches(|c: char| !of_token(c));
        if run.is_empty() {
            clean.push_str(piece);
            continue;
        }
        let secret = (announced && run != "redacted") || looks_secret(run);
        clean.push_str(if secret { MARK } else { run });
        clean.push_str(&piece[run.len()..]);
        announced = ["bearer", "basic"].iter().any(|word| run.eq_ignore_ascii_case(word));
    }
    clean
}

fn looks_secret(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.bytes().any(|byte| kind(&byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    // Names of Java classes are long and mixed too, but they have dots.
    (run.starts_with("eyJ") && run.len() >= 16) || (run.len() >= 24 && mixed && !run.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_and_the_rest_stays_readable() {
        let redactor = Redactor::new(["p@ss word!".to_owned().into(), "s3cret".to_owned().into()]);
        for (said, quoted) in [
            ("user adele@contoso.com not found", "user adele@contoso.com not found"),
            ("wrong: p@ss word! and s3cret", "wrong: [redacted] and [redacted]"),
            ("password=p%40ss%20word%21&x", "password=[redacted]&x"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("token eyJhbGciOiJIUzI1NiJ9.e30.sig bad", "token [redacted] bad"),
            ("key: Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRg==;", "key: [redacted];"),
            ("com.vendor.provisioning.UserNotFound2Exception", "com.vendor.provisioning.UserNotFound2Exception"),
            ("tenant 87d349ed-44d7-43e1-9a83-5f2406dee5bd", "tenant 87d349ed-44d7-43e1-9a83-5f2406dee5bd"),
            ("a\u{1b}[31m\r\n b\0c", "a [31m b c"),
        ] {
            assert_eq!(redactor.quote(said), quoted);
        }
    }

    #[test]
    fn a_cut_never_leaves_half_a_secret() {
        let redactor = Redactor::new(["hunter2hunter2".to_owned().into()]);
        let quoted = redactor.quote(&format!("{}hunter2hunter2 tail", "x ".repeat(97)));
        assert!(!quoted.contains("hunter"), "{quoted}");
        assert!(redactor.quote(&"é".repeat(500)).chars().count() <= MAX_QUOTE + 3);
    }
}
