//! One user: a value to an entry, and what is wrong with it alone.

use serde_yaml::Value;

use super::entry::UserEntry;
use crate::yaml::{self, At, Mismatch, Path, Segment, missing};

/// Reads the user at `at`. The entry has what is right.
pub(super) fn read(user: &Value, at: &Path) -> (UserEntry, Vec<Mismatch>) {
    let (entry, mut found) = yaml::decode_strictly::<UserEntry>(user, at);
    for wrong in found.iter_mut().filter(|wrong| wrong.path == *at && wrong.at == At::Value) {
        wrong.hint = Some(
            "a user is a mapping, such as `- userPrincipalName: adele@contoso.com`".to_owned(),
        );
    }
    let was_wrong = |key: &str| {
        found.iter().any(|wrong| wrong.path.segments.last() == Some(&Segment::Key(key.to_owned())))
    };
    let mut wrongs = Vec::new();
    if let Some(entry) = &entry {
        if entry.upn.is_none() && !was_wrong("userPrincipalName") {
            wrongs.push(missing(
                at,
                "userPrincipalName",
                "name the user, such as `userPrincipalName: adele@contoso.com`",
            ));
        }
        if entry.calling.is_none() && !was_wrong("calling") {
            wrongs.push(missing(at, "calling", "say `calling: enabled` or `calling: disabled`"));
        }
    }
    wrongs.extend(found);
    (entry.unwrap_or_default(), wrongs)
}
