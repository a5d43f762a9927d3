//! One field of a step for a terminal: before and after.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use similar::{ChangeTag, DiffableStr as _, TextDiff};

use crate::{
    foreign,
    plan::FieldChange,
    style::{FAINT, GREEN, PLAIN, YELLOW},
    words::time,
};

/// Before and after, with what differs inside the line set off on a terminal.
pub(super) fn write_change(out: &mut String, change: &FieldChange) -> fmt::Result {
    let before = foreign::line(format_args!("{}: {}", change.field, change.live));
    let after = foreign::line(format_args!("{}: {}", change.field, change.desired));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    for operation in diff.ops() {
        for line in diff.iter_inline_changes(operation) {
            let (sign, colour) = match line.tag() {
                ChangeTag::Delete => ("-", FAINT),
                ChangeTag::Insert => ("+", GREEN),
                ChangeTag::Equal => (" ", PLAIN),
            };
            write!(out, "      {colour}{sign} ")?;
            for (emphasised, part) in line.values() {
                let style = if *emphasised { colour.bold().underline() } else { colour };
                write!(out, "{style:#}{style}{}", part.to_string_lossy().trim_end_matches('\n'))?;
            }
            writeln!(out, "{colour:#}")?;
        }
    }
    if change.is_drift {
        writeln!(out, "      {FAINT}drift, whether the change is made or not{FAINT:#}")?;
    }
    change.did_not_land.map_or(Ok(()), |at| write_late(out, at))
}

/// A value or a switch that was sent then is not there.
pub(super) fn write_late(out: &mut String, at: Timestamp) -> fmt::Result {
    writeln!(out, "      {YELLOW}this was sent on {} and did not land{YELLOW:#}", time(at))
}
