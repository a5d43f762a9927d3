//! Which files are manifests by their name, which are nobody's business, and which look like
//! manifests and are not read.

use std::{ffi::OsStr, fs::File, io::Read as _, path::Path};

/// Endings of manifests, in lower case.
const ENDINGS: [&str; 2] = [".yaml", ".yml"];

/// How much of a file of another kind is looked at.
pub(super) const BEGINNING: usize = 4096;

/// What a manifest says of itself, without blanks and quotes.
const SAYS: &str = "apiVersion:dialplane/";

/// Files that show manifests as examples, and are none.
const PROSE: [&str; 7] = ["md", "markdown", "rst", "adoc", "html", "rs", "py"];

/// What git keeps in a folder that it works in.
pub(super) const REPOSITORY: &str = ".git";

/// Folders that file systems keep at their root.
const OF_FILE_SYSTEMS: [&str; 3] = ["lost+found", "System Volume Information", "$RECYCLE.BIN"];

/// A file that looks like a manifest and is not read.
pub(super) struct Lookalike {
    /// Why it is not read.
    pub(super) reason: String,
    /// Whether the manifest that it may be a copy of is beside it.
    pub(super) is_copy: bool,
}

/// Whether a file or folder is passed over without a word: hidden ones, the locks that office
/// programs put beside an open file, and what file systems keep for themselves.
pub(super) fn is_passed_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || name.starts_with("~$") || OF_FILE_SYSTEMS.contains(&name.as_ref())
}

/// Whether a name is that of a manifest, in whatever case its ending is written.
pub(super) fn is_manifest(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

/// What a file that is not a manifest by its name looks like.
pub(super) fn find(path: &Path) -> Option<Lookalike> {
    let name = path.file_name()?.to_string_lossy();
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    by_name(&name, |beside| folder.join(beside).is_file())
        .or_else(|| by_content(&name, || beginning(path)))
}

/// What it looks like by its name. `is_there` tells whether a name is beside it.
pub(super) fn by_name(name: &str, is_there: impl Fn(&str) -> bool) -> Option<Lookalike> {
    let stem = stem(name)?;
    let ending = name.get(stem.len()..).unwrap_or_default();
    let reason = format!(
        "only what ends in `.yaml` or `.yml` is read, and this ends in `{}`",
        ending.escape_debug()
    );
    Some(Lookalike { reason, is_copy: is_beside(stem, is_there) })
}

/// What it looks like by how it begins; prose is not asked for that.
pub(super) fn by_content(
    name: &str,
    beginning: impl FnOnce() -> Option<Vec<u8>>,
) -> Option<Lookalike> {
    let extension = Path::new(name)
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if PROSE.contains(&extension.as_str())
        || !begins_like_a_manifest(&beginning()?, extension == "json")
    {
        return None;
    }
    let reason =
        "only what ends in `.yaml` or `.yml` is read, and this holds `apiVersion: dialplane`"
            .to_owned();
    Some(Lookalike { reason, is_copy: false })
}

/// What comes before `.yaml` in `office.yaml.bak`, with the case of the name.
fn stem(name: &str) -> Option<&str> {
    let folded = name.to_ascii_lowercase();
    let at = |ending: &&str| {
        let at = folded.rfind(*ending).filter(|at| *at > 0)?;
        // `notes.yamlish` is a word of its own.
        let behind = folded.get(at + ending.len()..)?.chars().next();
        behind.is_none_or(|c| !c.is_ascii_alphanumeric()).then_some(at)
    };
    name.get(..ENDINGS.iter().find_map(at)?)
}

/// Whether the manifest that an editor or a person made a copy of is there: `office.yaml` beside
/// `office.yaml~` and `#office.yaml#`.
fn is_beside(stem: &str, is_there: impl Fn(&str) -> bool) -> bool {
    let stems = [stem, stem.trim_start_matches('#')];
    let mut names =
        stems.iter().flat_map(|stem| ENDINGS.iter().map(move |ending| format!("{stem}{ending}")));
    names.any(|name| is_there(&name))
}

/// How a regular file begins.
fn beginning(path: &Path) -> Option<Vec<u8>> {
    if !path.is_file() {
        return None;
    }
    let mut beginning = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BEGINNING as u64).read_to_end(&mut beginning))
        .ok()?;
    Some(beginning)
}

/// Whether a line of the beginning says that this is a manifest, in YAML or in JSON.
fn begins_like_a_manifest(beginning: &[u8], is_json: bool) -> bool {
    let text = String::from_utf8_lossy(beginning.get(..BEGINNING).unwrap_or(beginning));
    let says = |line: &str| {
        let line: String = line
            .chars()
            .filter(|c| !matches!(c, ' ' | '\t' | '"' | '\'' | '\u{feff}' | '{'))
            .collect();
        line.find(SAYS).is_some_and(|at| at == 0 || is_json)
    };
    text.lines().any(says)
}
