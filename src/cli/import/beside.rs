//! The folder that an import writes to, and the manifests that are there already.
//!
//! **Invariant:** manifests are never overwritten, and never mixed with others: a tenant that is
//! described is left alone, and a new one gets a folder of its own.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    cli::{
        exit::Failure,
        manifests::{self, FoundManifests},
    },
    foreign::line,
    import::ExistingManifests,
    manifest::ManifestFile,
    model::Desired,
    source::Sources,
    source::read_tree,
    words::{first, many},
};

/// Files that a refusal names, at most.
const MAX_NAMED: usize = 5;

/// What is there.
#[derive(Default)]
pub(super) struct ExistingFiles {
    looked: Option<FoundManifests>,
    files: Vec<ManifestFile>,
    nothing: Desired,
    /// The names of files and folders, in lower case.
    names: BTreeSet<String>,
}

impl ExistingFiles {
    /// Reads what is there. Manifests with errors may describe anybody.
    pub(super) fn look(folder: &Path) -> Result<Self, Failure> {
        let looked = manifests::look_if_any(&Sources::folders(&[folder.to_owned()]))?;
        if let Some(looked) = looked.as_ref().filter(|looked| !looked.diagnostics.is_empty()) {
            let count = many(looked.diagnostics.len(), "error");
            return Err(Failure {
                diagnostics: looked.diagnostics.clone(),
                ..Failure::new(format!("{count} in the manifests of {}", folder.display()))
                    .hint("correct them first: which customers they describe is not certain")
            });
        }
        let names = names(folder)?.into_iter().map(|name| name.to_lowercase()).collect();
        // A look lets go of the texts.
        let files = match looked {
            Some(_) => read_tree(&[folder.to_owned()]).files,
            None => Vec::new(),
        };
        Ok(Self { looked, files, nothing: Desired::default(), names })
    }

    /// The tenants that are described.
    pub(super) fn desired(&self) -> &Desired {
        self.looked.as_ref().map_or(&self.nothing, |looked| &looked.in_force.desired)
    }

    pub(super) fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    pub(super) fn beside(&self) -> ExistingManifests<'_> {
        ExistingManifests { desired: Some(self.desired()), names: self.names.clone() }
    }
}

/// Fails if anything is in the folder.
pub(in crate::cli) fn check_empty(folder: &Path) -> Result<(), Failure> {
    let mut names = names(folder)?;
    if names.is_empty() {
        return Ok(());
    }
    names.sort();
    let held = first(MAX_NAMED, names.iter().map(line));
    Err(Failure::new(format!("{} is not empty: it holds {held}", folder.display())).hint(HINT))
}

const HINT: &str = "name a folder that is absent or empty: manifests are never overwritten";

/// What is in a folder; nothing if it is absent.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Failure::new(format!("{}: {error}", folder.display())).hint(HINT)),
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::new(format!("{}: {error}", folder.display()))),
    }
}
