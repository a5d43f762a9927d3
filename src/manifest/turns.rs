//! Numbers that several people want one after another: who has one until when, how long it is kept
//! from the next one, and when it is handed on.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Span, Timestamp};

use super::{claims, draft::TenantDraft};
use crate::model::{Dates, NumberKey, NumberRef, PhoneNumber, TenantName, Upn};

/// A day, of which a quarantine has a whole number mostly.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The documents of all tenants.
type Drafts<'f> = BTreeMap<&'f TenantName, &'f TenantDraft>;

/// Who wants a number, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'n> {
    pub(super) user: &'n Upn,
    pub(super) tenant: &'n TenantName,
    pub(super) dates: Dates,
}

/// Why two cannot have one number.
#[derive(Debug, Clone, Copy)]
pub(super) enum NumberClash<'n> {
    /// Both want it at one time.
    AtOnce,
    /// The later one wants it before it is free.
    TooEarly { early: Claim<'n>, late: Claim<'n>, free: Timestamp },
}

/// Somebody with dates who wants a number, noted at a glance.
#[derive(Debug, Clone)]
pub(super) struct DatedClaim {
    pub(super) hash: u64,
    pub(super) number: NumberKey,
    user: Upn,
    tenant: TenantName,
    dates: Dates,
}

impl DatedClaim {
    pub(super) fn new(
        (user, tenant): (&Upn, &TenantName),
        number: &PhoneNumber,
        dates: Dates,
    ) -> Self {
        Self {
            hash: claims::hash(&NumberRef::new(tenant, number)),
            number: NumberKey::new(tenant, number),
            user: user.clone(),
            tenant: tenant.clone(),
            dates,
        }
    }

    pub(super) fn claim(&self) -> Claim<'_> {
        Claim { user: &self.user, tenant: &self.tenant, dates: self.dates }
    }
}

/// Why two cannot have one number, if they cannot.
pub(super) fn clash<'n>(
    drafts: &Drafts<'_>,
    one: Claim<'n>,
    other: Claim<'n>,
) -> Option<NumberClash<'n>> {
    let (early, late) = if one.dates.is_before(other.dates) {
        (one, other)
    } else if other.dates.is_before(one.dates) {
        (other, one)
    } else {
        return Some(NumberClash::AtOnce);
    };
    let free = free(drafts, early)?;
    late.dates.from.is_some_and(|from| from < free).then_some(NumberClash::TooEarly {
        early,
        late,
        free,
    })
}

/// When the number of somebody who has an end is free for the next one. Days of a quarantine are
/// days of the tenant's clocks.
pub(super) fn free(drafts: &Drafts<'_>, early: Claim<'_>) -> Option<Timestamp> {
    let until = early.dates.until?;
    let spec = &drafts.get(early.tenant)?.spec;
    let quarantine = spec.numbers.quarantine;
    let days = i64::try_from(quarantine.as_secs() / DAY.as_secs()).unwrap_or(i64::MAX);
    let is_whole = quarantine.subsec_nanos() == 0 && quarantine.as_secs() % DAY.as_secs() == 0;
    let later = match spec.zone() {
        Some(zone) if is_whole => {
            let days = Span::new().try_days(days);
            let local = days.and_then(|days| zone.to_datetime(until).checked_add(days));
            local.and_then(|local| zone.to_timestamp(local))
        }
        _ => until.checked_add(quarantine),
    };
    Some(later.unwrap_or(Timestamp::MAX))
}

/// Who gives a number up for the next one, and when that one wants it.
pub(super) fn handed_on<'n>(turn: &[Claim<'n>]) -> impl Iterator<Item = (Claim<'n>, Timestamp)> {
    turn.iter().filter_map(|claim| {
        let until = claim.dates.until?;
        let next = turn.iter().filter_map(|other| other.dates.from).filter(|at| *at >= until);
        Some((*claim, next.min()?))
    })
}
