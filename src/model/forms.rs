//! A text that is shown as it was written and compared in a form of its own, in one piece of memory:
//! a fleet has very many of them, and hardly any has two forms.

use std::{num::NonZeroU32, slice::SliceIndex, sync::Arc};

/// A text in two forms.
#[derive(Clone)]
pub(super) struct Forms {
    /// The written form, and right behind it the compared one where that is another.
    text: Arc<str>,
    /// Where the compared form begins, if there are two.
    compared: Option<NonZeroU32>,
    /// A mark of its owner: here it takes no memory of its own.
    is_marked: bool,
}

impl Forms {
    /// A text that is compared as it was written.
    pub(super) fn same(text: Arc<str>) -> Self {
        Self { text, compared: None, is_marked: false }
    }

    /// A text that is compared in this form. One that was written as nothing, or is longer than any
    /// text of ours, has its compared form alone.
    pub(super) fn of(written: &str, compared: &str) -> Self {
        let begins = u32::try_from(written.len()).ok().and_then(NonZeroU32::new);
        match begins.filter(|_| written != compared) {
            None => Self::same(compared.into()),
            Some(_) => Self {
                text: [written, compared].concat().into(),
                compared: begins,
                is_marked: false,
            },
        }
    }

    /// The same, marked or not.
    pub(super) fn marked(self, is_marked: bool) -> Self {
        Self { is_marked, ..self }
    }

    /// Whether its owner has marked it.
    pub(super) fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// As it was written.
    pub(super) fn written(&self) -> &str {
        self.part(|begins| ..begins)
    }

    /// As it is compared.
    pub(super) fn compared(&self) -> &str {
        self.part(|begins| begins..)
    }

    fn part<R: SliceIndex<str, Output = str>>(&self, range: impl FnOnce(usize) -> R) -> &str {
        let begins = self.compared.and_then(|begins| usize::try_from(begins.get()).ok());
        begins.and_then(|begins| self.text.get(range(begins))).unwrap_or(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_kept() {
        for (written, compared) in
            [("Adele", "adele"), ("adele", "adele"), ("\u{130}", "i\u{307}"), ("1000", "+11000")]
        {
            let forms = Forms::of(written, compared);
            assert_eq!((forms.written(), forms.compared()), (written, compared));
        }
        let same = Forms::same("adele".into());
        assert_eq!((same.written(), same.compared()), ("adele", "adele"));
        assert_eq!(Forms::of("", "adele").written(), "adele");
    }
}
