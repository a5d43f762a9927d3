//! The JSON Schema of the configuration, made from the types that read it.
//!
//! **Invariant:** it takes what the program takes in form. What the program refuses beyond that (an
//! address that other machines reach without a token) an editor does not see.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value};

use super::{BodyFormat, SecretSource, Settings, told};

/// The JSON Schema of the configuration, for editors and checks.
#[must_use]
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().into_generator();
    let mut schema = settings.into_root_schema_for::<Settings>().to_value();
    told::tell(&mut schema);
    for definition in
        schema.get_mut("$defs").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        may_be_empty(definition);
    }
    schema["title"] = "Dialplane configuration".into();
    schema
}

/// A block of which nothing is required may hold comments alone, as in what `init` writes.
fn may_be_empty(block: &mut Value) {
    let is_block = block["type"] == "object" && block["properties"].is_object();
    let required = block["required"].as_array().is_some_and(|required| !required.is_empty());
    if is_block && !required && block.get("oneOf").is_none() {
        block["type"] = serde_json::json!(["object", "null"]);
    }
}

impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let variable = json_schema!({ "type": "string", "pattern": "^[^=]+$" });
        let words = json_schema!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
        json_schema!({
            "description": "Where a secret comes from; never the secret itself.",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "env": variable,
                "file": { "type": "string", "minLength": 1 },
                "command": words,
                "variables": { "type": "array", "items": variable },
            },
            "oneOf": [
                { "required": ["env"] }, { "required": ["file"] }, { "required": ["command"] },
            ],
            "dependentRequired": { "variables": ["command"] },
        })
    }
}

impl JsonSchema for BodyFormat {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What the body carries: nothing, the tenant id as text or as `tenantId`, who \
                authorises the call, at top level or wrapped; or the JSON that is sent.",
            "anyOf": [
                { "enum": ["none", "text", "tenant", "flat", "wrapped"] },
                { "type": "object" },
            ],
        })
    }
}
