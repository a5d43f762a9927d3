//! Change windows: when a tenant's disruptive changes may be made. Data; the arithmetic is the
//! planner's.

use std::sync::OnceLock;

use jiff::{
    civil::{Date, Time, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};

/// When disruptive changes may be made: in one of `allow` (always, if there are none) and in none
/// of `deny`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Whose clocks all times are meant by.
    pub zone: TimeZone,
    /// When they may be made.
    pub allow: Vec<Span>,
    /// When they may not, whatever `allow` says.
    pub deny: Vec<Span>,
}

/// The same hours of some days, as the clock on the wall shows them: an hour that daylight saving
/// repeats is in it twice, one that it skips not at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Span {
    /// The days of the week on which it begins; none: all.
    pub days: Vec<Weekday>,
    /// The first date on which it begins.
    pub first: Option<Date>,
    /// The last date on which it begins.
    pub last: Option<Date>,
    /// When it begins.
    pub from: Time,
    /// When it ends: on the next day if that is not after `from`. Absent: at the end of the day.
    pub to: Option<Time>,
}

/// The time zone of that name, out of the program's own data: the same on every machine.
pub fn time_zone(name: &str) -> Result<TimeZone, String> {
    static BUNDLED: OnceLock<TimeZoneDatabase> = OnceLock::new();
    let zones = BUNDLED.get_or_init(TimeZoneDatabase::bundled);
    zones.get(name).map_err(|_| {
        format!("there is no time zone `{name}`: a name such as Europe/Berlin or UTC is expected")
    })
}
