//! Keys that a document must have.

use crate::yaml::{At, Path, Segment, Wrong, WrongKind, missing};

/// Reports keys that are not there, unless they are there and wrong.
pub(super) struct Needed<'n> {
    pub(super) at: &'n Path,
    pub(super) wrongs: &'n mut Vec<Wrong>,
}

impl Needed<'_> {
    pub(super) fn key(&mut self, present: bool, section: &str, key: &str, hint: &str) {
        let path = [Segment::Key(section.to_owned()), Segment::Key(key.to_owned())];
        // A section that is wrong itself hides its keys; one that misses another key does not.
        let already = |wrong: &Wrong| {
            let section_misses = wrong.at == At::Key && wrong.path.segments.len() < path.len();
            let is_null = wrong.kind == WrongKind::Null;
            path.starts_with(&wrong.path.segments)
                && !wrong.path.segments.is_empty()
                && (!section_misses || is_null)
        };
        if !present && !self.wrongs.iter().any(already) {
            self.wrongs.push(missing(&self.at.key(section), key, hint));
        }
    }
}
