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
    let Some(ahead) = context.live.beside.clock_ahead else { return Vec::new() };
    let Ok(there) = context.moment.now.checked_add(ahead) else { return Vec::new() };
    if since <= there {
        return Vec::new();
    }
    let reason = format!(
        "it is {} by the clock of this machine, and {} by the service's, {} apart: `until` has come \
            by one of them",
        time(context.moment.now),
        time(there),
        about(ahead.unsigned_abs())
    );
    vec![Grounds::new(reason, "set the clock of this machine right (NTP), and look again")]
}
