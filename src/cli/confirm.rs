//! What is said before something is written: whose phones it reaches; and on a terminal the
//! question whether it is meant.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{args::PlanOutput, backend::Backend, exit::Failure, out, show, signals::Signals};
use crate::plan::{
    Plan, TenantPlan,
    render::{self, Tally},
};

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
    (output, yes): (PlanOutput, bool),
    signals: &Signals,
) -> Result<(), Failure> {
    let made = Instant::now();
    let ask = !yes
        && backend.sandbox.is_none()
        && io::stdin().is_terminal()
        && io::stderr().is_terminal();
    let ask = ask && plan.tenants.iter().any(TenantPlan::writes);
    if output == PlanOutput::Text {
        show::plan(plan, output);
    } else if ask {
        out::talk(&render::text(plan));
    }
    if !ask {
        return Ok(());
    }
    let people = match Tally::of(plan).disable {
        0 => "Nobody loses calling.".to_owned(),
        1 => "1 person loses calling.".to_owned(),
        people => format!("{people} people lose calling."),
    };
    out::talk(&format!("\n{people} Type `yes` to carry this out: "));
    let answer = tokio::select! {
        answer = line() => answer?,
        () = signals.asked().cancelled_owned() => return Err(Failure::new("stopped before \
            anything was changed")),
    };
    if answer.trim() != "yes" {
        return Err(Failure::new("nothing was changed: the answer was not `yes`"));
    }
    if made.elapsed() > FRESH {
        let minutes = made.elapsed().as_secs() / 60;
        return Err(Failure::new(format!(
            "nothing was changed: this plan is {minutes} minutes old by now"
        ))
        .hint("live state may have moved since it was made: run it again"));
    }
    Ok(())
}

/// A line of the terminal. It is read by a thread of its own, which nobody has to wait for if a
/// signal comes first.
async fn line() -> Result<String, Failure> {
    let (heard, line) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map(|_| line);
        // Nobody listens any more if a signal came first.
        let _ = heard.send(read);
    });
    let read = line.await.map_err(Failure::new)?;
    read.map_err(|error| {
        Failure::new(format!("the answer cannot be read, so that nothing is changed: {error}"))
    })
}
