//! A fleet on disk, a service that stands in for the vendor's, and programs that run against them.

use std::{
    env, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    data::Shape,
    measure::{self, Cost, median},
    stand_in::{Manner, StandIn},
};

/// Where everything is, and the service.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) service: StandIn,
    address: SocketAddr,
    pub(super) shape: Shape,
}

/// The stage of one fleet, for as long as nobody ends it.
pub(super) fn serve(shape: Shape, folder: &Path) -> io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _stage = Stage::new(folder, shape, runtime.handle())?;
    println!("in {}: SECRET=secret dialplane plan", folder.display());
    runtime.block_on(std::future::pending())
}

/// One line of the table.
pub(super) fn row(what: &str, now: &str, goal: &str) {
    println!("| {what} | {now} | {goal} |");
}

impl Shape {
    pub(super) fn count(self) -> u32 {
        u32::try_from(self.tenants * self.users).unwrap_or(u32::MAX)
    }
}

pub(super) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_dialplane")
}

impl Stage {
    pub(super) fn new(
        folder: &Path,
        shape: Shape,
        runtime: &tokio::runtime::Handle,
    ) -> io::Result<Self> {
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
    pub(super) fn ours(&self, arguments: &[&str], side_by_side: usize) -> io::Result<Cost> {
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
    pub(super) fn peer(&self) -> io::Result<Option<(String, Cost)>> {
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

    pub(super) fn plan(&self, rounds: usize) -> io::Result<Cost> {
        let costs = (0..rounds)
            .map(|_| succeeded(self.ours(&["plan"], 4)?))
            .collect::<io::Result<Vec<_>>>()?;
        Ok(middle(&costs))
    }

    /// Applies; everybody is as they are to be, or the figures are worth nothing.
    pub(super) fn apply(&self, shape: Shape, side_by_side: usize) -> io::Result<Cost> {
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

    pub(super) fn post(&self, shape: Shape, at_once: u32) -> io::Result<Cost> {
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
pub(super) fn succeeded(cost: Cost) -> io::Result<Cost> {
    match cost.exit {
        0 | 2 => Ok(cost),
        exit => Err(io::Error::other(format!("a program ended with {exit}"))),
    }
}

pub(super) fn middle(costs: &[Cost]) -> Cost {
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
