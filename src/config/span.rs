//! Durations as people write them: `30s`, `10m`, `4h`.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Nothing here is meant to take longer, and instants that far ahead cannot be told.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// As people write it, in one unit: the schema shows defaults so.
pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    const UNITS: [(u128, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let millis = span.as_millis();
    // A day is told as 24 hours.
    let fits = |(unit, _): &&(u128, &str)| {
        millis >= *unit && millis.is_multiple_of(*unit) && millis != 86_400_000
    };
    let text = match (millis, UNITS.iter().find(fits)) {
        (0, _) => "0s".to_owned(),
        (86_400_000, _) => "24h".to_owned(),
        (_, Some((unit, name))) => format!("{}{name}", millis / unit),
        (_, None) => format!("{millis}ms"),
    };
    serializer.serialize_str(&text)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer).map_err(|_| {
        D::Error::custom("a duration with its unit is expected, such as 30s, 10m or 4h")
    })?;
    let span = humantime::parse_duration(&text).map_err(|error| {
        D::Error::custom(format!("`{text}` is not a duration such as 30s, 10m or 4h: {error}"))
    })?;
    if span > LONGEST {
        Err(D::Error::custom(format!("`{text}` is too long: 366 days are possible")))
    } else {
        Ok(span)
    }
}

/// A duration as people write it.
pub(super) struct Span;

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\s*[0-9]+\s*[a-zA-Zµ]+(\s*[0-9]+\s*[a-zA-Zµ]+)*\s*$" })
    }
}
