//! Durations as people write them: `30s`, `10m`, `4h`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// Nothing here is meant to take longer, and instants that far ahead cannot be told.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

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
