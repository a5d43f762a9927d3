//! `schema`: the shapes of what is read and written, as JSON Schema.

use clap::{Args, ValueEnum};

use super::out;
use crate::{board::Status, config, manifest, plan::render};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaKind::Manifests)]
    of: SchemaKind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaKind {
    /// Manifests, for editors
    Manifests,
    /// The configuration, `dialplane.yaml`, for editors
    Config,
    /// What the service says of itself: `/status` and the status file
    Status,
    /// `plan --output json`, and what `plan --out` saves
    Plan,
    /// `plan --base REF --output json`
    Review,
}

/// Prints one.
pub(super) fn schema(command: &Arguments) {
    out::json(&match command.of {
        SchemaKind::Manifests => manifest::json_schema(),
        SchemaKind::Config => config::json_schema(),
        SchemaKind::Status => Status::json_schema(),
        SchemaKind::Plan => render::json_schema(),
        SchemaKind::Review => render::review_json_schema(),
    });
}
