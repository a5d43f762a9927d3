//! The rows of the table.

use std::{env, fs, io, path::Path, process::Command};

use super::{
    data::{self, Shape},
    measure::{self, Cost, median},
    service,
    stage::{Stage, middle, program, row, slow, succeeded},
    stand_in::Manner,
};

/// Runs of each command, in turn with the others.
const ROUNDS: usize = 5;
const SMALL: Shape = Shape { tenants: 10, users: 100, drift: 0 };
const MIDDLE: Shape = Shape { tenants: 10, users: 1_000, drift: 0 };
const LARGE: Shape = Shape { tenants: 10, users: 10_000, drift: 0 };
const ONE: Shape = Shape { tenants: 1, users: 100_000, drift: 0 };
const HUGE: Shape = Shape { tenants: 1_000, users: 1_000, drift: 0 };
/// Four tenants at once have the same work at any time.
const EVEN: Shape = Shape { tenants: 8, users: 1_250, drift: 100 };

/// Measures and prints everything.
pub(super) fn print() -> io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores; medians of {ROUNDS} runs in turn; CPU of all threads\n");
    println!("| what | now | goal |\n| --- | --- | --- |");
    let folder = env::temp_dir().join(format!("dialplane-side-by-side-{}", std::process::id()));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let done = rows(&folder, runtime.handle());
    let _ = fs::remove_dir_all(&folder);
    done
}

fn rows(folder: &Path, runtime: &tokio::runtime::Handle) -> io::Result<()> {
    let small = Stage::new(&folder.join("small"), SMALL, runtime)?.plans(false)?;
    let middle = Stage::new(&folder.join("middle"), MIDDLE, runtime)?;
    let of_middle = middle.plans(false)?;
    let stage_of_large = Stage::new(&folder.join("large"), LARGE, runtime)?;
    let large = stage_of_large.plans(true)?;
    let per_user = (large.peak - small.peak) * 1024.0 / f64::from(LARGE.count() - SMALL.count());
    row("KB a user, plan", &format!("{per_user:.2}"), "0.6");
    let one = Stage::new(&folder.join("one"), ONE, runtime)?.plan(1)?;
    row("peak MiB, plan of 100,000 users in one tenant", &format!("{:.0}", one.peak), "80");
    let mut largest = (LARGE, large.cpu);
    if env::var_os("BIG").is_some() {
        let huge = Stage::new(&folder.join("huge"), HUGE, runtime)?.plan(1)?;
        row("peak MiB, plan of 1,000 x 1,000 users", &format!("{:.0}", huge.peak), "250");
        largest = (HUGE, huge.cpu);
    } else {
        row("peak MiB, plan of 1,000 x 1,000 users", "not run without BIG=1", "250");
    }
    let growth = (largest.1 / of_middle.cpu).ln()
        / (f64::from(largest.0.count()) / f64::from(MIDDLE.count())).ln();
    let what = format!("growth exponent of a plan, 10,000 to {} users", grouped(largest.0.count()));
    row(&what, &format!("{growth:.2}"), "1.03");
    mistakes(folder)?;
    service::rows(&stage_of_large)?;
    Stage::new(&folder.join("even"), EVEN, runtime)?.waits()?;
    middle.writes()
}

/// A count as people read it.
fn grouped(count: u32) -> String {
    match (count / 1_000_000, count / 1_000 % 1_000, count % 1_000) {
        (0, thousands, rest) => format!("{thousands},{rest:03}"),
        (millions, thousands, rest) => format!("{millions},{thousands:03},{rest:03}"),
    }
}

/// Two users of each number: how the work grows with the mistakes.
fn mistakes(folder: &Path) -> io::Result<()> {
    let validate = |users: usize| -> io::Result<f64> {
        let file = folder.join(format!("doubled-{users}.yaml"));
        data::doubled(users, &file)?;
        let cost = measure::run(Command::new(program()).arg("validate").arg(&file))?;
        Ok(cost.cpu)
    };
    let few = validate(8_000)?;
    let many = validate(32_000)?;
    let growth = (many / few).ln() / 4.0_f64.ln();
    row("growth exponent of mistakes in bulk, 8,000 to 32,000", &format!("{growth:.2}"), "1.1");
    Ok(())
}

impl Stage {
    /// Plans in turn with the bounds; prints the ratios if they are asked for.
    fn plans(&self, told: bool) -> io::Result<Cost> {
        let mut ours = vec![];
        let mut to_yaml = vec![];
        let mut to_subset = vec![];
        let mut to_peer = vec![];
        let mut name = None;
        for _ in 0..ROUNDS {
            let plan = succeeded(self.ours(&["plan"], 4)?)?;
            if told {
                to_yaml.push(plan.cpu / self.bound("yaml")?.cpu);
                to_subset.push(plan.cpu / self.bound("subset")?.cpu);
                if let Some((peer, cost)) = self.peer()? {
                    to_peer.push(plan.cpu / cost.cpu);
                    name = Some(peer);
                }
            }
            ours.push(plan);
        }
        let ours = middle(&ours);
        if told {
            let what = format!("plan of {} users, nothing to do", grouped(self.shape.count()));
            row(&format!("{what}: CPU s"), &format!("{:.2}", ours.cpu), "");
            row(
                &format!("{what}: CPU / reading with `yaml_serde`"),
                &format!("{:.2}", median(to_yaml)),
                "0.75",
            );
            row(&format!("{what}: CPU / reading lines"), &format!("{:.1}", median(to_subset)), "5");
            let peer = if to_peer.is_empty() {
                "no PEER named".to_owned()
            } else {
                format!("{:.2}", median(to_peer))
            };
            row(
                &format!("{what}: CPU / {}", name.as_deref().unwrap_or("a script with aiohttp")),
                &peer,
                "0.08",
            );
            row(&format!("{what}: peak MiB"), &format!("{:.0}", ours.peak), "60");
        }
        Ok(ours)
    }

    /// What waits for the answers to 64 writes at once.
    fn waits(&self) -> io::Result<()> {
        self.service.reset(self.shape, slow(20));
        let apply = self.apply(self.shape, 16)?;
        let post = self.post(self.shape, 64)?;
        let what = "apply of 10,000 changes at 20 ms, 64 at once";
        let ideal = f64::from(self.shape.count()) / 64.0 * 0.02;
        row(&format!("{what} / ideal"), &format!("{:.2}", apply.wall / ideal), "1.15");
        row(&format!("{what} / calls by hand"), &format!("{:.2}", apply.wall / post.wall), "");
        service::kill(self)
    }

    /// Everything else that writes, and what waits for the service.
    fn writes(&self) -> io::Result<()> {
        self.service.reset(self.shape, slow(200));
        let trips = self.ours(&["plan"], 4)?.wall / 0.2;
        row("plan of 10,000 users at 200 ms, in round trips", &format!("{trips:.1}"), "4");
        let drifted = Shape { drift: 100, ..self.shape };
        let count = f64::from(drifted.count());
        self.service.reset(drifted, Manner::default());
        let plan = self.ours(&["plan"], 4)?;
        let apply = self.apply(drifted, 16)?;
        let post = self.post(drifted, 1)?;
        let each = (apply.cpu - plan.cpu) / count;
        row("CPU a change, ms", &format!("{:.3}", each * 1000.0), "");
        row("CPU a change / a call by hand", &format!("{:.1}", each / (post.cpu / count)), "");
        let tenth = Shape { drift: 10, ..self.shape };
        let changes = f64::from(tenth.count()) / 10.0;
        self.service.reset(tenth, Manner { rate: Some((200.0, 50.0)), ..Manner::default() });
        let limited = self.apply(tenth, 4)?;
        row(
            "200 calls a second, burst 50, 1,000 changes / ideal",
            &format!("{:.2}", limited.wall / ((changes - 50.0) / 200.0)),
            "1.1",
        );
        row("answers 429 on the way", &self.service.counts().limited.to_string(), "20");
        self.service.reset(tenth, Manner { fails_after: Some(500), ..Manner::default() });
        let _ = self.ours(&["apply", "--yes"], 4)?;
        row(
            "a service that fails in mid-run: users frozen",
            &self.service.counts().failed.to_string(),
            "20",
        );
        Ok(())
    }
}
