//! Sentences with commands in backticks, as messages have them, shown with commands as code.

use std::fmt::Display;

use maud::{Markup, html};

use crate::foreign::line;

/// A sentence; what stands between two backticks is code. A backtick without a second one is text.
pub(super) fn prose(text: impl Display) -> Markup {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let is_paired = parts.len() % 2 == 1;
    html! {
        @if is_paired {
            @for (place, part) in parts.iter().enumerate() {
                @if place % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_code_and_nothing_of_them_acts() {
        let shown = |text: &str| prose(text).into_string();
        assert_eq!(
            shown("run `dialplane doctor`, then `plan`"),
            "run <code>dialplane doctor</code>, then <code>plan</code>"
        );
        assert_eq!(shown("one ` alone"), "one ` alone");
        assert_eq!(shown("`<b>` & more"), "<code>&lt;b&gt;</code> &amp; more");
    }
}
