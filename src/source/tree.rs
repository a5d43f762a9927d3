//! Reads the files with manifests below the named paths.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::lookalike;
use crate::{
    file,
    manifest::{ManifestFile, Role},
    yaml,
};

/// Files of one tree, at most; beyond that somebody has named the wrong folder.
const MAX_FILES: usize = 50_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The files, by path.
    pub files: Vec<ManifestFile>,
    /// A hash over names and contents: equal trees say the same.
    pub digest: [u8; 32],
}

/// Files by their path.
type Files = BTreeMap<String, ManifestFile>;

/// Reads all `.yaml` and `.yml` files at `roots`, which are files or folders. Hidden files and
/// folders are passed over, whatever they are: editors and version control keep theirs there. What
/// only looks like a manifest is named, and not read.
#[must_use]
pub fn read_tree(roots: &[PathBuf]) -> Tree {
    let mut files = Files::new();
    for root in roots {
        match fs::metadata(root) {
            Err(error) => add(&mut files, root, Err(error.to_string())),
            Ok(metadata) if !metadata.is_dir() => add(&mut files, root, read(root)),
            Ok(_) => match fs::canonicalize(root) {
                Ok(inside) => below(root, &inside, &mut files),
                Err(error) => add(&mut files, root, Err(error.to_string())),
            },
        }
    }
    let digest = digest(&files);
    Tree { files: files.into_values().collect(), digest }
}

fn digest(files: &Files) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (path, file) in files {
        let (tag, content) = match &file.text {
            Ok(text) => (b"+", text.as_bytes()),
            Err(reason) => (b"-", reason.as_bytes()),
        };
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update(tag);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    hash.finalize().into()
}

fn add(files: &mut Files, path: &Path, text: Result<String, String>) {
    let name = path.display().to_string();
    let file = ManifestFile {
        path: name.as_str().into(),
        text: text.map(Into::into),
        role: Role::Manifest,
    };
    files.insert(name, file);
}

fn below(root: &Path, inside: &Path, files: &mut Files) {
    let before = files.len();
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk
        .filter_entry(|entry| entry.depth() == 0 || !lookalike::is_passed_over(entry.file_name()))
    {
        if files.len() - before >= MAX_FILES {
            let reason = format!(
                "there are more than {MAX_FILES} manifests below this folder; name the right one"
            );
            return add(files, root, Err(reason));
        }
        match entry {
            Err(error) => refused(root, &error, files),
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if lookalike::is_manifest(entry.file_name()) => {
                add(files, entry.path(), read_inside(inside, &entry));
            }
            Ok(entry) => aside(&entry, files),
        }
    }
}

/// What cannot be walked into or looked at. A folder behind it may hold manifests, unless it is
/// hidden.
fn refused(root: &Path, error: &walkdir::Error, files: &mut Files) {
    let path = error.path().unwrap_or(root);
    let inside = path.strip_prefix(root).unwrap_or(Path::new(""));
    if inside.iter().any(lookalike::is_passed_over) {
        return;
    }
    add(files, path, Err(error.io_error().map_or_else(|| error.to_string(), io::Error::to_string)));
}

/// Notes a file that looks like a manifest and is not read.
fn aside(entry: &DirEntry, files: &mut Files) {
    let Some(found) = lookalike::find(entry.path()) else { return };
    let name = entry.path().display().to_string();
    let role = if found.is_copy { Role::Copy } else { Role::Aside };
    files.insert(name.clone(), ManifestFile { path: name.into(), text: Err(found.reason), role });
}

/// Volumes of Kubernetes and git-sync swap symlinks inside the folder; one that leads out of it is
/// refused.
fn read_inside(inside: &Path, entry: &DirEntry) -> Result<String, String> {
    match fs::canonicalize(entry.path()) {
        Ok(real) if real.starts_with(inside) => read(entry.path()),
        Ok(_) => Err("it is a symbolic link out of the folder".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    file::read_text(path, yaml::MAX_BYTES)
}
