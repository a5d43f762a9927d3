//! Which files of a commit are manifests: what [`read_tree`](crate::source::read_tree) says of a
//! folder, without one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::Path,
    sync::Arc,
};

use super::entries::{EntryKind, TreeEntry};
use crate::{
    file,
    manifest::{ManifestFile, ManifestText, Role, TenantScope},
    source::{Tree, lookalike, tree},
    yaml,
};

/// Files of another kind that are looked into, up to this length.
const MAX_OTHER: u64 = 64 * 1024;
/// How Git LFS begins what is in the place of a large file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The files below some roots, before they are read.
pub(super) struct TreeListing<'e> {
    files: BTreeMap<String, PathContent<'e>>,
    /// Whatever was listed.
    entries: &'e [TreeEntry],
}

/// What was found at a path.
enum PathContent<'e> {
    /// A manifest.
    Manifest(&'e TreeEntry),
    /// What must be a manifest by its name and cannot be read.
    Refused(String),
    /// What looks like one by its name.
    Aside(Role, String),
    /// What may look like one by its content, or lead to a folder with manifests.
    Other(&'e TreeEntry),
}

impl<'e> TreeListing<'e> {
    /// The files below these roots: each as it was named, and as git calls it.
    pub(super) fn of(entries: &'e [TreeEntry], roots: &[(&Path, &str)]) -> Self {
        let paths: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
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
                    files.insert(root.display().to_string(), PathContent::Refused(reason));
                    break;
                }
                let name = if below.is_empty() { root.to_path_buf() } else { root.join(below) };
                if let Some(found) = find(entry, below, &paths) {
                    files.insert(name.display().to_string(), found);
                }
            }
        }
        Self { files, entries }
    }

    /// Whether there is any manifest, readable or not.
    pub(super) fn has_manifests(&self) -> bool {
        let is_manifest = |found: &PathContent<'_>| {
            matches!(found, PathContent::Manifest(_) | PathContent::Refused(_))
        };
        self.files.values().any(is_manifest)
    }

    /// The entries whose contents are needed and not known, each once, in an order of their own.
    pub(super) fn wanted(&self, known: &KnownBlobs) -> Vec<&'e TreeEntry> {
        let mut seen = BTreeSet::new();
        let mut wanted = Vec::new();
        for found in self.files.values() {
            let entry = match found {
                PathContent::Manifest(entry) if !known.manifests.contains_key(&entry.id) => entry,
                PathContent::Other(entry) if !known.others.contains_key(&entry.id) => entry,
                _ => continue,
            };
            if seen.insert(&entry.id) {
                wanted.push(*entry);
            }
        }
        wanted
    }

    /// The whole, with the contents of what was wanted. From now on exactly these are known.
    pub(super) fn tree(&self, contents: &BTreeMap<&str, &[u8]>, known: &mut KnownBlobs) -> Tree {
        let of = |entry: &TreeEntry| contents.get(entry.id.as_str()).copied().unwrap_or_default();
        let former = std::mem::take(known);
        let mut files = BTreeMap::new();
        for (name, found) in &self.files {
            let (role, text) = match found {
                PathContent::Manifest(entry) => {
                    let former = former.manifests.get(&entry.id);
                    let read = || former.cloned().unwrap_or_else(|| text(of(entry)));
                    let text = known.manifests.entry(entry.id.clone()).or_insert_with(read);
                    known.names.insert(name.clone(), entry.id.clone());
                    (Role::Manifest, text.clone())
                }
                PathContent::Refused(reason) => (Role::Manifest, Err(reason.clone())),
                PathContent::Aside(role, reason) => (*role, Err(reason.clone())),
                PathContent::Other(entry) => {
                    let former = former.others.get(&entry.id);
                    let read = || former.cloned().unwrap_or_else(|| beginning(of(entry)));
                    let beginning = known.others.entry(entry.id.clone()).or_insert_with(read);
                    let odd = match entry.kind {
                        EntryKind::Link => self.leads_to_manifests(entry, beginning),
                        EntryKind::File | EntryKind::Submodule => {
                            let like =
                                lookalike::by_content(last(name), || Some(beginning.to_vec()));
                            like.map(|like| (Role::Aside, like.reason))
                        }
                    };
                    let Some((role, reason)) = odd else { continue };
                    (role, Err(reason))
                }
            };
            let path: Arc<str> = name.as_str().into();
            files.insert(
                name.clone(),
                ManifestFile { path, text, role, scope: TenantScope::default() },
            );
        }
        Tree::of(files)
    }

    /// What a link is if it leads, or may lead, to a folder with manifests: in a checkout those are
    /// read.
    fn leads_to_manifests(&self, link: &TreeEntry, target: &[u8]) -> Option<(Role, String)> {
        let target = leads_to(&link.path, &tree::name_of(target));
        let is_inside =
            |entry: &TreeEntry| below(&entry.path, &target).is_some_and(|it| !it.is_empty());
        if self.entries.iter().any(is_inside) {
            let reason = "it is a symbolic link to a folder, which is not followed in a commit";
            return Some((Role::Manifest, reason.to_owned()));
        }
        let is_file = self.entries.iter().any(|entry| entry.path == target)
            || Path::new(&target).extension().is_some();
        let reason = "it is a symbolic link, which is not followed in a commit, and may lead to a \
            folder with manifests";
        (!is_file).then(|| (Role::Aside, reason.to_owned()))
    }
}

/// Where a link leads to, as git calls it.
fn leads_to(link: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Contents that were read, by the names of their objects: they are not asked for again.
#[derive(Debug, Default)]
pub(in crate::source) struct KnownBlobs {
    manifests: BTreeMap<String, Result<ManifestText, String>>,
    /// The object of each manifest, by the name of the file.
    names: BTreeMap<String, String>,
    /// Of files of another kind only the beginning.
    others: BTreeMap<String, Arc<[u8]>>,
}

impl KnownBlobs {
    /// The texts go: whoever has read them has no need of them, and git still has them.
    pub(in crate::source) fn let_go(&mut self) {
        for text in self.manifests.values_mut().flatten() {
            *text = text.let_go();
        }
    }

    /// The object of the manifest with this name.
    pub(super) fn object(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }
}

fn beginning(content: &[u8]) -> Arc<[u8]> {
    content.get(..lookalike::BEGINNING).unwrap_or(content).into()
}

/// What is below a root: empty for the root itself.
fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    if root.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

fn find<'e>(entry: &'e TreeEntry, below: &str, paths: &BTreeSet<&str>) -> Option<PathContent<'e>> {
    if below.split('/').any(|part| lookalike::is_passed_over(OsStr::new(part))) {
        return None;
    }
    // A file that was named is read, whatever it is called.
    let named = below.is_empty();
    let name = last(&entry.path);
    let is_manifest = named || lookalike::is_manifest(OsStr::new(name));
    match entry.kind {
        EntryKind::Submodule => Some(PathContent::Refused(
            "it is another repository (a submodule), which is not read".to_owned(),
        )),
        EntryKind::Link if is_manifest => Some(PathContent::Refused(
            "it is a symbolic link, which is not followed in a commit".to_owned(),
        )),
        EntryKind::Link => (entry.size <= MAX_OTHER).then_some(PathContent::Other(entry)),
        EntryKind::File if is_manifest && entry.size > yaml::MAX_BYTES => {
            Some(PathContent::Refused(file::too_large(&entry.size.to_string(), yaml::MAX_BYTES)))
        }
        EntryKind::File if is_manifest => Some(PathContent::Manifest(entry)),
        EntryKind::File => {
            let folder = entry.path.strip_suffix(name).unwrap_or_default();
            let is_there = |beside: &str| paths.contains(format!("{folder}{beside}").as_str());
            match lookalike::by_name(name, is_there) {
                Some(like) => {
                    let role = if like.is_copy { Role::Copy } else { Role::Aside };
                    Some(PathContent::Aside(role, like.reason))
                }
                None => (entry.size <= MAX_OTHER).then_some(PathContent::Other(entry)),
            }
        }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What a manifest says, or why that is not known.
pub(super) fn text(content: &[u8]) -> Result<ManifestText, String> {
    if content.starts_with(POINTER) {
        return Err(
            "Git LFS keeps it elsewhere, and a commit has only a pointer to it: manifests \
            have to be in git itself"
                .to_owned(),
        );
    }
    file::text(content.to_vec()).map(Into::into)
}
