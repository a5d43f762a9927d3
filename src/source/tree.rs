//! Reads the files with manifests below the named paths.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::{manifest::ManifestFile, yaml};

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

/// Reads all `.yaml` and `.yml` files at `roots`, which are files or folders. Hidden files and folders are passed over: editors
/// and version control keep theirs there.
#[must_use]
pub fn read_tree(roots: &[PathBuf]) -> Tree {
    let mut files: BTreeMap<String, Result<Arc<str>, String>> = BTreeMap::new();
    for root in roots {
        let refuse = |reason: String| (root.display().to_string(), Err(reason));
        match fs::metadata(root) {
            Err(error) => files.extend([refuse(error.to_string())]),
            Ok(metadata) if metadata.is_file() => files.extend([(root.display().to_string(), read(root))]),
            Ok(_) => match fs::canonicalize(root) {
                Ok(inside) => below(root, &inside, &mut files),
                Err(error) => files.extend([refuse(error.to_string())]),
            },
        }
    }
    let mut hash = Sha256::new();
    for (path, text) in &files {
        let (tag, content) = match text {
            Ok(text) => (b"+", text.as_bytes()),
            Err(reason) => (b"-", reason.as_bytes()),
        };
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update(tag);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    let files = files.into_iter().map(|(path, text)| ManifestFile { path: path.into(), text }).collect();
    Tree { files, digest: hash.finalize().into() }
}

fn below(root: &Path, inside: &Path, files: &mut BTreeMap<String, Result<Arc<str>, String>>) {
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let before = files.len();
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| !hidden(entry));
    for entry in walk {
        if files.len() - before >= MAX_FILES {
            let reason = format!("there are more than {MAX_FILES} manifests below this folder; name the right one");
            files.insert(root.display().to_string(), Err(reason));
            return;
        }
        match entry {
            Err(error) => {
                let path = error.path().unwrap_or(root).display().to_string();
                let reason = error.io_error().map_or_else(|| error.to_string(), io::Error::to_string);
                files.insert(path, Err(reason));
            }
            Ok(entry) if is_manifest(entry.path()) && !entry.file_type().is_dir() => {
                // ConfigMaps and git-sync swap symlinks inside the folder; one that leads out of it is refused.
                let text = match fs::canonicalize(entry.path()) {
                    Ok(real) if real.starts_with(inside) => read(entry.path()),
                    Ok(_) => Err("it is a symbolic link out of the folder".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                files.insert(entry.path().display().to_string(), text);
            }
            Ok(_) => {}
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path) -> Result<Arc<str>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    if metadata.len() > yaml::MAX_BYTES {
        return Err(format!("it has {} bytes; {} are possible: split it", metadata.len(), yaml::MAX_BYTES));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| {
        format!("it is not UTF-8: byte {} does not belong there; save it as UTF-8", error.utf8_error().valid_up_to() + 1)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
}
