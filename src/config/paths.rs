//! Paths, as settings name them.

use std::{borrow::Cow, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize as _, Deserializer, de::Error as _};

/// One path, or a list of them.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PathBuf>, D::Error> {
    let path = |value: &serde_yaml::Value| value.as_str().map(PathBuf::from);
    let paths = match serde_yaml::Value::deserialize(deserializer)? {
        serde_yaml::Value::Sequence(paths) => paths.iter().map(path).collect(),
        one => path(&one).map(|path| vec![path]),
    };
    paths.ok_or_else(|| D::Error::custom("a path or a list of paths is expected"))
}

/// A path, or a list of them.
pub(super) struct OneOrMany;

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}
