//! The numbers of steps, and lists by them.
//!
//! **Invariant:** a number comes from the list that it is used on. A list gives one out for each
//! thing that it takes, and never gets shorter, so a number always finds something.

use std::ops::{Deref, DerefMut};

/// The number of a step: where it is in its plan, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct StepId(pub(super) usize);

/// One thing for each step of a plan, such as the step or what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ByStep<T>(pub(super) Vec<T>);

impl<T> ByStep<T> {
    /// Adds one at the end.
    pub(super) fn push(&mut self, one: T) -> StepId {
        self.0.push(one);
        StepId(self.0.len() - 1)
    }

    /// The one of this number.
    #[must_use]
    pub fn at(&self, id: StepId) -> &T {
        &self.0[id.0]
    }

    /// The same, to be changed.
    #[must_use]
    pub fn at_mut(&mut self, id: StepId) -> &mut T {
        &mut self.0[id.0]
    }

    /// All of them with their numbers, in ascending order.
    #[must_use]
    pub fn numbered(&self) -> impl ExactSizeIterator<Item = (StepId, &T)> {
        self.0.iter().enumerate().map(|(number, one)| (StepId(number), one))
    }

    /// Something else for each of the same steps.
    #[must_use]
    pub fn map<U>(&self, other: impl FnMut(&T) -> U) -> ByStep<U> {
        ByStep(self.0.iter().map(other).collect())
    }
}

impl<T> Default for ByStep<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for ByStep<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for ByStep<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a ByStep<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut ByStep<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}
