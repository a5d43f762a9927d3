//! Change windows as they are written in a `Tenant` document.

use jiff::civil::{Date, Time, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    model::{self, Span, Windows},
    yaml::{HINT, Mismatch, Path, missing},
};

/// When disruptive changes may be made: in one of `allow`, and in none of `deny`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["timeZone"]))]
pub(super) struct WindowsEntry {
    /// Whose clocks all times are meant by: an IANA name, such as Europe/Berlin.
    #[serde(deserialize_with = "zone")]
    #[schemars(with = "String")]
    time_zone: Option<jiff::tz::TimeZone>,
    /// When they may be made; absent: whenever they are not denied.
    allow: Vec<SpanEntry>,
    /// When they may not be made, whatever `allow` says.
    deny: Vec<SpanEntry>,
}

/// The same hours of some days.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
struct SpanEntry {
    /// The days of the week on which it begins; absent: every day.
    #[serde(deserialize_with = "days")]
    #[schemars(with = "Vec<Day>")]
    days: Vec<Weekday>,
    /// The first date on which it begins.
    #[serde(deserialize_with = "date")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    first: Option<Date>,
    /// The last date on which it begins.
    #[serde(deserialize_with = "date")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    last: Option<Date>,
    /// When it begins; absent: at midnight.
    #[serde(deserialize_with = "time")]
    #[schemars(with = "String", regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    from: Option<Time>,
    /// When it ends, on the next day if that is not after `from`; absent: at the end of the day.
    #[serde(deserialize_with = "end")]
    #[schemars(with = "String", regex(pattern = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]
    to: Option<Time>,
}

/// The days' names, for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its names count")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl WindowsEntry {
    /// What is wrong beyond single keys; `told` is what was found already.
    pub(super) fn problems(&self, at: &Path, told: &[Mismatch]) -> Vec<Mismatch> {
        let mut wrongs = Vec::new();
        let was_told = told.iter().any(|wrong| wrong.path.segments.starts_with(&at.segments));
        if self.time_zone.is_none() && !was_told {
            wrongs.push(missing(
                at,
                "timeZone",
                "say whose clocks are meant, such as `timeZone: Europe/Berlin`",
            ));
        }
        if self.allow.is_empty() && self.deny.is_empty() && !was_told {
            let wrong = Mismatch::value(at.clone(), "`windows` names no window");
            wrongs.push(wrong.hint(
                "list some under `allow` or `deny`, or leave `windows` out: then nothing waits",
            ));
        }
        for (key, spans) in [("allow", &self.allow), ("deny", &self.deny)] {
            let problem =
                |(number, span): (usize, &SpanEntry)| span.problem(at.key(key).index(number), told);
            wrongs.extend(spans.iter().enumerate().filter_map(problem));
        }
        wrongs
    }

    /// Whose clocks are meant.
    pub(super) fn zone(&self) -> Option<jiff::tz::TimeZone> {
        self.time_zone.clone()
    }

    /// The windows; absent if they have no time zone, which is reported.
    pub(super) fn windows(&self) -> Option<Windows> {
        let spans = |entries: &[SpanEntry]| entries.iter().map(SpanEntry::span).collect();
        Some(Windows {
            zone: self.time_zone.clone()?,
            allow: spans(&self.allow),
            deny: spans(&self.deny),
        })
    }
}

impl SpanEntry {
    fn problem(&self, at: Path, told: &[Mismatch]) -> Option<Mismatch> {
        let dates = self.first.zip(self.last).filter(|(first, last)| last < first);
        let says_nothing = self.days.is_empty()
            && [self.first, self.last] == [None; 2]
            && [self.from, self.to] == [None; 2];
        if let Some((first, last)) = dates {
            return Some(Mismatch::value(
                at.key("last"),
                format!("`last` is {last}, which is before {first}"),
            ));
        }
        if self.to.is_some() && self.to == Some(self.from.unwrap_or_default()) {
            let wrong = Mismatch::value(at.key("to"), "it ends when it begins");
            return Some(wrong.hint("for whole days, leave `from` and `to` out"));
        }
        if says_nothing && !told.iter().any(|wrong| wrong.path.segments.starts_with(&at.segments)) {
            let wrong = Mismatch::value(at, "this window does not say when it is");
            return Some(wrong.hint("name some of `days`, `first`, `last`, `from` and `to`"));
        }
        None
    }

    fn span(&self) -> Span {
        let from = self.from.unwrap_or_default();
        Span { days: self.days.clone(), first: self.first, last: self.last, from, to: self.to }
    }
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Weekday>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| day(name).map_err(D::Error::custom)).collect()
}

fn day(name: &str) -> Result<Weekday, String> {
    match name {
        "mon" => Ok(Weekday::Monday),
        "tue" => Ok(Weekday::Tuesday),
        "wed" => Ok(Weekday::Wednesday),
        "thu" => Ok(Weekday::Thursday),
        "fri" => Ok(Weekday::Friday),
        "sat" => Ok(Weekday::Saturday),
        "sun" => Ok(Weekday::Sunday),
        _ => Err(format!(
            "`{name}` is not a day of the week{HINT}write mon, tue, wed, thu, fri, sat or sun"
        )),
    }
}

pub(super) fn zone<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<jiff::tz::TimeZone>, D::Error> {
    model::time_zone(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
    date.map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is not a date such as 2026-12-24")))
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = String::deserialize(deserializer)?;
    moment(&text).map(Some).map_err(D::Error::custom)
}

/// The end of the day is not a time of its own.
fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "24:00" { Ok(None) } else { moment(&text).map(Some).map_err(D::Error::custom) }
}

fn moment(text: &str) -> Result<Time, String> {
    let time = Time::strptime("%H:%M", text).ok().filter(|_| text.len() == "22:00".len());
    time.ok_or_else(|| {
        format!("`{text}` is not a time of day{HINT}write hours and minutes, such as \"22:00\"")
    })
}
