//! The codes of holds, problems, notes and failed calls, and what each means.
//!
//! ```text
//! HoldKind, ProblemCode, NoteCode, FaultKind --one text for each--> explain CODE, src/guide/codes.md
//! ```
//!
//! **Invariants:** each code is unique and has a text; a kind without one does not compile.

mod faults;
mod holds;
mod notes;
mod page;
mod problems;

pub use page::{capital, markdown};

use crate::{
    model::FaultKind,
    plan::{HoldKind, HoldRule, NoteCode, ProblemCode, guards},
};

/// What a code means.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What it is a code of.
    pub about: CodeSubject,
    /// The words.
    pub text: CodeText,
    /// What else is known of a hold.
    pub rule: Option<HoldRule>,
    /// The settings and keys of manifests that people turn its guard with.
    pub settings: &'static [&'static str],
}

/// The words for a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeText {
    /// What it means, as one clause.
    pub means: &'static str,
    /// How it comes about.
    pub arises: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// How it may read.
    pub example: &'static str,
}

/// What codes are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSubject {
    /// Why something may not run.
    Hold,
    /// What is wrong with a user.
    Problem,
    /// What was noticed.
    Note,
    /// A call that did not succeed.
    Fault,
}

impl CodeSubject {
    /// All of them, as they are listed.
    pub const ALL: &'static [Self] = &[Self::Hold, Self::Problem, Self::Note, Self::Fault];

    /// One of them, as a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Problem => "problem",
            Self::Note => "note",
            Self::Fault => "failed call",
        }
    }

    /// All of them, as a title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Hold => "Holds",
            Self::Problem => "Problems",
            Self::Note => "Notes",
            Self::Fault => "Failed calls",
        }
    }

    /// What they are.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Hold => "Why something may not run. Everything else goes on.",
            Self::Problem => "Users that not everything desired can be planned for.",
            Self::Note => "What is worth knowing and needs no step.",
            Self::Fault => "Why a call to a service did not succeed.",
        }
    }
}

/// Every code, by what it is of.
#[must_use]
pub fn all() -> Vec<Explanation> {
    let holds = HoldKind::ALL.iter().map(|kind| Explanation {
        code: kind.code(),
        about: CodeSubject::Hold,
        text: holds::text(*kind),
        rule: Some(kind.rule()),
        settings: guards::settings(*kind),
    });
    let problems = ProblemCode::ALL
        .iter()
        .map(|code| plain(code.code(), CodeSubject::Problem, problems::text(*code)));
    let notes =
        NoteCode::ALL.iter().map(|code| plain(code.code(), CodeSubject::Note, notes::text(*code)));
    let faults = FaultKind::ALL
        .iter()
        .map(|kind| plain(kind.code(), CodeSubject::Fault, faults::text(*kind)));
    holds.chain(problems).chain(notes).chain(faults).collect()
}

fn plain(code: &'static str, about: CodeSubject, text: CodeText) -> Explanation {
    Explanation { code, about, text, rule: None, settings: &[] }
}
