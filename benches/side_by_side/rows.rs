//! The rows of the table.

use std::{
    env, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    data::{self, Shape},
    measure::{self, Cost, median},
    service,
    stand_in::{Manner, StandIn},
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

/// Where everything is, and the service.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) service: StandIn,
    address: SocketAddr,
    pub(super) shape: Shape,
}

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

/// The stage of one fleet, for as long as nobody ends it.
pub(super) fn serve(shape: Shape, folder: &Path) -> io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _stage = Stage::new(folder, shape, runtime.handle())?;
    println!("in {}: SECRET=secret dialplane plan", folder.display());
    runtime.block_on(std::future::pending())
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

pub(super) fn row(what: &str, now: &str, goal: &str) {
    println!("| {what} | {now} | {goal} |");
}

impl Shape {
    pub(super) fn count(self) -> u32 {
        u32::try_from(self.tenants * self.users).unwrap_or(u32::MAX)
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

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_dialplane")
}

impl Stage {
    fn new(folder: &Path, shape: Shape, runtime: &tokio::runtime::Handle) -> io::Result<Self> {
        shape.write(folder)?;
        let service = StandIn::new(shape);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let router = service.clone().router();
        runtime.spawn(async move { axum::serve(listener, router).await });
        fs::write(folder.join("dialplane.yaml"), config(address))?;
        Ok(Self { folder: folder.to_owned(), service, address, shape })
    }

    /// Our program with a new journal, and so many users of a tenant side by side.
    fn ours(&self, arguments: &[&str], side_by_side: usize) -> io::Result<Cost> {
        self.forget();
        measure::run(&mut self.command(arguments, side_by_side))
    }

    /// Our program on this stage, with so many users of a tenant side by side.
    pub(super) fn command(&self, arguments: &[&str], side_by_side: usize) -> Command {
        let mut command = Command::new(program());
        command.current_dir(&self.folder).args(arguments).env("SECRET", "secret");
        command.env("DIALPLANE_EXECUTION__USERS_PER_TENANT", side_by_side.to_string());
        command
    }

    /// Lets the journal go.
    pub(super) fn forget(&self) {
        let _ = fs::remove_dir_all(self.folder.join("state"));
    }

    pub(super) fn bound(&self, reader: &str) -> io::Result<Cost> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["bound", reader]).arg(&self.folder).arg(self.address.to_string());
        succeeded(measure::run(&mut command)?)
    }

    /// A program that somebody named, if one is.
    fn peer(&self) -> io::Result<Option<(String, Cost)>> {
        let Ok(peer) = env::var("PEER") else { return Ok(None) };
        let (name, words) = peer.split_once('=').unwrap_or(("peer", &peer));
        let (folder, address) =
            (self.folder.display().to_string(), format!("http://{}", self.address));
        let mut words = words
            .split_whitespace()
            .map(|word| word.replace("@D", &folder).replace("@U", &address));
        let mut command = Command::new(words.next().unwrap_or_default());
        Ok(Some((name.to_owned(), succeeded(measure::run(command.args(words))?)?)))
    }

    fn plan(&self, rounds: usize) -> io::Result<Cost> {
        let costs = (0..rounds)
            .map(|_| succeeded(self.ours(&["plan"], 4)?))
            .collect::<io::Result<Vec<_>>>()?;
        Ok(middle(&costs))
    }

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

    /// Applies; everybody is as they are to be, or the figures are worth nothing.
    fn apply(&self, shape: Shape, side_by_side: usize) -> io::Result<Cost> {
        self.forget();
        let mut command = self.command(&["apply", "--yes"], side_by_side);
        // Before somebody loses calling the manifests have to rest for half a second, at leisure.
        command.env("DIALPLANE_RUN__DEBOUNCE", "10ms");
        let cost = succeeded(measure::run(&mut command)?)?;
        match self.service.wrong(shape) {
            0 => Ok(cost),
            wrong => Err(io::Error::other(format!("{wrong} users are not as they are to be"))),
        }
    }

    fn post(&self, shape: Shape, at_once: u32) -> io::Result<Cost> {
        let mut command = Command::new(env::current_exe()?);
        let counts = [shape.count().to_string(), at_once.to_string()];
        command.arg("post").args(counts).arg(self.address.to_string());
        succeeded(measure::run(&mut command)?)
    }
}

/// A service whose answers take so many milliseconds.
pub(super) fn slow(ms: u64) -> Manner {
    Manner { delay: Duration::from_millis(ms), ..Manner::default() }
}

/// A plan may end with changes pending, and then with 2.
fn succeeded(cost: Cost) -> io::Result<Cost> {
    match cost.exit {
        0 | 2 => Ok(cost),
        exit => Err(io::Error::other(format!("a program ended with {exit}"))),
    }
}

fn middle(costs: &[Cost]) -> Cost {
    let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
    Cost {
        cpu: of(|cost| cost.cpu),
        wall: of(|cost| cost.wall),
        peak: of(|cost| cost.peak),
        exit: 0,
    }
}

fn config(address: SocketAddr) -> String {
    format!(
        "manifests: manifests\nstate: {{ path: state }}\n\
         execution: {{ usersPerTenant: 4, tenants: 4, perHour: {{ disable: 1000000, numbers: 1000000, changes: 1000000 }} }}\n\
         connectToTeams:\n  baseUrl: http://{address}\n  clientId: provider\n  clientSecret: {{ env: SECRET }}\n  \
         username: admin@example.com\n  password: {{ env: SECRET }}\n  resellerId: 1\n  endpoints:\n    listUsers:\n      \
         call: {{ method: GET, path: \"/provisioning/users?tenantId={{tenantId}}\" }}\n      paging: datatables\n      \
         items: /data\n      user: /teamsUserId\n      \
         calling: {{ at: /callingEnabled, enabled: [\"true\"], disabled: [\"false\"] }}\n      \
         fields: {{ phoneNumber: /phoneNumber, sbcGatewayId: /sbcGatewayId, callPolicy.name: /callPolicyInfo/callPolicyName, userTag: /displayName }}\n"
    )
}
