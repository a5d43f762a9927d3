//! `guide`: the pages of documentation, for a machine without a network.

use std::fmt::Write as _;

use clap::Args;

use super::{
    args::Global,
    complete,
    exit::{Exit, Failure},
    fit, out, pager,
};
use crate::{
    guide::{PAGES, Page},
    style::{BOLD, CYAN, FAINT},
    words::meant,
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane guide                            which pages there are
  dialplane guide night                      what to do at 3 a.m., by symptom
  dialplane guide --search approval          the lines that say it
";

/// How far a word may be from the name of a page to be taken for it.
const NEAR: usize = 2;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The page
    #[arg(add = complete::pages())]
    page: Option<String>,
    /// Show the lines that hold this text instead, in one page or in all
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// Prints a page, the lines that hold a text, or the list of pages.
pub(super) fn guide(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let show = if global.no_pager { out::raw } else { pager::show_as_it_is };
    let asked = command.page.as_deref().map(page).transpose()?;
    match (&command.search, asked) {
        (Some(text), page) => return search(text, page),
        (None, Some(page)) => show(&shown(page.text, out::width())),
        (None, None) => show(&list()),
    }
    Ok(Exit::Done)
}

fn page(name: &str) -> Result<&'static Page, Failure> {
    let name = name.to_lowercase();
    let found = PAGES.iter().find(|page| page.name == name);
    found.ok_or_else(|| {
        let near = meant(&name, PAGES.iter().map(|page| page.name), NEAR);
        Failure::new(format!("there is no page `{name}` in the guide")).hint(format!(
            "{near}`dialplane guide` lists all pages, and `dialplane guide --search TEXT` looks \
                    into them"
        ))
    })
}

fn list() -> String {
    let rows: Vec<String> = PAGES
        .iter()
        .map(|page| format!("  {CYAN}{:15}{CYAN:#} {}", page.name, page.title()))
        .collect();
    format!(
        "{}\n\n{FAINT}`dialplane guide PAGE` shows one, `dialplane guide --search TEXT` looks \
            into all{FAINT:#}\n",
        rows.join("\n")
    )
}

/// How wide the pages are written.
const WIDE: usize = 100;

/// As it is written, with bold headings: Markdown is made to be read. On a narrow terminal paragraphs
/// are set anew, and commands stay whole.
fn shown(text: &str, width: Option<usize>) -> String {
    let width = width.filter(|width| *width < WIDE);
    let mut out = String::new();
    let mut paragraph = Paragraph::default();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let as_it_is = is_code || is_fence || line.trim().is_empty() || line.starts_with('#');
        if let Some(width) = width.filter(|_| !as_it_is) {
            if begins(line) {
                paragraph.end(&mut out, width);
            }
            paragraph.add(line);
            continue;
        }
        paragraph.end(&mut out, width.unwrap_or(WIDE));
        if line.starts_with('#') && !is_code {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{BOLD}{line}{BOLD:#}");
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    paragraph.end(&mut out, width.unwrap_or(WIDE));
    out
}

/// Whether a line does not go on from the one before: an item of a list, a row of a table.
fn begins(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = number.len() < line.len() && number.starts_with(". ");
    line.starts_with("- ") || line.starts_with('|') || is_numbered
}

/// Lines that are read as one.
#[derive(Default)]
struct Paragraph {
    text: String,
}

impl Paragraph {
    fn add(&mut self, line: &str) {
        if self.text.is_empty() {
            self.text.push_str(line.trim_end());
        } else {
            self.text.push(' ');
            self.text.push_str(line.trim());
        }
    }

    fn end(&mut self, out: &mut String, width: usize) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let blanks = text.len() - text.trim_start().len();
        let indent = if begins(&text) { blanks + 2 } else { blanks };
        *out += &fit::paragraph(&text, width, indent);
        out.push('\n');
    }
}

fn search(text: &str, only: Option<&Page>) -> Result<Exit, Failure> {
    let wanted = text.to_lowercase();
    let mut found = String::new();
    for page in PAGES.iter().filter(|page| only.is_none_or(|only| only.name == page.name)) {
        let lines = page.text.lines().filter(|line| line.to_lowercase().contains(&wanted));
        for line in lines {
            found += &[page.name, ": ", line.trim(), "\n"].concat();
        }
    }
    if found.is_empty() {
        return Err(Failure::new(format!("no page of the guide says `{text}`"))
            .hint("`dialplane guide` lists all pages"));
    }
    out::data(&found);
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fits_a_narrow_terminal_and_its_commands_stay_whole() {
        for page in PAGES {
            let wide = shown(page.text, None);
            let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
            assert_eq!(plain(&wide), page.text, "{}", page.name);
            for width in [60, 80] {
                let narrow = plain(&shown(page.text, Some(width)));
                let words = |text: &str| text.split_whitespace().collect::<String>();
                assert_eq!(words(&narrow), words(page.text), "{}", page.name);
                let mut is_code = false;
                for line in narrow.lines() {
                    is_code ^= line.trim_start().starts_with("```");
                    let is_whole = is_code || line.starts_with('#') || !line.trim().contains(' ');
                    assert!(is_whole || line.chars().count() <= width, "{}: {line}", page.name);
                }
                let commands = page.text.lines().filter(|line| line.starts_with("$ "));
                assert!(commands.into_iter().all(|line| narrow.contains(line)), "{}", page.name);
            }
        }
    }
}
