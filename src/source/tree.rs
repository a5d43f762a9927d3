//! Reads the files with manifests below the named paths.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::{known::KnownFiles, lookalike};
use crate::{
    manifest::{ManifestFile, ManifestText, Role, TenantScope},
    words,
};

/// Files of one tree, at most; beyond that somebody has named the wrong folder.
pub(super) const MAX_FILES: usize = 50_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The files, by path.
    pub files: Vec<ManifestFile>,
    /// A hash over names and contents: equal trees say the same.
    pub digest: [u8; 32],
}

impl Tree {
    /// These files, by their paths.
    pub(super) fn of(files: BTreeMap<String, ManifestFile>) -> Self {
        let digest = digest(&files);
        Self { files: files.into_values().collect(), digest }
    }

    /// The same without the texts.
    pub(super) fn let_go(&self) -> Self {
        Self { files: self.files.iter().map(ManifestFile::let_go).collect(), digest: self.digest }
    }

    /// A hash over the contents alone: machines may keep the same files in different places.
    #[must_use]
    pub fn contents(&self) -> [u8; 32] {
        let hash = |file: &ManifestFile| match &file.text {
            Ok(text) => text.hash(),
            Err(error) => Sha256::digest(error.as_bytes()).into(),
        };
        let mut all: Vec<[u8; 32]> = self.files.iter().map(hash).collect();
        all.sort_unstable();
        Sha256::digest(all.concat()).into()
    }
}

/// A tree while it is read.
struct TreeReader<'k, 'e> {
    files: BTreeMap<String, ManifestFile>,
    known: &'k mut KnownFiles,
    /// Who takes each file as it is read; then nothing is kept of its text.
    each: Option<&'e mut TakeFile<'e>>,
}

/// Takes a file.
type TakeFile<'e> = dyn FnMut(&ManifestFile) + 'e;

/// Reads all `.yaml` and `.yml` files at `roots`, which are files or folders. Hidden files and
/// folders are passed over, whatever they are: editors and version control keep theirs there. What
/// only looks like a manifest is named, and not read.
#[must_use]
pub fn read_tree(roots: &[PathBuf]) -> Tree {
    read_tree_again(roots, &mut KnownFiles::default())
}

/// The same, with less work for files that are known.
pub fn read_tree_again(roots: &[PathBuf], known: &mut KnownFiles) -> Tree {
    read(roots, known, None)
}

/// The same, and each file is handed on as soon as it is read: nothing is kept of its text. A file
/// that is named twice is handed on twice.
pub fn read_tree_by(roots: &[PathBuf], mut each: impl FnMut(&ManifestFile)) -> Tree {
    read(roots, &mut KnownFiles::of_nothing(), Some(&mut each))
}

/// The text of one file of a tree, if it can be read.
#[must_use]
pub fn read_again(path: &str) -> Option<Arc<str>> {
    KnownFiles::of_nothing().read(Path::new(path)).ok()?.at_hand().cloned()
}

fn read<'e>(roots: &[PathBuf], known: &mut KnownFiles, each: Option<&'e mut TakeFile<'e>>) -> Tree {
    known.begin();
    let mut reading = TreeReader { files: BTreeMap::new(), known, each };
    for root in roots {
        match fs::metadata(root) {
            Err(error) => reading.add(root, Err(words::system(error))),
            Ok(metadata) if !metadata.is_dir() => reading.read(root),
            Ok(_) => match fs::canonicalize(root) {
                Ok(inside) => reading.below(root, &inside),
                Err(error) => reading.add(root, Err(words::system(error))),
            },
        }
    }
    let TreeReader { files, known, .. } = reading;
    known.end();
    Tree::of(files)
}

/// A path as text. What is not UTF-8 in it is shown byte by byte: two files must not get one name,
/// because one of them would count as absent.
pub(super) fn name_of(path: &[u8]) -> String {
    let mut name = String::new();
    for chunk in path.utf8_chunks() {
        name.push_str(chunk.valid());
        name.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    name
}

fn digest(files: &BTreeMap<String, ManifestFile>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (path, file) in files {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update(if file.text.is_ok() { b"+" } else { b"-" });
        hash.update(match &file.text {
            Ok(text) => text.hash(),
            Err(reason) => Sha256::digest(reason.as_bytes()).into(),
        });
    }
    hash.finalize().into()
}

impl TreeReader<'_, '_> {
    fn add(&mut self, path: &Path, text: Result<ManifestText, String>) {
        self.insert(path, text, Role::Manifest);
    }

    fn insert(&mut self, path: &Path, text: Result<ManifestText, String>, role: Role) {
        let name = name_of(path.as_os_str().as_encoded_bytes());
        let mut file =
            ManifestFile { path: name.as_str().into(), text, role, scope: TenantScope::default() };
        if let Some(each) = &mut self.each {
            each(&file);
            file = file.let_go();
        }
        self.files.insert(name, file);
    }

    fn read(&mut self, path: &Path) {
        let text = self.known.read(path);
        self.add(path, text);
    }

    fn below(&mut self, root: &Path, inside: &Path) {
        let before = self.files.len();
        let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| {
            entry.depth() == 0 || !lookalike::is_passed_over(entry.file_name())
        }) {
            if self.files.len() - before >= MAX_FILES {
                let reason = format!(
                    "there are more than {MAX_FILES} manifests below this folder; name the right \
                        one"
                );
                return self.add(root, Err(reason));
            }
            match entry {
                Err(error) => self.refused(root, &error),
                Ok(entry) if entry.file_type().is_dir() => self.folder(entry.path()),
                Ok(entry) if lookalike::is_manifest(entry.file_name()) => {
                    self.read_inside(inside, &entry);
                }
                Ok(entry) => self.aside(&entry),
            }
        }
    }

    /// What cannot be walked into or looked at. A folder behind it may hold manifests, unless it is
    /// hidden.
    fn refused(&mut self, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root);
        let inside = path.strip_prefix(root).unwrap_or(Path::new(""));
        if inside.iter().any(lookalike::is_passed_over) {
            return;
        }
        let reason = error.io_error().map_or_else(|| error.to_string(), words::system);
        self.add(path, Err(reason));
    }

    /// Notes a folder with nothing in it. Git makes none: a volume that is not mounted, a submodule
    /// that is not checked out or a mount of a file that is not there looks so.
    fn folder(&mut self, path: &Path) {
        let is_kept = |entry: io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.file_name() != lookalike::REPOSITORY)
        };
        if fs::read_dir(path).is_ok_and(|mut entries| !entries.any(is_kept)) {
            self.insert(path, Err("it is empty".to_owned()), Role::Hollow);
        }
    }

    /// Notes a file that looks like a manifest and is not read.
    fn aside(&mut self, entry: &DirEntry) {
        let Some(found) = lookalike::find(entry.path()) else { return };
        let role = if found.is_copy { Role::Copy } else { Role::Aside };
        self.insert(entry.path(), Err(found.reason), role);
    }

    /// Volumes of Kubernetes and git-sync swap symlinks inside the folder; one that leads out of it
    /// is refused.
    fn read_inside(&mut self, inside: &Path, entry: &DirEntry) {
        match fs::canonicalize(entry.path()) {
            Ok(real) if real.starts_with(inside) => self.read(entry.path()),
            Ok(_) => {
                self.add(entry.path(), Err("it is a symbolic link out of the folder".to_owned()));
            }
            Err(error) => self.add(entry.path(), Err(words::system(error))),
        }
    }
}
