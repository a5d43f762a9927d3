//! Who made a commit, when, and what for, as git tells it.

use jiff::Timestamp;

use crate::model::Revision;

/// The format in which git tells who made a commit, when, and its subject.
pub(in crate::source) const ABOUT: &str = "--format=%an <%ae>%x00%ct%x00%s";
/// The longest subject that is kept.
const SUBJECT: usize = 120;

/// A commit with what git tells of it by [`ABOUT`].
pub(in crate::source) fn described(commit: &str, about: &str) -> Revision {
    let mut parts = about.trim_end_matches('\n').splitn(3, '\0');
    let mut next = || parts.next().unwrap_or_default();
    let author = next();
    let seconds = next();
    let subject = next();
    let at = seconds.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    Revision {
        commit: commit.to_owned(),
        author: author.to_owned(),
        edited: false,
        at,
        subject: Some(subject.chars().take(SUBJECT).collect::<String>())
            .filter(|subject| !subject.is_empty()),
        signer: None,
    }
}
