//! Lists that have lost many users since the last whole one: a service that cuts a list and its
//! count alike, or says nothing of counts, is noticed by this only.

use crate::{
    model::{CountedList, Coverage, DesiredTenant, LiveTenant, Memory},
    words::time,
};

/// Why a list that looks whole is doubted all the same, if it is.
pub(super) fn doubt(desired: &DesiredTenant, live: &LiveTenant, memory: &Memory) -> Option<String> {
    let before = last(desired, memory).filter(|_| live.coverage == Coverage::Complete)?;
    let now = live.users.len();
    let allowed = desired.shrink_limit.allows(before.users);
    (before.users.saturating_sub(now) > allowed).then(|| {
        format!(
            "{now} users are listed, {} were on {}, and at most {allowed} may be gone at once (if \
                this is right, raise `limits.shrink` for one run)",
            before.users,
            time(before.at)
        )
    })
}

/// The count of a list that is believed, if it is news for the journal.
pub(super) fn news(desired: &DesiredTenant, live: &LiveTenant, memory: &Memory) -> Option<usize> {
    let known = last(desired, memory).map(|before| before.users);
    Some(live.users.len()).filter(|now| live.coverage == Coverage::Complete && known != Some(*now))
}

/// What is known of the same reader's list: another one shows other people.
fn last(desired: &DesiredTenant, memory: &Memory) -> Option<CountedList> {
    memory.counted.filter(|counted| counted.by == desired.live)
}
