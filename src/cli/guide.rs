//! `guide`: the pages of documentation, for a machine without a network.

use clap::Args;

use super::{
    complete,
    exit::{Exit, Failure},
    out,
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
pub(super) fn guide(command: &Arguments) -> Result<Exit, Failure> {
    let asked = command.page.as_deref().map(page).transpose()?;
    match (&command.search, asked) {
        (Some(text), page) => return search(text, page),
        (None, Some(page)) => out::raw(&shown(page.text)),
        (None, None) => out::raw(&list()),
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

/// As it is written, with bold headings: Markdown is made to be read.
fn shown(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with('#') { format!("{BOLD}{line}{BOLD:#}\n") } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
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
