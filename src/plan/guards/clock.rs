//! Dates that have come by the clock of this machine alone: one that is wrong would take calling from
//! people before their time. For the same reason a suspension or a closed window that has ended by
//! this clock alone still counts, and so does the end of an approval that has come by one of the two.

use super::context::Context;
use crate::{
    plan::{Cause, Grounds, Step},
    words::{about, time},
};

/// A date has not come by the clock of the service, which is far behind this machine's.
pub(super) fn ahead(context: &Context<'_>, step: &Step) -> Vec<Grounds> {
    let Cause::Dated(since) = step.cause else { return Vec::new() };
    let Some(there) = context.there().filter(|there| since > *there) else { return Vec::new() };
    let apart = context.moment.now.duration_since(there).unsigned_abs();
    let reason = format!(
        "it is {} by the clock of this machine, and {} by the service's, {} apart: `until` has come \
            by one of them",
        time(context.moment.now),
        time(there),
        about(apart)
    );
    vec![Grounds::new(reason, "set the clock of this machine right (NTP), and look again")]
}
