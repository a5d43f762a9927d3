//! One look at one source: a folder, or the commit of a branch.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::{
    KnownFiles, Tree,
    commit::said_by_commit,
    git::{Branch, GitTrouble, KnownBlobs, RemoteHead},
    read_tree_again,
    revision::revision,
};
use crate::{
    manifest::{ManifestFile, Role, TenantScope},
    model::Revision,
};

/// What is kept of a source from one look to the next.
#[derive(Debug, Default)]
pub(super) struct SourceMemory {
    pub(super) files: KnownFiles,
    pub(super) blobs: KnownBlobs,
    /// The commit in force, and what it says: its texts are at hand at the first look alone.
    pub(super) commit: Option<(RemoteHead, Tree)>,
    /// Why there is none, as it was first told: a server that is away says so in ever other words.
    pending: Option<GitTrouble>,
}

/// What was seen of one source.
pub(super) struct SourceObservation {
    pub(super) tree: Tree,
    pub(super) is_folder: bool,
    /// Nothing of it could be read so far.
    pub(super) is_pending: bool,
    /// The last commit without mistakes, if another one is in force.
    pub(super) earlier: Option<Tree>,
    pub(super) revision: Option<Revision>,
    /// The commit that says exactly this.
    pub(super) said: Option<String>,
}

impl SourceObservation {
    pub(super) fn of_folders(tree: Tree) -> Self {
        let earlier = None;
        let revision = None;
        let said = None;
        Self { tree, is_folder: true, is_pending: false, earlier, revision, said }
    }

    /// Notes in each file which tenants it may speak of.
    pub(super) fn confine(&mut self, scope: &TenantScope) {
        if scope.is_limited() {
            let trees = std::iter::once(&mut self.tree).chain(&mut self.earlier);
            let files = trees.flat_map(|tree| &mut tree.files);
            files.for_each(|file| file.scope = scope.clone());
        }
    }
}

/// Trees of several sources as one.
pub(super) fn together<'t>(trees: impl Iterator<Item = &'t Tree>) -> Tree {
    let trees: Vec<&Tree> = trees.collect();
    if let [tree] = trees[..] {
        return tree.clone();
    }
    let mut hash = Sha256::new();
    for tree in &trees {
        hash.update(tree.digest);
    }
    let files = trees.iter().flat_map(|tree| tree.files.iter().cloned()).collect();
    Tree { files, digest: hash.finalize().into() }
}

/// Looks at files and folders. `former` is the commit that said all of it last.
pub(super) fn folders(
    roots: &[PathBuf],
    files: &mut KnownFiles,
    former: Option<&String>,
    is_quiet: bool,
) -> SourceObservation {
    // Git is asked once it is quiet: what an early look sees is not in force by itself.
    let said = || is_quiet.then(|| said_by_commit(roots)).flatten();
    let before = said();
    if before.is_some() && before.as_ref() != former {
        // Lines that are missing will count at once: that does not rest on times of files.
        files.doubt();
    }
    let tree = read_tree_again(roots, files);
    let said = said().filter(|commit| before.as_ref() == Some(commit));
    let revision = is_quiet.then(|| revision(roots)).flatten();
    SourceObservation { revision, said, ..SourceObservation::of_folders(tree) }
}

/// Looks at a branch: what its commit in force says, or why there is none.
pub(super) fn commit(branch: &Branch, known: &mut SourceMemory) -> SourceObservation {
    match take(branch, known) {
        Ok((RemoteHead { commit, revision, .. }, tree)) => {
            let revision = Some(revision);
            let said = Some(commit.as_str().to_owned());
            SourceObservation {
                tree,
                is_folder: false,
                is_pending: false,
                earlier: None,
                revision,
                said,
            }
        }
        Err(trouble) => {
            let told = known.pending.take().filter(|told| !trouble.is_other(told));
            let reason = known.pending.insert(told.unwrap_or(trouble)).reason.clone();
            let path = branch.name().into();
            let role = Role::Manifest;
            let file =
                ManifestFile { path, text: Err(reason), role, scope: TenantScope::default() };
            let tree = Tree::of([(branch.name().to_owned(), file)].into());
            let earlier = None;
            let revision = None;
            let said = None;
            SourceObservation { tree, is_folder: false, is_pending: true, earlier, revision, said }
        }
    }
}

fn take(branch: &Branch, known: &mut SourceMemory) -> Result<(RemoteHead, Tree), GitTrouble> {
    let head = branch.head()?;
    let is_first = known.commit.is_none();
    if known.commit.as_ref().is_none_or(|(known, _)| known.commit != head.commit) {
        match branch.tree(&head.commit, &mut known.blobs) {
            Ok(tree) => {
                branch.was_read();
                known.blobs.let_go();
                known.commit = Some((head.clone(), tree.let_go()));
                return Ok((head, tree));
            }
            Err(trouble) => {
                // What was read last stays.
                let in_force = known.commit.as_ref().map(|(head, _)| &head.revision);
                branch.cannot_be_read(&trouble, in_force);
                if is_first {
                    return Err(trouble);
                }
            }
        }
    } else {
        // The branch may have gone back to what is in force.
        branch.was_read();
    }
    known.commit.clone().ok_or_else(GitTrouble::given_up)
}

/// The last commit without mistakes, if there is one and the newest is another.
pub(super) fn earlier(branch: &Branch, known: &SourceMemory) -> Option<Tree> {
    let (head, _) = known.commit.as_ref()?;
    let good = branch.good().filter(|good| *good != head.commit)?;
    branch.tree(&good, &mut KnownBlobs::default()).ok()
}
