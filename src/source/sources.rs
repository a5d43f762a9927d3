//! All places that manifests come from, looked at as one.
//!
//! A folder is believed when two looks agree; a commit is whole by construction, and one look is
//! enough.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use super::{
    Tree,
    commit::half_checked_out,
    git::{Branch, GitTrouble, SourceReport},
    part::{self, SourceMemory, SourceObservation, together},
    read_again, read_tree_by,
};
use crate::{
    config::{GitSource, ManifestSource, Settings},
    manifest::{ManifestFile, TenantScope},
    model::Revision,
    yaml::Diagnostic,
};

/// All places that manifests come from.
#[derive(Debug, Clone)]
pub struct Sources(pub(super) Arc<[SourceHandle]>);

#[derive(Debug)]
pub(super) struct SourceHandle {
    scope: TenantScope,
    /// What the settings call it, if they name several.
    pub(super) name: Option<String>,
    pub(super) place: SourceLocation,
}

#[derive(Debug)]
pub(super) enum SourceLocation {
    Folders(Vec<PathBuf>),
    Git { branch: Arc<Branch>, prefix: String, address: String, branch_name: String },
}

/// That somebody wants servers to be asked now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchWish(Vec<u64>);

/// What is kept from one look to the next: only what has changed is read.
#[derive(Debug, Default)]
pub struct KnownSources(Vec<SourceMemory>);

/// One look at all sources.
#[derive(Debug)]
pub struct SourcesLook {
    /// What they say together.
    pub tree: Tree,
    /// The same of the folders alone: what is there may still be written.
    pub folders: Option<[u8; 32]>,
    /// The last commits without mistakes, where mistakes may have come after them. Only at the first
    /// look.
    pub earlier: Option<Tree>,
    /// The version of each source.
    pub versions: Vec<SourceVersion>,
}

/// What is at one source.
#[derive(Debug, Clone, Default)]
pub struct SourceVersion {
    /// The tenants that it may speak of.
    pub scope: TenantScope,
    /// How many of the files are its own; they follow those of the sources before it.
    pub files: usize,
    /// Which version it is, where that is known.
    pub revision: Option<Revision>,
    /// The commit that says exactly this.
    pub said: Option<String>,
}

impl Sources {
    /// Files and folders.
    #[must_use]
    pub fn folders(paths: &[PathBuf]) -> Self {
        let place = SourceLocation::Folders(paths.to_vec());
        Self([SourceHandle { scope: TenantScope::default(), name: None, place }].into())
    }

    /// Those that the settings name. Sources that may speak of all go first: what is said twice is a
    /// mistake of the later one.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let state = &settings.state.path;
        if let Some(git) = &settings.git {
            let branch = SourceLocation::branch(git.address(), git, git.inside(), state);
            return Self(
                [SourceHandle { scope: TenantScope::default(), name: None, place: branch }].into(),
            );
        }
        if settings.sources.is_empty() {
            return Self::folders(&settings.manifests);
        }
        let place = |name: &String, source: &ManifestSource| match &source.git {
            Some(git) => {
                SourceLocation::branch(name, git, &format!("{name}:{}", git.inside()), state)
            }
            None => SourceLocation::Folders(source.manifests.clone()),
        };
        let source = |(name, source): (&String, &ManifestSource)| SourceHandle {
            scope: source.limits().map(TenantScope::of).unwrap_or_default(),
            name: Some(name.clone()),
            place: place(name, source),
        };
        let mut sources: Vec<SourceHandle> = settings.sources.iter().map(source).collect();
        sources.sort_by_key(|source| source.scope.is_limited());
        Self(sources.into())
    }

    /// The files and folders among them.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let of = |source: &SourceHandle| match &source.place {
            SourceLocation::Folders(paths) => paths.clone(),
            SourceLocation::Git { .. } => Vec::new(),
        };
        self.0.iter().flat_map(of).collect()
    }

    /// The branches among them.
    pub(super) fn branches(&self) -> Vec<Arc<Branch>> {
        let of = |source: &SourceHandle| match &source.place {
            SourceLocation::Folders(_) => None,
            SourceLocation::Git { branch, .. } => Some(Arc::clone(branch)),
        };
        self.0.iter().filter_map(of).collect()
    }

    /// Fetches the newest commits. Fails if no source can come into force; one of several is left out,
    /// and holds its own tenants.
    pub fn fetch(&self) -> Result<(), GitTrouble> {
        self.leave_out(self.fetch_all())
    }

    fn leave_out(
        &self,
        taken: Vec<(Arc<Branch>, Result<(), GitTrouble>)>,
    ) -> Result<(), GitTrouble> {
        let is_any = taken.len() < self.0.len() || taken.iter().any(|(_, taken)| taken.is_ok());
        for (branch, taken) in taken {
            match taken {
                Err(trouble) if !is_any => return Err(trouble),
                Err(_) => branch.leave_out(),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// The same of each branch, whatever the others fail with.
    fn fetch_all(&self) -> Vec<(Arc<Branch>, Result<(), GitTrouble>)> {
        let branches = self.branches();
        let fetched: Vec<Result<(), GitTrouble>> = thread::scope(|scope| {
            let all: Vec<_> =
                branches.iter().map(|branch| scope.spawn(|| branch.fetch())).collect();
            let end = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err(GitTrouble::given_up()))
            };
            all.into_iter().map(end).collect()
        });
        branches.into_iter().zip(fetched).collect()
    }

    /// Asks all servers once: [`Sources::reports`] tells what they said.
    pub fn ask_all(&self) {
        drop(self.fetch_all());
    }

    /// Takes the commits that were fetched last. Where there is none, the server is asked if it may
    /// be. Fails as [`Sources::fetch`] does.
    pub fn take_kept(&self, may_ask: bool) -> Result<(), GitTrouble> {
        let take = |branch: Arc<Branch>| {
            let taken = branch.take_kept(may_ask);
            (branch, taken)
        };
        self.leave_out(self.branches().into_iter().map(take).collect())
    }

    /// Asks servers now that are followed, whatever the interval says.
    #[must_use = "callers that wait for that ask `were_asked`"]
    pub fn ask_now(&self) -> FetchWish {
        FetchWish(self.branches().iter().map(|branch| branch.ask_now()).collect())
    }

    /// Whether all servers were asked since.
    #[must_use]
    pub fn were_asked(&self, wish: &FetchWish) -> bool {
        self.branches().iter().zip(&wish.0).all(|(branch, wish)| branch.was_asked(*wish))
    }

    /// Nobody waits for a server any more.
    pub fn give_up(&self) {
        self.branches().iter().for_each(|branch| branch.end());
    }

    /// What is known of the branches.
    #[must_use]
    pub fn reports(&self) -> Vec<SourceReport> {
        self.branches().iter().map(|branch| branch.report()).collect()
    }

    /// Why the folders look as if git were still filling them, if they do.
    #[must_use]
    pub fn half_checked_out(&self) -> Option<String> {
        half_checked_out(&self.paths())
    }

    /// Looks at all of them; nothing if none could be read so far. What git says of folders is
    /// asked if they are quiet. `said` are the commits that last said all of them.
    pub fn look(
        &self,
        known: &mut KnownSources,
        said: &[Option<String>],
        is_quiet: bool,
    ) -> Option<SourcesLook> {
        known.0.resize_with(self.0.len(), SourceMemory::default);
        let each = self.0.iter().zip(&mut known.0).enumerate();
        let mut parts = Vec::with_capacity(self.0.len());
        for (number, (source, known)) in each {
            parts.push(match &source.place {
                SourceLocation::Folders(roots) => {
                    let before = said.get(number).cloned().flatten();
                    part::folders(roots, &mut known.files, before.as_ref(), is_quiet)
                }
                SourceLocation::Git { branch, .. } if known.commit.is_none() => {
                    let part = part::commit(branch, known);
                    SourceObservation { earlier: part::earlier(branch, known), ..part }
                }
                SourceLocation::Git { branch, .. } => part::commit(branch, known),
            });
        }
        self.together(parts)
    }

    /// The same for a caller that looks once: each file is handed on as soon as it is read, and nothing is
    /// kept of its text.
    pub fn look_by(
        &self,
        known: &mut KnownSources,
        mut each: impl FnMut(&ManifestFile),
    ) -> Option<SourcesLook> {
        known.0.resize_with(self.0.len(), SourceMemory::default);
        let mut parts = Vec::new();
        for (source, known) in self.0.iter().zip(&mut known.0) {
            let mut hand_on = |file: &ManifestFile| {
                if source.scope.is_limited() {
                    each(&ManifestFile { scope: source.scope.clone(), ..file.clone() });
                } else {
                    each(file);
                }
            };
            parts.push(match &source.place {
                SourceLocation::Folders(roots) => {
                    SourceObservation::of_folders(read_tree_by(roots, hand_on))
                }
                SourceLocation::Git { branch, .. } => {
                    let part = part::commit(branch, known);
                    part.tree.files.iter().for_each(&mut hand_on);
                    SourceObservation { tree: part.tree.let_go(), ..part }
                }
            });
        }
        self.together(parts)
    }

    /// The text of a file that was handed on, if it can be read.
    #[must_use]
    pub fn read_again(&self, known: &KnownSources, path: &str) -> Option<Arc<str>> {
        let of_commit = |(source, known): (&SourceHandle, &SourceMemory)| match &source.place {
            SourceLocation::Folders(_) => None,
            SourceLocation::Git { branch, .. } => branch.text(path, &known.blobs),
        };
        self.0.iter().zip(&known.0).find_map(of_commit).or_else(|| read_again(path))
    }

    /// The parts as one; nothing if none could be read so far.
    fn together(&self, mut parts: Vec<SourceObservation>) -> Option<SourcesLook> {
        if parts.iter().all(|part| part.is_pending) {
            return None;
        }
        parts.iter_mut().zip(self.0.iter()).for_each(|(part, source)| part.confine(&source.scope));
        let of_folders = parts.iter().filter(|part| part.is_folder).map(|part| &part.tree);
        let earlier = parts.iter().any(|part| part.earlier.is_some()).then(|| {
            together(parts.iter().map(|part| part.earlier.as_ref().unwrap_or(&part.tree)))
        });
        let tree = together(parts.iter().map(|part| &part.tree));
        let folders = parts.iter().any(|part| part.is_folder).then(|| together(of_folders).digest);
        let version = |(part, source): (SourceObservation, &SourceHandle)| SourceVersion {
            scope: source.scope.clone(),
            files: part.tree.files.len(),
            revision: part.revision,
            said: part.said,
        };
        let versions = parts.into_iter().zip(self.0.iter()).map(version).collect();
        Some(SourcesLook { tree, folders, earlier, versions })
    }

    /// Remembers which commits have no mistakes, now that they were understood.
    pub fn understood(&self, known: &KnownSources, mistakes: &[Diagnostic]) {
        for (source, known) in self.0.iter().zip(&known.0) {
            let SourceLocation::Git { branch, prefix, .. } = &source.place else { continue };
            let Some((head, _)) = &known.commit else { continue };
            let is_of = |mistake: &Diagnostic| mistake.file.starts_with(prefix.as_str());
            if !mistakes.iter().any(is_of) {
                branch.is_good(&head.commit);
            }
        }
    }
}

impl SourceLocation {
    fn branch(name: &str, git: &GitSource, prefix: &str, state: &Path) -> Self {
        let branch = Branch::new(name, git, Path::new(prefix), state);
        Self::Git {
            branch: Arc::new(branch),
            prefix: prefix.to_owned(),
            address: git.address().to_owned(),
            branch_name: git.branch.clone(),
        }
    }
}
