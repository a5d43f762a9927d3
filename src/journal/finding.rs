//! What a look at a store found, for people.

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// It is as it has to be.
    Pass,
    /// It works, and something is to be known.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// What was found.
    pub text: String,
    /// What to do about it; empty if it is good.
    pub hint: String,
}

impl Finding {
    pub(super) fn pass(text: impl Into<String>) -> Self {
        Self { grade: Grade::Pass, text: text.into(), hint: String::new() }
    }

    pub(super) fn warn(text: impl Into<String>, hint: &str) -> Self {
        Self { grade: Grade::Warn, text: text.into(), hint: hint.to_owned() }
    }

    pub(super) fn fail(text: impl Into<String>, hint: &str) -> Self {
        Self { grade: Grade::Fail, text: text.into(), hint: hint.to_owned() }
    }
}
