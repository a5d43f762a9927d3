//! What is said before something is written: whose phones it reaches; and on a terminal the
//! question whether it is meant.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use super::{
    args::PlanOutput,
    ask,
    backend::Backend,
    exit::Failure,
    out,
    show::{self, PlanDisplay},
    signals::Signals,
};
use jiff::Timestamp;

use crate::plan::{Plan, TenantPlan, render::Tally};

/// How old a plan may be when the answer comes: live state goes on meanwhile.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// Says which accounts at which hosts a command works with, or that it rehearses.
pub(super) fn tell_place(backend: &Backend) {
    if let Some(sandbox) = &backend.sandbox {
        out::talk(&format!(
            "REHEARSAL: the sandbox at {}, no real phone is touched\n",
            sandbox.base_url()
        ));
    } else {
        for probe in backend.client.probes() {
            out::talk(&format!("account {} at {}\n", probe.username(), probe.host()));
        }
    }
    if io::stderr().is_terminal() {
        out::talk("\n");
    }
}

/// Shows a plan that is about to be carried out, and asks a person at a terminal whether it is
/// meant. Where nobody can be asked, and in a rehearsal, it goes on.
pub(super) async fn agree(
    plan: &Plan,
    backend: &Backend,
    (view, yes): (&PlanDisplay<'_>, bool),
    signals: &Signals,
) -> Result<(), Failure> {
    let made = (Instant::now(), Timestamp::now());
    let ask = !yes && backend.sandbox.is_none() && ask::can_ask();
    let ask = ask && plan.tenants.iter().any(TenantPlan::writes);
    if view.output == PlanOutput::Text {
        show::plan(plan, view);
    } else if ask {
        out::talk(&view.text(plan));
    }
    if !ask {
        return Ok(());
    }
    let people = match Tally::of(plan).disable {
        0 => "Nobody loses calling.".to_owned(),
        1 => "1 person loses calling.".to_owned(),
        people => format!("{people} people lose calling."),
    };
    let answer =
        ask::question(&format!("\n{people} Type `yes` to carry this out: "), signals).await?;
    if answer != "yes" {
        return Err(Failure::new("nothing was changed: the answer was not `yes`"));
    }
    let age = age(made, (Instant::now(), Timestamp::now()));
    if age > FRESH {
        let minutes = age.as_secs() / 60;
        return Err(Failure::new(format!(
            "nothing was changed: this plan is {minutes} minutes old by now"
        ))
        .hint("live state may have moved since it was made: run it again"));
    }
    Ok(())
}

/// How much time has passed: by the clock on the wall as well, because the other one stands still
/// while a machine sleeps.
fn age(made: (Instant, Timestamp), now: (Instant, Timestamp)) -> Duration {
    let by_the_wall = Duration::try_from(now.1.duration_since(made.1)).unwrap_or_default();
    now.0.duration_since(made.0).max(by_the_wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_grows_old_while_the_machine_sleeps_and_whatever_is_done_to_the_clock() {
        let made = (Instant::now(), Timestamp::UNIX_EPOCH);
        let minute = Duration::from_secs(60);
        let night = Duration::from_secs(8 * 3600);
        let after = |awake: Duration, wall: Duration| age(made, (made.0 + awake, made.1 + wall));
        assert_eq!(after(minute, minute), minute);
        assert_eq!(after(minute, night), night, "it slept");
        assert_eq!(age(made, (made.0 + night, made.1 - minute)), night, "the clock was set back");
    }
}
