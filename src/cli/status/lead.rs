//! Which of several services leads, as text.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    board::LeadRow,
    foreign::line,
    style::{FAINT, YELLOW},
    words::{since, time_in},
};

/// Nothing of the only service.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    lead: Option<&LeadRow>,
    now: Timestamp,
    zone: &TimeZone,
) -> fmt::Result {
    let Some(lead) = lead else { return Ok(()) };
    let told = lead.leader.as_ref().map(|leader| {
        let long = since(leader.since, now);
        let from = time_in(leader.since, zone);
        let until = time_in(leader.until, zone);
        format!(" for {long}, since {from}; its right to lead holds until {until} at least")
    });
    writeln!(f, "{}{}", lead.in_words(), told.unwrap_or_default())?;
    if let Some(leader) = lead.leader.as_ref().filter(|_| !lead.leads) {
        writeln!(
            f,
            "what it does and how tenants are: `dialplane status` on {}",
            line(&leader.host)
        )?;
    }
    if let Some(behind) = &lead.behind {
        writeln!(f, "{YELLOW}nothing is written: {}{YELLOW:#}", line(&behind.reason))?;
        let long = since(behind.since, now);
        writeln!(f, "  {FAINT}hint: {} (for {long}){FAINT:#}", line(&behind.hint))?;
    }
    Ok(())
}
