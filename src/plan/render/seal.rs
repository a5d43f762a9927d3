//! The sum of what a plan or a review says, in its last key: what was damaged or edited since is not
//! what was planned.
//!
//! It keeps out damage, and nobody with bad intent: who can write the file can add up, too. What
//! is applied is planned anew in any case.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::words::hex;

/// The key of the sum.
const SUM: &str = "sum";

/// What is wrong with a plan or a review that was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealError {
    /// It has no sum.
    Bare,
    /// It says something else than was added up.
    Other,
}

/// Notes the sum of all that a plan or a review says.
#[must_use]
pub fn seal(mut said: Value) -> Value {
    let sum = sum(&said);
    if let Some(keys) = said.as_object_mut() {
        drop(keys.insert(SUM.to_owned(), sum.into()));
    }
    said
}

/// Whether it still says what was added up. Blanks and the order of keys do not count.
pub fn unbroken(saved: &Value) -> Result<(), SealError> {
    let noted = saved[SUM].as_str().ok_or(SealError::Bare)?;
    if sum(saved) == noted { Ok(()) } else { Err(SealError::Other) }
}

/// Over all but the sum itself.
fn sum(said: &Value) -> String {
    let mut sha = Sha256::new();
    // The keys of a `Value` are in order, and its text has no blanks.
    for (key, value) in said.as_object().into_iter().flatten().filter(|(key, _)| *key != SUM) {
        for part in [key.clone(), value.to_string()] {
            sha.update((part.len() as u64).to_le_bytes());
            sha.update(part);
        }
    }
    hex(&sha.finalize())
}
