//! `from` and `until` of users, as they are written: a day in the tenant's time zone, a time of its
//! clocks, or a moment with its offset; and the moments that are meant.
//!
//! **Invariant:** a date that can be meant in two ways, or in none, is a mistake.

use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, Offset, TimeZone},
};
use serde::{Deserialize, Deserializer};

use super::keys::{FROM, UNTIL};
use crate::{
    model::{
        Calling, Dates,
        packed::{PackedReader, PackedWriter},
    },
    yaml::{HINT, text},
};

/// A date as it is written, for the schema: a day, a time of the tenant's clocks, or a moment with
/// its offset.
pub(super) const PATTERN: &str =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?)?$";

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateEntry {
    /// From the first moment of a day.
    Day(civil::Date),
    /// A time that the tenant's clocks show.
    Local(civil::DateTime),
    /// A moment.
    Moment(Timestamp),
}

/// What is wrong with a date.
#[derive(Debug)]
pub(super) struct WrongDate {
    /// The key of the date.
    pub(super) key: &'static str,
    pub(super) message: String,
    pub(super) hint: String,
    /// It is not known by which clocks it is meant.
    pub(super) wants_zone: bool,
}

/// The moments that are meant by the dates of a user; nothing where there are none.
pub(super) fn moments(
    from: Option<DateEntry>,
    until: Option<DateEntry>,
    calling: Option<Calling>,
    zone: Option<&TimeZone>,
) -> Result<Option<Dates>, WrongDate> {
    if from.is_none() && until.is_none() {
        return Ok(None);
    }
    let moment = |date: Option<DateEntry>, key| {
        let wrong = |(message, hint)| WrongDate { key, message, hint, wants_zone: zone.is_none() };
        date.map(|date| date.moment(key, zone).map_err(wrong)).transpose()
    };
    let dates = Dates { from: moment(from, FROM)?, until: moment(until, UNTIL)? };
    if calling == Some(Calling::Disabled) {
        let key = if until.is_some() { UNTIL } else { FROM };
        let message = format!("`{key}` says when calling is on, and calling is disabled");
        let hint = "to take calling away at a time, write `calling: enabled` and `until`; to take it \
            away now, leave dates out";
        return Err(WrongDate { key, message, hint: hint.to_owned(), wants_zone: false });
    }
    if dates.from.zip(dates.until).is_some_and(|(from, until)| until <= from) {
        let message = "`until` is not after `from`".to_owned();
        let hint = "correct one of the two: calling is on from `from` until just before `until`";
        return Err(WrongDate { key: UNTIL, message, hint: hint.to_owned(), wants_zone: false });
    }
    Ok(Some(dates))
}

impl DateEntry {
    /// The moment that is meant; otherwise what is wrong, and a hint.
    fn moment(self, key: &str, zone: Option<&TimeZone>) -> Result<Timestamp, (String, String)> {
        let local = match self {
            Self::Moment(at) => return Ok(at),
            Self::Day(day) => day.to_datetime(civil::Time::midnight()),
            Self::Local(local) => local,
        };
        let Some(zone) = zone else {
            let message =
                format!("`{key}` is a time of the tenant's clocks, and it has no `timeZone`");
            let hint = "write `timeZone` at the tenant, such as `timeZone: Europe/Berlin`, or a time \
                with its offset";
            return Err((message, hint.to_owned()));
        };
        let name = zone.iana_name().unwrap_or("the tenant's time zone");
        let at = zone.to_ambiguous_timestamp(local);
        let is_day = matches!(self, Self::Day(_));
        let meant = match at.offset() {
            AmbiguousOffset::Gap { .. } if !is_day => {
                let message = format!("the clocks of {name} skip {}", shown(local));
                let hint = "write a time before or after clocks are put forward";
                return Err((message, hint.to_owned()));
            }
            AmbiguousOffset::Fold { before, after } if !is_day => {
                let message = format!("the clocks of {name} show {} twice", shown(local));
                let both = [before, after].map(|offset| with_offset(local, offset));
                let hint = format!("say which one is meant: {}", both.join(" or "));
                return Err((message, hint));
            }
            // A day begins with its first moment, whether clocks skip midnight or show it twice.
            _ => at.compatible(),
        };
        meant.map_err(|_| {
            let message = format!("`{key}` is too far away");
            (message, "write an earlier one".to_owned())
        })
    }

    /// Writes it.
    pub(super) fn pack(self, pen: &mut PackedWriter) {
        let seconds = |local: civil::DateTime| {
            let at = Offset::UTC.to_timestamp(local);
            at.map(Timestamp::as_second).unwrap_or_default()
        };
        let (kind, seconds) = match self {
            Self::Day(day) => (DAY, seconds(day.to_datetime(civil::Time::midnight()))),
            Self::Local(local) => (LOCAL, seconds(local)),
            Self::Moment(at) => (MOMENT, at.as_second()),
        };
        pen.byte(kind);
        pen.whole(seconds);
    }

    /// Reads what was written.
    pub(super) fn unpack(eye: &mut PackedReader<'_>) -> Self {
        let kind = eye.byte();
        let at = Timestamp::from_second(eye.whole()).unwrap_or_default();
        let local = Offset::UTC.to_datetime(at);
        match kind {
            DAY => Self::Day(local.date()),
            LOCAL => Self::Local(local),
            _ => Self::Moment(at),
        }
    }
}

/// The kinds of dates, in one byte.
const DAY: u8 = 0;
const LOCAL: u8 = 1;
const MOMENT: u8 = 2;
/// The years of dates: nobody means others, and each moment of them can be counted with.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=9998;

/// A time of clocks as it is written.
fn shown(local: civil::DateTime) -> String {
    local.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// The same with its offset, in quotes.
fn with_offset(local: civil::DateTime, offset: Offset) -> String {
    let at = offset.to_timestamp(local).unwrap_or_default();
    format!("\"{}\"", at.display_with_offset(offset))
}

impl<'de> Deserialize<'de> for DateEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, parse)
    }
}

/// Reads a date in one of the three forms, and in no other.
fn parse(text: &str) -> Result<DateEntry, String> {
    let is_as_long_as = |form: &str| text.len() == form.len();
    let local = || civil::DateTime::strptime("%Y-%m-%dT%H:%M", text).ok();
    let read = if is_as_long_as("2026-12-01") {
        civil::Date::strptime("%Y-%m-%d", text).ok().map(DateEntry::Day)
    } else if is_as_long_as("2026-12-01T08:00") {
        local().map(DateEntry::Local)
    } else if is_as_long_as("2026-12-01T08:00:00Z") || is_as_long_as("2026-12-01T08:00:00+01:00") {
        let is_known =
            text.contains('T') && offset_hours(text).is_none_or(|hours| hours <= FARTHEST);
        text.parse().ok().filter(|_| is_known).map(DateEntry::Moment)
    } else {
        None
    };
    let read = read.ok_or_else(|| {
        format!(
            "`{text}` is not a date{HINT}write a day such as \"2026-12-01\", a time of the tenant's \
                clocks such as \"2026-12-01T08:00\", or a time with its offset such as \
                \"2026-12-01T08:00:00+01:00\""
        )
    })?;
    let year = match read {
        DateEntry::Day(day) => day.year(),
        DateEntry::Local(local) => local.year(),
        DateEntry::Moment(at) => Offset::UTC.to_datetime(at).year(),
    };
    if YEARS.contains(&year) {
        return Ok(read);
    }
    Err(format!(
        "`{text}` is not between the years {} and {}{HINT}leave `until` out if there is no end, and \
            `from` if there is no beginning",
        YEARS.start(),
        YEARS.end()
    ))
}

/// The hours of the offset of a moment, if it is not that of UTC.
fn offset_hours(text: &str) -> Option<u8> {
    text.get("2026-12-01T08:00:00+".len()..)?.get(..2)?.parse().ok()
}

/// The hours of the farthest offset from UTC that clocks have.
const FARTHEST: u8 = 14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::packed::{Pack, Packed};

    fn entry(text: &str) -> DateEntry {
        parse(text).unwrap()
    }

    fn moment(text: &str, zone: Option<&str>) -> Result<String, String> {
        let zone = zone.map(|name| crate::model::time_zone(name).unwrap());
        let dates = moments(Some(entry(text)), None, Some(Calling::Enabled), zone.as_ref());
        let dates = dates.map_err(|wrong| format!("{}: {}", wrong.message, wrong.hint))?;
        Ok(dates.unwrap().from.unwrap().to_string())
    }

    #[test]
    fn each_date_is_one_moment_whatever_the_clocks_do() {
        let berlin = |text: &str| moment(text, Some("Europe/Berlin"));
        assert_eq!(berlin("2026-12-01").unwrap(), "2026-11-30T23:00:00Z");
        assert_eq!(berlin("2026-12-01T08:00").unwrap(), "2026-12-01T07:00:00Z");
        assert_eq!(berlin("2026-12-01T08:00:00+05:00").unwrap(), "2026-12-01T03:00:00Z");
        assert_eq!(moment("2026-12-01T08:00:00Z", None).unwrap(), "2026-12-01T08:00:00Z");
        let skipped = berlin("2026-03-29T02:30").unwrap_err();
        assert!(skipped.contains("Europe/Berlin skip 2026-03-29T02:30"), "{skipped}");
        let twice = berlin("2026-10-25T02:30").unwrap_err();
        assert!(
            twice.contains("\"2026-10-25T02:30:00+02:00\" or \"2026-10-25T02:30:00+01:00\""),
            "{twice}"
        );
        assert!(moment("2026-12-01", None).unwrap_err().contains("timeZone"));
        // Midnight is skipped here, and there shown twice: a day has a beginning all the same.
        let beirut = moment("2022-03-27", Some("Asia/Beirut"));
        assert_eq!(beirut.unwrap(), "2022-03-26T22:00:00Z");
        let havana = moment("2022-11-06", Some("America/Havana"));
        assert_eq!(havana.unwrap(), "2022-11-06T04:00:00Z");
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in [
            "tomorrow",
            "2026-13-01",
            "2026-02-30",
            "01.12.2026",
            "2026-12-01 08:00",
            "08:00",
            "",
            "2026-12-01T24:00",
            "2026-12-01 08:00:00Z",
            "2026-12-01T08:00:00.5Z",
            "9999-12-31",
            "0001-01-01",
            "2026-12-1",
            " 2026-12-01",
            "2026-12-01T08:00:00+25:00",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("9999-12-31").unwrap_err().contains("leave `until` out"));
    }

    impl Pack for DateEntry {
        fn pack(&self, pen: &mut PackedWriter) {
            Self::pack(*self, pen);
        }

        fn unpack(eye: &mut PackedReader<'_>) -> Self {
            Self::unpack(eye)
        }
    }

    proptest::proptest! {
        #[test]
        fn dates_come_back_from_their_rest(
            year in 1970i16..9999, month in 1i8..13, day in 1i8..29, hour in 0i8..24, minute in 0i8..60,
        ) {
            let date = civil::date(year, month, day);
            let local = date.at(hour, minute, 0, 0);
            let at = Offset::UTC.to_timestamp(local).unwrap();
            let entries = [DateEntry::Day(date), DateEntry::Local(local), DateEntry::Moment(at)];
            let packed: Packed<DateEntry> = entries.iter().collect();
            proptest::prop_assert_eq!(packed.iter().collect::<Vec<_>>(), entries);
            for (entry, text) in entries.iter().zip([date.to_string(), shown(local), at.to_string()]) {
                proptest::prop_assert_eq!(parse(&text).unwrap(), *entry);
            }
        }
    }
}
