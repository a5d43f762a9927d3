//! Which files of a commit are manifests: what [`read_tree`](crate::source::read_tree) says of a
//! folder, without one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::Path,
    sync::Arc,
};

use super::entries::{Entry, Kind};
use crate::{
    file,
    manifest::{ManifestFile, Role},
    source::{Tree, lookalike, tree},
    yaml,
};

/// Files of another kind that are looked into, up to this length.
const MAX_OTHER: u64 = 64 * 1024;
/// How Git LFS begins what is in the place of a large file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The files below some roots, before they are read.
pub(super) struct Listed<'e> {
    files: BTreeMap<String, Found<'e>>,
}

/// What was found at a path.
enum Found<'e> {
    /// A manifest.
    Manifest(&'e Entry),
    /// What must be a manifest by its name and cannot be read.
    Refused(String),
    /// What looks like one by its name.
    Aside(Role, String),
    /// What may look like one by its content.
    Other(&'e Entry),
}

impl<'e> Listed<'e> {
    /// The files below these roots: each as it was named, and as git calls it.
    pub(super) fn of(entries: &'e [Entry], roots: &[(&Path, &str)]) -> Self {
        let paths: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.kind == Kind::File)
            .map(|entry| entry.path.as_str())
            .collect();
        let mut files = BTreeMap::new();
        for (root, inside) in roots {
            let before = files.len();
            for entry in entries {
                let Some(below) = below(&entry.path, inside) else { continue };
                if files.len() - before >= tree::MAX_FILES {
                    let reason = format!(
                        "there are more than {} manifests below this folder; name the right one",
                        tree::MAX_FILES
                    );
                    files.insert(root.display().to_string(), Found::Refused(reason));
                    break;
                }
                let name = if below.is_empty() { root.to_path_buf() } else { root.join(below) };
                if let Some(found) = find(entry, below, &paths) {
                    files.insert(name.display().to_string(), found);
                }
            }
        }
        Self { files }
    }

    /// The entries whose contents are needed, each once, in an order of their own.
    pub(super) fn wanted(&self) -> Vec<&'e Entry> {
        let mut seen = BTreeSet::new();
        let mut wanted = Vec::new();
        for found in self.files.values() {
            if let Found::Manifest(entry) | Found::Other(entry) = found
                && seen.insert(&entry.id)
            {
                wanted.push(*entry);
            }
        }
        wanted
    }

    /// The whole, with the contents of what was wanted.
    pub(super) fn tree(&self, contents: &[&[u8]]) -> Tree {
        let ids = self.wanted();
        let contents: BTreeMap<&str, &[u8]> =
            ids.iter().map(|entry| entry.id.as_str()).zip(contents.iter().copied()).collect();
        let of = |entry: &Entry| contents.get(entry.id.as_str()).copied().unwrap_or_default();
        let mut files = BTreeMap::new();
        for (name, found) in &self.files {
            let (role, text) = match found {
                Found::Manifest(entry) => (Role::Manifest, text(of(entry))),
                Found::Refused(reason) => (Role::Manifest, Err(reason.clone())),
                Found::Aside(role, reason) => (*role, Err(reason.clone())),
                Found::Other(entry) => {
                    let like = lookalike::by_content(last(name), || Some(of(entry).to_vec()));
                    let Some(like) = like else { continue };
                    (Role::Aside, Err(like.reason))
                }
            };
            let path: Arc<str> = name.as_str().into();
            files.insert(name.clone(), ManifestFile { path, text: text.map(Into::into), role });
        }
        Tree::of(files)
    }
}

/// What is below a root: empty for the root itself.
fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    if root.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

fn find<'e>(entry: &'e Entry, below: &str, paths: &BTreeSet<&str>) -> Option<Found<'e>> {
    if below.split('/').any(|part| lookalike::is_passed_over(OsStr::new(part))) {
        return None;
    }
    // A file that was named is read, whatever it is called.
    let named = below.is_empty();
    let name = last(&entry.path);
    let is_manifest = named || lookalike::is_manifest(OsStr::new(name));
    match entry.kind {
        Kind::Submodule => Some(Found::Refused(
            "it is another repository (a submodule), which is not read".to_owned(),
        )),
        Kind::Link if is_manifest => Some(Found::Refused(
            "it is a symbolic link, which is not followed in a commit".to_owned(),
        )),
        Kind::Link => None,
        Kind::File if is_manifest && entry.size > yaml::MAX_BYTES => {
            Some(Found::Refused(file::too_large(&entry.size.to_string(), yaml::MAX_BYTES)))
        }
        Kind::File if is_manifest => Some(Found::Manifest(entry)),
        Kind::File => {
            let folder = entry.path.strip_suffix(name).unwrap_or_default();
            let is_there = |beside: &str| paths.contains(format!("{folder}{beside}").as_str());
            match lookalike::by_name(name, is_there) {
                Some(like) => {
                    let role = if like.is_copy { Role::Copy } else { Role::Aside };
                    Some(Found::Aside(role, like.reason))
                }
                None => (entry.size <= MAX_OTHER).then_some(Found::Other(entry)),
            }
        }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn text(content: &[u8]) -> Result<String, String> {
    if content.starts_with(POINTER) {
        return Err(
            "Git LFS keeps it elsewhere, and a commit has only a pointer to it: manifests \
            have to be in git itself"
                .to_owned(),
        );
    }
    file::text(content.to_vec())
}
