//! The rows of the service: what it takes while it runs, how soon it acts, and what a kill leaves
//! open.

use std::{
    fs, io,
    path::Path,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    data, measure,
    stage::{Stage, row, slow},
    stand_in::Manner,
};

/// How long nothing may be asked before a round is over.
const QUIET: Duration = Duration::from_millis(1500);
/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether something has been asked.
const LOOK: Duration = Duration::from_millis(5);

/// The service at work.
struct Service<'a> {
    stage: &'a Stage,
    child: Child,
}

impl<'a> Service<'a> {
    /// Starts it with a new journal; each tenant is compared that often.
    fn start(stage: &'a Stage, resync: &str) -> io::Result<Self> {
        stage.forget();
        let mut command = stage.command(&["run"], 4);
        command.env("DIALPLANE_RUN__RESYNC", resync);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { stage, child: quiet.spawn()? })
    }

    fn cpu(&self) -> io::Result<f64> {
        measure::ticks(self.child.id())
    }

    /// Waits until a call is made beyond `calls`; how long that took.
    fn next_call(&self, calls: usize) -> io::Result<Duration> {
        let begun = Instant::now();
        while self.stage.service.counts().calls <= calls {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("the service asked for nothing"));
            }
            sleep(LOOK);
        }
        Ok(begun.elapsed())
    }

    /// Waits until nothing is asked any more.
    fn rest(&self) {
        let mut calls = self.stage.service.counts().calls;
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            sleep(LOOK);
            let now = self.stage.service.counts().calls;
            if now != calls {
                (calls, since) = (now, Instant::now());
            }
        }
    }

    /// Waits until so many lists were asked for.
    fn lists(&self, count: usize) -> io::Result<()> {
        let begun = Instant::now();
        while self.stage.service.counts().lists < count {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("the service did not compare all tenants"));
            }
            sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // It keeps nothing that anybody reads after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything about a service of this fleet.
pub(super) fn rows(stage: &Stage) -> io::Result<()> {
    saves(stage)?;
    round(stage)
}

/// What a saved file costs, and how soon it acts.
fn saves(stage: &Stage) -> io::Result<()> {
    stage.service.reset(stage.shape, Manner::default());
    let service = Service::start(stage, "24h")?;
    service.next_call(0)?;
    service.rest();
    let file = stage.folder.join("manifests").join(format!("{}.yaml", data::name(0)));
    let text = fs::read_to_string(&file)?;
    let before = service.cpu()?;
    save(&file, &format!("{text}# a comment\n"))?;
    // Nothing follows that could be waited for.
    sleep(3 * QUIET);
    let comment = service.cpu()? - before;
    let whole = measure::run(stage.command(&["validate"], 4).arg("manifests"))?;
    row(
        "a saved comment: CPU / a whole `validate`",
        &format!("{:.2}", comment / whole.cpu),
        "0.05",
    );
    let calls = stage.service.counts().calls;
    let Some((head, tail)) = text.split_once("      userTag: ") else {
        return Err(io::Error::other("the manifests name no user"));
    };
    save(&file, &format!("{head}      userTag: New {tail}"))?;
    let first = service.next_call(calls)?;
    row(
        "a saved user to the first call (`debounce` 0.5 s), s",
        &format!("{:.2}", first.as_secs_f64()),
        "0.9",
    );
    service.rest();
    save(&file, &text)?;
    service.rest();
    let resident = measure::memory(service.child.id(), "VmRSS:");
    let each = resident * 1024.0 / f64::from(stage.shape.count());
    row("the service after these, KB a user", &format!("{each:.2}"), "0.6");
    Ok(())
}

/// A round in which all tenants are looked at once and are as they were.
fn round(stage: &Stage) -> io::Result<()> {
    stage.service.reset(stage.shape, Manner::default());
    let service = Service::start(stage, "10s")?;
    service.next_call(0)?;
    service.rest();
    let lists = stage.service.counts().lists;
    // The first round asked for as many as any other; the second one compares what the first one has
    // put on record.
    service.lists(2 * lists)?;
    service.rest();
    let before = service.cpu()?;
    service.lists(3 * lists)?;
    service.rest();
    let each = service.cpu()? - before;
    drop(service);
    let bound = stage.bound("subset")?.cpu;
    row("a round without a change: CPU / reading lines", &format!("{:.1}", each / bound), "4");
    Ok(())
}

/// How many users wait for certainty after a process was killed that sent 64 calls at once.
pub(super) fn kill(stage: &Stage) -> io::Result<()> {
    stage.service.reset(stage.shape, slow(20));
    stage.forget();
    let mut command = stage.command(&["apply", "--yes"], 16);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let half = stage.shape.tenants * stage.shape.users / 2;
    let begun = Instant::now();
    while stage.service.counts().writes < half && begun.elapsed() < PATIENCE {
        sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    let plan = stage.command(&["plan", "--output", "json"], 4).output()?;
    let frozen = String::from_utf8_lossy(&plan.stdout).matches("\"answer-lost\"").count();
    row("killed in mid-run, 64 calls under way: users frozen", &frozen.to_string(), "");
    Ok(())
}

/// As editors and git do it: beside, then in its place.
fn save(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, text)?;
    fs::rename(beside, file)
}
