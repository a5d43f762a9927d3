//! Whether the service is alive, and whether it is ready: each reason one line.

use std::time::Duration;

use crate::board::Status;

/// The age at which the loop counts as hung. It makes a turn each second at least.
pub(super) const BEAT: Duration = Duration::from_secs(30);

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HealthCheck {
    /// What.
    pub(super) name: &'static str,
    /// Whether it keeps the service from being ready.
    pub(super) fails: bool,
    /// What was found.
    pub(super) found: String,
}

/// All checks of readiness.
pub(super) fn checks(status: &Status, beat: Duration) -> Vec<HealthCheck> {
    let check = |name, fails: bool, bad: &str, good: &str| HealthCheck {
        name,
        fails,
        found: if fails { bad } else { good }.to_owned(),
    };
    let planned: Vec<_> = status.tenants.iter().filter(|row| row.last.is_some()).collect();
    let nothing_works = !planned.is_empty() && planned.iter().all(|row| row.failures > 0);
    let stop = HealthCheck {
        name: "stop",
        fails: false,
        found: if status.stop.is_some() {
            "everything is stopped: nothing is written".to_owned()
        } else {
            "nothing is stopped".to_owned()
        },
    };
    let lead = status.lead.as_ref().map(|lead| HealthCheck {
        name: "lead",
        fails: lead.behind.is_some(),
        found: match &lead.behind {
            Some(_) => "waits: other manifests were put in force, and may be newer".to_owned(),
            None => lead.in_words(),
        },
    });
    let all = vec![
        check("loop", beat >= BEAT, "the loop hangs", "the loop turns"),
        check("end", status.ended, "the service has ended", "the service goes on"),
        check(
            "manifests",
            status.manifests.taken_at.is_none(),
            "no manifests were read yet",
            "manifests are in force",
        ),
        check(
            "journal",
            status.journal_away.is_some(),
            "the journal cannot be reached: nothing new begins",
            "the journal can be written",
        ),
        check(
            "passes",
            nothing_works,
            "the last pass of every tenant failed",
            "passes are made, or none is due yet",
        ),
        stop,
    ];
    all.into_iter().chain(lead).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::board::{Halt, LastPass, Manifests, TenantRow};

    fn failing(status: &Status) -> Vec<&'static str> {
        let failing = checks(status, Duration::ZERO).into_iter().filter(|check| check.fails);
        failing.map(|check| check.name).collect()
    }

    #[test]
    fn a_service_is_ready_once_manifests_are_in_force_and_while_something_works() {
        let mut status = Status::default();
        assert_eq!(failing(&status), ["manifests"]);
        let taken_at = Some(Timestamp::UNIX_EPOCH);
        status.manifests = Manifests { taken_at, ..Manifests::default() };
        assert_eq!(failing(&status), [""; 0]);
        let row = |failures| {
            Arc::new(TenantRow { failures, last: Some(LastPass::Failed), ..TenantRow::default() })
        };
        status.tenants = vec![row(1), row(0)];
        assert_eq!(failing(&status), [""; 0], "one tenant that fails is not the service");
        status.tenants = vec![row(1), row(3)];
        assert_eq!(failing(&status), ["passes"]);
        status.tenants.clear();
        status.journal_away = Some("connection refused".to_owned());
        assert_eq!(failing(&status), ["journal"]);
        let halt = Halt {
            message: "stopped".to_owned(),
            hint: String::new(),
            by: None,
            at: None,
            reason: None,
        };
        status = Status { stop: Some(halt), journal_away: None, ..status };
        assert_eq!(failing(&status), [""; 0], "somebody wants it so");
        assert!(checks(&status, BEAT).iter().any(|check| check.name == "loop" && check.fails));
    }
}
