//! One file after reading: what it says, and what is wrong in it alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_yaml::Value;

use super::{
    entry::{FieldDefaults, UserEntry},
    schema::TenantSpec,
    scope::TenantScope,
};
use crate::{
    model::{
        Approval, PhoneNumber, Protect, TenantName,
        packed::{Packed, Packing},
    },
    yaml::{self, At, Mismatch, Path, Segment, TextPlace},
};

/// Problems of one file that are told, at most: a template that forgets a key makes one for each of
/// 100,000 users.
pub(super) const MAX_PROBLEMS: usize = 1000;

/// A file after reading.
#[derive(Debug)]
pub(super) struct FileRead {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    /// The text was let go, because nothing is wrong with it.
    pub(super) is_let_go: bool,
    pub(super) tenants: Vec<TenantDraft>,
    pub(super) sets: Vec<SetDraft>,
    pub(super) approvals: Vec<ApprovalDraft>,
    pub(super) problems: Vec<FileProblem>,
    /// Tenants of problems beyond those that are told.
    pub(super) more: BTreeSet<TenantName>,
    /// The line of each user: `lines[document][user]`.
    pub(super) lines: Vec<Vec<u32>>,
    /// Users of documents that were read plainly, for the reader of the rest of the document.
    pub(super) plain: BTreeMap<usize, PlainUsers>,
    pub(super) standing: FileContent,
    pub(super) scope: TenantScope,
}

/// The users of a document that was read plainly, and the line of each. Those behind more mistakes
/// than are told are left out.
#[derive(Debug, Default)]
pub(super) struct PlainUsers {
    pub(super) entries: Packing<UserEntry>,
    pub(super) lines: Vec<u32>,
    /// Users with mistakes, each with its place among the entries, where an empty one takes its
    /// place.
    pub(super) wrong: Vec<(usize, Value)>,
}

/// Whether a file says anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileContent {
    /// It does, or is to.
    Speaks,
    /// It holds nothing but blanks, comments and documents without a value.
    Blank,
    /// It is not read, for this reason, and may be what its name suggests.
    Aside { reason: String, is_copy: bool },
    /// It is a folder with nothing in it.
    Hollow,
}

/// A `Tenant` document.
#[derive(Debug)]
pub(super) struct TenantDraft {
    pub(super) at: Path,
    pub(super) name: TenantName,
    pub(super) spec: TenantSpec,
    pub(super) protect: Protect,
    /// The number and its place in the list.
    pub(super) parking: Vec<(usize, PhoneNumber)>,
}

/// A `UserSet` document.
#[derive(Debug)]
pub(super) struct SetDraft {
    pub(super) at: Path,
    pub(super) name: TenantName,
    pub(super) tenant: TenantName,
    pub(super) defaults: FieldDefaults,
    pub(super) users: Packed<UserEntry>,
}

/// Something wrong, and the users that it concerns.
#[derive(Debug)]
pub(super) struct FileProblem {
    pub(super) what: ProblemDetail,
    /// The tenants that it concerns; none if that is not known.
    pub(super) concerns: Vec<TenantName>,
    /// It is about an approval, which then opens nothing: no tenant is wrong because of it.
    pub(super) of_approval: bool,
}

impl FileProblem {
    /// A problem of these tenants.
    pub(super) fn of(what: ProblemDetail, concerns: Vec<TenantName>) -> Self {
        Self { what, concerns, of_approval: false }
    }

    /// A problem of an approval.
    pub(super) fn of_approval(what: ProblemDetail) -> Self {
        Self { what, concerns: Vec::new(), of_approval: true }
    }
}

/// Where a problem is.
#[derive(Debug)]
pub(super) enum ProblemDetail {
    /// At a path, with other places in this or other files (by the file's number).
    Wrong { wrong: Mismatch, others: Vec<(usize, Mismatch)> },
    /// At a place that is known already, with another one.
    Placed {
        message: String,
        hint: Option<String>,
        place: Option<TextPlace>,
        other: Option<(TextPlace, String)>,
    },
}

/// An `Approval` document that is right in itself.
#[derive(Debug)]
pub(super) struct ApprovalDraft {
    pub(super) at: Path,
    pub(super) tenant: TenantName,
    pub(super) approval: Approval,
}

impl FileRead {
    /// Lets the text go if nothing has to be shown of it. Whether it did.
    pub(super) fn let_go(&mut self) -> bool {
        self.is_let_go = self.problems.is_empty() && self.standing == FileContent::Speaks;
        if self.is_let_go {
            self.text = Arc::default();
        }
        self.is_let_go
    }

    pub(super) fn wrongs(&mut self, wrongs: Vec<Mismatch>, tenant: Option<&TenantName>) {
        for wrong in wrongs {
            self.wrong(wrong, tenant);
        }
    }

    pub(super) fn wrong(&mut self, wrong: Mismatch, tenant: Option<&TenantName>) {
        let enough = self.problems.len() >= MAX_PROBLEMS;
        match tenant {
            Some(tenant) if enough => drop(self.more.insert(tenant.clone())),
            None if enough && self.is_unclear() => {}
            tenant => self.problems.push(FileProblem::of(
                ProblemDetail::at(wrong),
                tenant.cloned().into_iter().collect(),
            )),
        }
    }

    /// Says that not all problems are told, if so.
    pub(super) fn tell_more(&mut self) {
        if self.problems.len() < MAX_PROBLEMS {
            return;
        }
        let message =
            format!("this file has {MAX_PROBLEMS} errors or more; only the first are shown");
        let concerns = self.more.iter().cloned().collect();
        self.problems.push(self.not_told(message, concerns));
    }

    /// Says at the beginning of the file that some problems, of these tenants, are not told.
    pub(super) fn not_told(&self, message: String, concerns: Vec<TenantName>) -> FileProblem {
        let what = ProblemDetail::Placed {
            message,
            hint: None,
            place: Some(yaml::place_of(&self.text, 1, 1)),
            other: None,
        };
        // Whom they concern is known: they make nothing unclear.
        FileProblem { of_approval: true, ..FileProblem::of(what, concerns) }
    }

    /// Whether part of this file could not be attributed to any tenant.
    pub(super) fn is_unclear(&self) -> bool {
        self.problems.iter().any(|problem| problem.concerns.is_empty() && !problem.of_approval)
    }

    /// The tenants that the file speaks of.
    pub(super) fn speaks_of(&self) -> BTreeSet<TenantName> {
        let of_problems = self.problems.iter().flat_map(|problem| problem.concerns.iter());
        let of_tenants = self.tenants.iter().map(|tenant| &tenant.name);
        of_tenants
            .chain(self.sets.iter().map(|set| &set.tenant))
            .chain(of_problems)
            .cloned()
            .collect()
    }
}

impl ProblemDetail {
    /// A problem at a path.
    pub(super) fn at(wrong: Mismatch) -> Self {
        Self::Wrong { wrong, others: Vec::new() }
    }

    /// Whether it is at the value of this key.
    pub(super) fn is_at(&self, key: &str) -> bool {
        let Self::Wrong { wrong, .. } = self else { return false };
        wrong.path.segments.last() == Some(&Segment::Key(key.to_owned()))
    }

    /// The other files that it speaks of.
    pub(super) fn other_files(&self) -> impl Iterator<Item = usize> + '_ {
        let others = match self {
            Self::Wrong { others, .. } => others.as_slice(),
            Self::Placed { .. } => &[],
        };
        others.iter().map(|(file, _)| *file)
    }

    /// The same, with the place in file `file` that it collides with.
    pub(super) fn and(self, file: usize, path: Path, at: At, label: impl Into<String>) -> Self {
        match self {
            Self::Wrong { wrong, mut others } => {
                others.push((file, Mismatch { at, ..Mismatch::value(path, label) }));
                Self::Wrong { wrong, others }
            }
            placed @ Self::Placed { .. } => placed,
        }
    }
}
