//! Keys that a document must have.

use crate::yaml::{At, Mismatch, MismatchKind, Path, Segment, missing};

/// Reports keys that are not there, unless they are there and wrong.
pub(super) struct RequiredKeys<'n> {
    pub(super) at: &'n Path,
    pub(super) wrongs: &'n mut Vec<Mismatch>,
}

impl RequiredKeys<'_> {
    pub(super) fn key(&mut self, present: bool, section: &str, key: &str, hint: &str) {
        let path = [Segment::Key(section.to_owned()), Segment::Key(key.to_owned())];
        // A section that is wrong itself hides its keys; one that misses another key does not.
        let already = |wrong: &Mismatch| {
            let section_misses = wrong.at == At::Key && wrong.path.segments.len() < path.len();
            let is_null = wrong.kind == MismatchKind::Null;
            path.starts_with(&wrong.path.segments)
                && !wrong.path.segments.is_empty()
                && (!section_misses || is_null)
        };
        if !present && !self.wrongs.iter().any(already) {
            self.wrongs.push(missing(&self.at.key(section), key, hint));
        }
    }
}
