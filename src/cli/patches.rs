//! Patches of manifests by the repository that each is for, as `git apply` takes them.
//!
//! **Invariant:** a patch names paths as its repository does, and it is said where it is applied.
//! Edits of several repositories are never in one patch: git would find none or half of the files.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use similar::TextDiff;

use super::{exit::Failure, out, private};
use crate::{
    foreign::{self, line},
    source::{AtHome, Home},
    words::{list, many},
};

/// Patches, one for each repository, in the order of the sources.
#[derive(Debug, Default)]
pub(super) struct Patches(Vec<Patch>);

#[derive(Debug)]
struct Patch {
    home: Home,
    /// What its source is called.
    source: Option<String>,
    text: String,
}

impl Patches {
    /// Adds the edit of a file.
    pub(super) fn add(&mut self, at: &AtHome, before: &str, after: &str) {
        let place = self.0.iter().position(|patch| patch.home == at.home);
        let place = place.unwrap_or(self.0.len());
        if place == self.0.len() {
            let home = at.home.clone();
            let source = at.source.clone();
            self.0.push(Patch { home, source, text: String::new() });
        }
        let Some(patch) = self.0.get_mut(place) else { return };
        let from = name("a", &at.path);
        let to = name("b", &at.path);
        if !matches!(at.home, Home::Folder(_)) {
            // With this line paths are from the top of the repository, wherever git is called.
            let _ = writeln!(patch.text, "diff --git {from} {to}");
        }
        let diff = TextDiff::from_lines(before, after);
        let _ = write!(patch.text, "{}", diff.unified_diff().header(&from, &to));
    }

    /// Prints the only one, or writes all of them into a folder, and says where each is applied.
    pub(super) fn hand_out(&self, into: Option<&Path>) -> Result<(), Failure> {
        if let Some(folder) = into {
            return self.write(folder);
        }
        if self.0.len() > 1 {
            let homes = list(self.0.iter().map(|patch| told(&patch.home)));
            return Err(Failure::new(format!(
                "the edit is in {}, and each needs a patch of its own: {homes}",
                many(self.0.len(), "repository")
            ))
            .hint("name a folder for them with `--out DIR`"));
        }
        let Some(patch) = self.0.first() else { return Ok(()) };
        let Some(shown) = shown(&patch.text) else {
            return Err(Failure::new(
                "the manifests hold characters that are not shown, and a patch needs them as they \
                    are",
            )
            .hint("`--out DIR` writes it into a file"));
        };
        out::raw(shown);
        out::talk(&format!("apply it with `git apply` in {}\n", line(told(&patch.home))));
        Ok(())
    }

    fn write(&self, folder: &Path) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let mut taken = BTreeSet::new();
        for patch in &self.0 {
            let name = patch.source.as_deref().unwrap_or("manifests");
            let numbers = (2..).map(|number| format!("{name}-{number}.patch"));
            let mut names = std::iter::once(format!("{name}.patch")).chain(numbers);
            let Some(name) = names.find(|name| taken.insert(name.clone())) else { continue };
            let file = folder.join(name);
            private::write(&file, &patch.text).map_err(|error| failed(&file, &error))?;
            let file = line(file.display());
            let home = line(told(&patch.home));
            out::data(&format!("{file}: apply it with `git apply` in {home}\n"));
        }
        Ok(())
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display())).hint("name a folder that may be written")
}

/// Where a patch is applied.
fn told(home: &Home) -> String {
    match home {
        Home::Checkout(folder) | Home::Folder(folder) => folder.display().to_string(),
        Home::Branch { address, branch } => format!("a checkout of {address}, branch `{branch}`"),
    }
}

/// A path as git writes it in a patch.
fn name(side: &str, path: &str) -> String {
    let acts = |c: char| c.is_ascii_control() || matches!(c, '"' | '\\');
    if !path.contains(acts) {
        return format!("{side}/{path}");
    }
    let mut name = format!("\"{side}/");
    for c in path.chars() {
        let _ = match c {
            '"' | '\\' => write!(name, "\\{c}"),
            c if c.is_ascii_control() => write!(name, "\\{:03o}", u32::from(c)),
            c => write!(name, "{c}"),
        };
    }
    name + "\""
}

/// The text as it can be printed: nothing, if it would be another one.
fn shown(text: &str) -> Option<&str> {
    // How lines end on other systems acts on nobody.
    let plain = text.replace("\r\n", "\n");
    (foreign::printable(&plain) == plain).then_some(text)
}
