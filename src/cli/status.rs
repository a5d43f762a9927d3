//! `status`: what the service last said of itself. For people, and for health checks.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{
    args::{Cli, Status as Command, StatusOutput},
    exit::{Exit, Failure},
    manifests, out,
};
use crate::{reconcile::Ending, state::Status};

/// Tells it; fails if the service is not alive.
pub(super) fn status(cli: &Cli, command: &Command) -> Result<Exit, Failure> {
    let folder = manifests::settings(cli)?.state.path;
    let status = Status::read(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let status = status.ok_or_else(|| {
        let place = folder.display();
        Failure::new(format!("no service has run with the state in {place}"))
            .hint("start it with `dialplane run`, or set `state.path`")
    })?;
    let alive = Timestamp::now() <= status.until;
    match command.output {
        StatusOutput::Text => out::data(&text(&status, alive)),
        StatusOutput::Json => out::json(&serde_json::json!({ "alive": alive, "status": status })),
    }
    Ok(if alive { Exit::Done } else { Exit::Error })
}

fn text(status: &Status, alive: bool) -> String {
    let time = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut out = if alive {
        format!("process {} is alive, last heard {}\n", status.process, time(status.at))
    } else {
        format!("process {} was last heard {} and should have been heard since\n", status.process, time(status.at))
    };
    for tenant in &status.tenants {
        let last = match tenant.last {
            None => "-",
            Some(Ending::Done) => "done",
            Some(Ending::Held) => "held",
            Some(Ending::Failed) => "failed",
        };
        let next = tenant.next_at.map_or_else(|| "running now".to_owned(), |at| format!("next {}", time(at)));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:30} {last:7} {:24} {next}", tenant.tenant, tenant.last_at.map(time).unwrap_or_default());
    }
    out
}
