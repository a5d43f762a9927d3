//! One look at the manifests: files, and what git says of them. Blocks; the loop does it beside
//! itself.

use std::path::PathBuf;

use tracing::warn;

use crate::{
    manifest::{self, InForce, Loaded},
    model::Revision,
    source::{Tree, read_tree, revision, said_by_commit},
};

/// What was seen.
pub(super) struct Looked {
    pub(super) tree: Tree,
    pub(super) revision: Option<Revision>,
    /// The commit that says exactly this, from before the files were read until after.
    pub(super) said: Option<String>,
}

/// Manifests that were seen twice, understood as far as possible.
pub(super) struct Understood {
    pub(super) files: usize,
    pub(super) loaded: Loaded,
    pub(super) revision: Option<Revision>,
    pub(super) said: Option<String>,
}

/// The last commit that said everything in force.
#[derive(Debug, Default)]
pub(super) struct Said(Option<String>);

impl Said {
    /// Whether a commit says what lies there, and not the one that said it before.
    pub(super) fn is_news(&mut self, said: Option<String>) -> bool {
        let is_news = said.is_some() && said != self.0;
        self.0 = said.or_else(|| self.0.take());
        is_news
    }
}

/// Logs which tenants are not in force as their manifests are now.
pub(super) fn warn_of(in_force: &InForce) {
    for (tenant, reason) in &in_force.kept {
        warn!(%tenant, %reason, "an older version stays in force");
    }
    for (tenant, reason) in &in_force.broken {
        warn!(%tenant, %reason, "held");
    }
}

/// Looks.
pub(super) fn look(roots: &[PathBuf]) -> Looked {
    let before = said_by_commit(roots);
    let tree = read_tree(roots);
    let said = said_by_commit(roots).filter(|commit| before.as_ref() == Some(commit));
    Looked { tree, revision: revision(roots), said }
}

/// Reads what was seen; of many files that takes a while.
pub(super) fn understand(looked: Looked) -> Understood {
    let Looked { tree, revision, said } = looked;
    Understood { files: tree.files.len(), loaded: manifest::load(&tree.files), revision, said }
}
