//! Which service leads, where several share the journal.

use super::Checks;
use crate::{config::Settings, foreign::line, journal::PostgresLead, words::time};

/// A database that cannot be asked is told as that of the journal.
pub(super) async fn check(checks: &mut Checks, settings: &Settings) {
    let Some(postgres) = &settings.state.postgres else { return };
    let service = PostgresLead::start(postgres);
    let Ok(leader) = service.leader().await else { return };
    match leader {
        Some(leader) => {
            let since = time(leader.since);
            let until = time(leader.until);
            let host = line(leader.host);
            let process = leader.process;
            let version = line(leader.version);
            checks.pass(
                "leader",
                format!(
                    "process {process} on {host} leads since {since} (version {version}); it counts \
                        until {until} at least"
                ),
            );
        }
        None => checks.pass("leader", "no service leads now; the next one to start will"),
    }
}
