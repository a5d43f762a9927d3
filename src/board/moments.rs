//! Moments in the JSON Schema of the status.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A moment, as in RFC 3339.
pub(super) fn moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

/// The same, or null.
pub(super) fn moment_or_none(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
}
