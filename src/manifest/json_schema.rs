//! The JSON Schema of all kinds of documents, made from their types.

use schemars::generate::SchemaSettings;

use super::{
    approval::ApprovalDocument,
    schema::{TenantDocument, UserSetDocument},
    told_keys,
};

/// The JSON Schema of a manifest document, for editors and checks: any kind.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let kinds = [
        generator.subschema_for::<TenantDocument>(),
        generator.subschema_for::<UserSetDocument>(),
        generator.subschema_for::<ApprovalDocument>(),
    ];
    let mut definitions = generator.take_definitions(true);
    told_keys::tell(&mut definitions);
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Dialplane manifest",
        "oneOf": kinds,
        "$defs": definitions,
    })
}
