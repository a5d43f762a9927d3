//! Where a manifest is kept, for people who edit it: the repository, and its path there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    revision::{folder_of, git},
    sources::{SourceLocation, Sources},
};

/// What a patch of a manifest is applied in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// The checkout with this folder at its top.
    Checkout(PathBuf),
    /// A folder that is in no repository.
    Folder(PathBuf),
    /// A checkout of this branch, wherever somebody has one.
    Branch {
        /// The address of the repository.
        address: String,
        /// The branch.
        branch: String,
    },
}

/// A manifest at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtHome {
    /// Where.
    pub home: Home,
    /// Its path there.
    pub path: String,
    /// What the settings call its source, if they name several.
    pub source: Option<String>,
}

/// Finds homes. Git is asked once for each folder.
#[derive(Debug)]
pub struct Homes<'s> {
    sources: &'s Sources,
    tops: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl<'s> Homes<'s> {
    /// Of the files of these sources.
    #[must_use]
    pub fn of(sources: &'s Sources) -> Self {
        Self { sources, tops: BTreeMap::new() }
    }

    /// Where a file is kept that this source, by its place among them, was read from.
    pub fn find(&mut self, source: usize, path: &str) -> Option<AtHome> {
        let source = self.sources.0.get(source)?;
        let name = source.name.clone();
        match &source.place {
            SourceLocation::Git { address, branch_name, .. } => {
                // The name goes before the path where there are several.
                let named = name.as_ref().map(|name| format!("{name}:"));
                let path = named.and_then(|named| path.strip_prefix(&named)).unwrap_or(path);
                let home = Home::Branch { address: address.clone(), branch: branch_name.clone() };
                Some(AtHome { home, path: path.trim_start_matches('/').to_owned(), source: name })
            }
            SourceLocation::Folders(roots) => {
                let (home, path) = self.here(roots, Path::new(path))?;
                Some(AtHome { home, path, source: name })
            }
        }
    }

    /// The same of a file on this machine.
    fn here(&mut self, roots: &[PathBuf], path: &Path) -> Option<(Home, String)> {
        // Git patches no file through a link.
        let real = fs::canonicalize(path).ok()?;
        let inside = |folder: &Path| {
            let inside = real.strip_prefix(folder).ok()?;
            inside.to_str().filter(|inside| !inside.is_empty()).map(str::to_owned)
        };
        let folder = real.parent()?;
        let top = self.tops.entry(folder.to_owned()).or_insert_with(|| top(folder));
        if let Some(top) = top {
            let inside = inside(top)?;
            return Some((Home::Checkout(top.clone()), inside));
        }
        // People in the folder above need not go anywhere.
        let here = fs::canonicalize(".").ok();
        let roots = roots.iter().filter_map(|root| fs::canonicalize(folder_of(root)).ok());
        let mut folders = here.into_iter().chain(roots).chain([folder.to_owned()]);
        folders.find_map(|folder| Some((Home::Folder(folder.clone()), inside(&folder)?)))
    }
}

/// The top of the checkout that a folder is in.
fn top(folder: &Path) -> Option<PathBuf> {
    let top = git(folder, &["rev-parse", "--show-toplevel"])?;
    fs::canonicalize(top.trim_end_matches('\n')).ok()
}
