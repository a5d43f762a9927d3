//! What an import says at its end: who is in the manifests, who is not, and why.

use std::path::Path;

use super::Arguments;
use crate::{
    cli::{customers::PickedTenants, out},
    foreign::line,
    import::Import,
    words::{first, list, many},
};

/// Customers and clauses that one line names, at most.
const MAX_NAMED: usize = 20;

/// Customers that are not looked at.
pub(super) fn tell_passed_over(picked: &PickedTenants) {
    if !picked.described.is_empty() {
        out::talk(&format!(
            "left alone, because manifests describe them: {}\n",
            first(MAX_NAMED, &picked.described)
        ));
    }
    if !picked.unregistered.is_empty() {
        out::talk(&format!(
            "not registered yet, so there is nothing to read: {}\n",
            first(MAX_NAMED, &picked.unregistered)
        ));
    }
}

/// The command that looks at what was written, from where it was taken.
pub(super) fn next(folder: &Path, command: &Arguments) -> String {
    let folder = line(folder.display());
    match &command.live {
        // A list is not what a plan compares with: it is checked without anything else.
        _ if !command.from.is_empty() => format!("dialplane validate {folder}"),
        Some(live) => format!("dialplane plan {folder} --live {}", line(live.display())),
        None if command.targets.sandbox => format!("dialplane plan {folder} --sandbox"),
        None => format!("dialplane plan {folder}"),
    }
}

/// The whole. `next` is the command that looks at it.
pub(super) fn tell(imported: &Import, unknown: &[String], next: &str, unread: usize) {
    let said = [
        many(imported.tenants, "tenant"),
        many(imported.users, "user"),
        many(imported.files.len(), "file"),
    ];
    out::talk(&format!(
        "{} with {} in {}, and nothing to do for them: {next}\n",
        said[0], said[1], said[2]
    ));
    tell_left_out(imported, "; --everybody names them too");
    if imported.shared > 0 {
        out::talk(&format!(
            "{} without the number, because somebody else holds it as well: see the comments\n",
            many(imported.shared, "user")
        ));
    }
    if imported.without_number > 0 {
        out::talk(&format!(
            "{} with calling and without a number in the manifests\n",
            many(imported.without_number, "user")
        ));
    }
    if !unknown.is_empty() {
        out::talk(&format!("to look at: {}\n", list(unknown.iter().map(line).take(MAX_NAMED))));
    }
    if unread > 0 {
        out::talk(&format!(
            "{} could not be read, see above: import again, and tenants that are there are left \
                alone\n",
            many(unread, "tenant")
        ));
    }
}

/// Says who is not in the manifests, and why. `option` would name them too, if the command has it.
pub(in crate::cli) fn tell_left_out(imported: &Import, option: &str) {
    let off = "left out: calling is off, and no number is held";
    for (count, why) in [
        (imported.left_out, "left out, see the comments in each tenant.yaml".to_owned()),
        (imported.passed_over, format!("{off}{option}")),
    ] {
        if count > 0 {
            out::talk(&format!("{} {why}\n", many(count, "user")));
        }
    }
}
