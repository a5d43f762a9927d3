//! Dates that have come by the clock of this machine alone: one that is wrong would take calling from
//! people before their time.

use super::context::Context;
use crate::{
    plan::{Cause, Grounds, Step},
    words::{about, time},
};

/// A date has not come by the clock of the service, which is far behind this machine's.
pub(super) fn ahead(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let Cause::Dated(since) = step.cause else { return Vec::new() };
    let there = context.live.beside.clock_ahead.and_then(|ahead| {
        let there = context.moment.now.checked_add(ahead).ok()?;
        Some((there, ahead.unsigned_abs()))
    });
    let not_there = there.filter(|(there, _)| since > *there);
    let grounds = not_there.map(|(there, apart)| {
        Grounds::new(
            format!(
                "it is {} by the clock of this machine, and {} by the service's, {} apart: `until` \
                    has come by one of them",
                time(context.moment.now),
                time(there),
                about(apart)
            ),
            "set the clock of this machine right (NTP), and look again",
        )
    });
    grounds.into_iter().collect()
}
