//! The colours of text for a terminal, each by what it says. Text means nothing by them: they are
//! stripped where they do not belong, when it is printed.

use anstyle::{AnsiColor, Style};

/// What a line is about.
pub const BOLD: Style = Style::new().bold();
/// What is said beside: places, hints.
pub const FAINT: Style = Style::new().dimmed();
/// What went wrong, or takes something away.
pub const RED: Style = AnsiColor::Red.on_default();
/// What ends a command, or all work: an error, a stop.
pub const ALARM: Style = RED.bold();
/// What is well, or gives something.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// What waits, is held or wants a look.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// What changes.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// What is neither.
pub const PLAIN: Style = Style::new();
