//! The readers of live state against the sandbox: what each sees, and what becomes of a list that
//! something is wrong with.

mod confirm;
mod damaged;
mod file;
mod graph;
mod pointers;
mod sheet;
mod shrink;
mod whole;
mod wrapped;

use dialplane::{
    api::{connecttoteams::Client, graph::GraphReader},
    config,
    model::{LiveSource, TenantRef},
    readers::Readers,
    sandbox::{Envelope, Sandbox, config_yaml_for},
};

use crate::support::{id, impatient, name};

/// All readers against a sandbox that wraps lists in this way, with pages of this size.
fn readers(sandbox: &Sandbox, envelope: Envelope, page_size: u32) -> Readers {
    readers_at(&sandbox.base_url(), envelope, page_size)
}

/// The same for whatever answers at this address.
fn readers_at(base_url: &str, envelope: Envelope, page_size: u32) -> Readers {
    let settings = settings_at(base_url, envelope, page_size);
    let client = Client::new(settings.connect_to_teams.as_ref().unwrap()).unwrap();
    Readers::new(
        client.reader(),
        settings.graph.as_ref().map(|graph| GraphReader::new(graph).unwrap()),
        None,
    )
}

fn settings_at(base_url: &str, envelope: Envelope, page_size: u32) -> config::Settings {
    let text = impatient(&config_yaml_for(base_url, envelope))
        .replace("pageSize: 200", &format!("pageSize: {page_size}"));
    config::parse("dialplane.yaml", &text, std::iter::empty()).unwrap()
}

/// The first tenant of these tests, read in one way or the other.
fn contoso(live: LiveSource) -> TenantRef {
    TenantRef { live, ..TenantRef::new(name("contoso"), id("contoso")) }
}
