//! The page of the guide, from the same table.

use std::fmt::{self, Write as _};

use super::{CodeSubject, Explanation, all};
use crate::words::list;

/// `src/guide/codes.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(&mut out);
    out
}

fn write_page(out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "# Codes\n\nEach hold, problem, note and failed call has a stable code: in text behind it \
            in brackets, in JSON as `code`.\n`dialplane explain CODE` shows the same on a terminal. \
            This page is written from the table in `src/plan/codes`."
    )?;
    for about in CodeSubject::ALL {
        writeln!(out, "\n## {}\n\n{}", about.title(), about.words())?;
        for explanation in all().into_iter().filter(|explanation| explanation.about == *about) {
            write_one(out, &explanation)?;
        }
    }
    Ok(())
}

fn write_one(out: &mut String, explanation: &Explanation) -> fmt::Result {
    let text = explanation.text;
    writeln!(out, "\n### `{}`\n\n{}.\n", explanation.code, capital(text.means))?;
    writeln!(out, "- How it comes about: {}", text.arises)?;
    writeln!(out, "- What to do: {}", text.remedy)?;
    if let Some(rule) = explanation.rule {
        writeln!(out, "- Lifted by: {}.", rule.lifted_by.words())?;
    }
    if !explanation.settings.is_empty() {
        let settings = explanation.settings.iter().map(|setting| format!("`{setting}`"));
        writeln!(out, "- Settings and manifest keys: {}.", list(settings))?;
    }
    writeln!(out, "- Example: {}", text.example)
}

/// With a capital first.
pub fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| {
        if text.starts_with('`') {
            text.to_owned()
        } else {
            first.to_uppercase().chain(rest).collect()
        }
    })
}
