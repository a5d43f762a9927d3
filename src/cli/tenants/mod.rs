//! `tenants`: the customers that the accounts list, and what there is of each: consent, users, a
//! manifest.
//!
//! ```text
//! lists of the accounts --filter--> customers --consent, or all users--> rows --> text, JSON, ids
//! ```
//!
//! **Invariant:** it reads only. What a list does not show is not guessed: a customer that names no
//! tenant is not registered, and nothing more is asked about it.

mod row;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_util::{StreamExt as _, stream};

use super::{
    args::Global,
    backend::Backend,
    customers,
    exit::{Exit, Failure},
    manifests, out, pager,
    signals::Signals,
};
use crate::{model::Desired, ports::LiveReader as _};

use row::{CustomerRow, TenantFacts};

pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane tenants                         all customers
  dialplane tenants --only unmanaged        those that no manifest describes
  dialplane tenants contoso --users         one of them, with its users counted
  dialplane tenants --only unmanaged -o ids > wave-1.txt
  dialplane import --tenants wave-1.txt --out manifests";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only customers whose name, id or manifest holds all these words
    words: Vec<String>,
    /// Only these; given more than once, only those that are all of it
    #[arg(long, value_enum, value_name = "WHICH")]
    only: Vec<CustomerFilter>,
    /// Also count the users, which reads the list of users of each tenant
    #[arg(long)]
    users: bool,
    /// Files and folders with manifests [default: `manifests` of the configuration]
    #[arg(long, value_name = "PATH")]
    manifests: Vec<PathBuf>,
    /// Rehearse against a sandbox in this process, seeded from the manifests with some drift
    #[arg(long)]
    sandbox: bool,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = CustomerOutput::Text, value_name = "FORMAT")]
    output: CustomerOutput,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CustomerFilter {
    /// Described by a manifest
    Managed,
    /// Registered, and described by no manifest
    Unmanaged,
    /// With a Microsoft tenant
    Registered,
    /// Without one yet
    Unregistered,
    /// Registered, and without the consent that writing needs
    WithoutConsent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CustomerOutput {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// Ids, one a line with the name behind it: what `import --tenants` takes
    Ids,
}

/// Lists, asks and shows.
pub(super) async fn tenants(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    tokio::select! {
        done = show(global, command) => done,
        () = signals.asked().cancelled_owned() => Err(Failure::new("stopped before all was asked")),
    }
}

async fn show(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let looked = manifests::look_if_any(&manifests::sources(&command.manifests, &settings))?;
    let nothing = Desired::default();
    let desired = looked.as_ref().map_or(&nothing, |looked| &looked.in_force.desired);
    if let Some(looked) = &looked {
        looked.tell();
    }
    let backend = if command.sandbox {
        Backend::rehearsal(desired).await?
    } else {
        Backend::real(&settings)
            .map_err(|failure| manifests::perhaps_elsewhere(failure, global, &settings))?
    };
    let lists = customers::ask(&settings, &backend.client).await?;
    let failed = lists.tell_failed();
    if failed > 0 && lists.customers.is_empty() {
        return Err(Failure::new("no account could be asked for its customers"));
    }
    let rows = lists.customers.into_iter().map(|listed| CustomerRow::of(listed, desired));
    let rows: Vec<CustomerRow<'_>> = rows.filter(|row| row.is_wanted(command)).collect();
    let mut rows = asked(rows, &backend, command).await;
    if command.only.contains(&CustomerFilter::WithoutConsent) {
        rows.retain(CustomerRow::lacks_consent);
    }
    match command.output {
        CustomerOutput::Text => {
            let table = text::table(&rows, settings.all_accounts().count() > 1);
            pager::show_unless(global.no_pager, &table);
        }
        CustomerOutput::Json => out::json(&row::json(&rows)),
        CustomerOutput::Ids => out::data(&text::ids(&rows)),
    }
    out::talk(&text::summary(&rows));
    let unread = rows.iter().filter(|row| matches!(row.found, Some(Err(_)))).count();
    let broken = looked.is_some_and(|looked| !looked.diagnostics.is_empty());
    Ok(if failed > 0 || broken {
        Exit::Error
    } else if unread > 0 {
        Exit::Partly
    } else {
        Exit::Done
    })
}

/// Asks about each tenant, several side by side. What nobody wants to see is not asked for.
async fn asked<'d>(
    rows: Vec<CustomerRow<'d>>,
    backend: &Backend,
    command: &Arguments,
) -> Vec<CustomerRow<'d>> {
    if command.output == CustomerOutput::Ids
        && !command.only.contains(&CustomerFilter::WithoutConsent)
    {
        return rows;
    }
    let service = backend.client.reader();
    let live = backend.reader();
    let bar = out::progress("asking about tenants", rows.len());
    let ask = async |mut row: CustomerRow<'d>| {
        row.found = match &row.tenant {
            Some(tenant) if command.users => Some(live.observe(tenant).await.map(TenantFacts::of)),
            Some(tenant) => Some(service.consent(tenant).await.map(TenantFacts::consent_alone)),
            None => None,
        };
        bar.inc(1);
        row
    };
    let asked = stream::iter(rows).map(ask);
    let rows = asked.buffered(backend.execution.readers.max(1)).collect().await;
    bar.finish_and_clear();
    rows
}
