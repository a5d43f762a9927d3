//! Something that is wrong with a row of the endpoint table.

/// Something that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The keys below it that lead to what is wrong.
    pub at: Vec<String>,
    /// What is wrong.
    pub what: String,
}

impl RowProblem {
    /// A problem of the row that is being looked at.
    pub(super) fn at(at: &[&str], what: impl Into<String>) -> Self {
        Self { at: at.iter().map(|key| (*key).to_owned()).collect(), what: what.into() }
    }
}
