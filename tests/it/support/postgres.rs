//! A PostgreSQL of the tests: a cluster in a folder of its own, on a socket in that folder, without
//! a port. One serves all tests, each in a schema of its own; a test that stops its server has one
//! to itself.
//!
//! A shell waits for the end of the test process, however it ends, then stops the server and removes
//! the folder.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use dialplane::config::{Postgres, SecretSource};

use crate::stage::{child, needed};

/// The cluster that tests share.
static SHARED: LazyLock<Option<Cluster>> = LazyLock::new(Cluster::begin);
/// Schemas so far.
static SCHEMAS: AtomicUsize = AtomicUsize::new(0);
/// What a server is started with: no port, and no waiting for the disk.
const OPTIONS: &str = "-c listen_addresses= -c fsync=off -c max_connections=200 -c \
    shared_buffers=16MB -c log_min_messages=fatal";
/// Stops the server and removes all once nothing can be read any more.
const WATCHER: &str = "cat >/dev/null; cd /; pid=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null); \
    [ -z \"$pid\" ] || kill -QUIT \"$pid\" 2>/dev/null; \
    while [ -n \"$pid\" ] && kill -0 \"$pid\" 2>/dev/null; do sleep 0.05; done; rm -rf \"$1\"";

/// A server of its own.
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    watcher: Child,
}

/// A schema of a server, for one test.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) schema: String,
}

/// A schema that no other test has. None where there is no PostgreSQL: the test is left out then.
pub(crate) fn database() -> Option<Database> {
    let cluster = SHARED.as_ref();
    needed(cluster.is_some(), "PostgreSQL (initdb, pg_ctl)").then_some(cluster?.database())
}

/// A server that the test may stop.
pub(crate) fn cluster() -> Option<Cluster> {
    let cluster = Cluster::begin();
    needed(cluster.is_some(), "PostgreSQL (initdb, pg_ctl)").then_some(cluster?)
}

impl Cluster {
    fn begin() -> Option<Self> {
        let programs = programs()?;
        let folder = crate::folder::folder().keep();
        let account = rustix::process::geteuid().is_root().then(unprivileged);
        if let Some((user, group)) = account {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let mut watcher = by(account, "sh", &folder);
        watcher.args(["-c", WATCHER, "sh"]).arg(&folder).stdin(Stdio::piped());
        watcher.stdout(Stdio::null()).stderr(Stdio::null());
        let watcher = watcher.spawn().unwrap();
        let cluster = Self { folder, programs, account, watcher };
        let data = cluster.folder.join("data");
        let mut make = cluster.program("initdb");
        make.args([
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
            "-U",
            "dialplane",
            "-D",
        ]);
        cluster.done(make.arg(&data));
        cluster.start();
        Some(cluster)
    }

    /// Starts the server, and waits until it answers.
    pub(crate) fn start(&self) {
        self.start_with("");
    }

    /// The same with other options besides: the last of a kind counts.
    pub(crate) fn start_with(&self, more: &str) {
        let options = format!("{OPTIONS} -k {} {more}", self.folder.display());
        let mut start = self.control();
        start.args(["-w", "-l"]).arg(self.folder.join("log")).args(["-o", &options, "start"]);
        self.done(&mut start);
    }

    /// Ends the server at once, as a crash does.
    pub(crate) fn stop_hard(&self) {
        self.done(self.control().args(["-m", "immediate", "-w", "stop"]));
    }

    /// What a second server has that hears nothing more from now on.
    pub(crate) fn falls_behind(&self) {
        self.stop_hard();
        let mut copy = by(self.account, "cp", &self.folder);
        self.done(copy.args(["-a", "data", "behind"]));
        self.start();
    }

    /// The server is lost, and that second one is promoted in its place.
    pub(crate) fn promote(&self) {
        self.stop_hard();
        fs::remove_dir_all(self.folder.join("data")).unwrap();
        fs::rename(self.folder.join("behind"), self.folder.join("data")).unwrap();
        self.put("data/standby.signal", "");
        self.start();
        self.done(self.control().args(["-w", "promote"]));
    }

    /// A file that the server may read, and nobody else.
    pub(crate) fn put(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.join(path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = self.account {
            chown(&path, Some(user), Some(group)).unwrap();
        }
        path
    }

    /// A schema of its own.
    pub(crate) fn database(&self) -> Database {
        let host = self.folder.display().to_string().replace('/', "%2F");
        let number = SCHEMAS.fetch_add(1, Ordering::SeqCst);
        Database {
            url: format!("postgres://dialplane@{host}/postgres"),
            schema: format!("test_{}_{number}", std::process::id()),
        }
    }

    fn control(&self) -> Command {
        let mut control = self.program("pg_ctl");
        control.arg("-D").arg(self.folder.join("data"));
        control
    }

    fn program(&self, name: &str) -> Command {
        by(self.account, self.programs.join(name), &self.folder)
    }

    fn done(&self, command: &mut Command) {
        // Not through a pipe: the server would hold its end.
        let log = fs::File::create(self.folder.join("made")).unwrap();
        let ended = command.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
        let text = || fs::read_to_string(self.folder.join("made")).unwrap_or_default();
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert!(ended.success(), "{command:?}: {}\n{}", text(), log());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

impl Database {
    /// The settings that name it.
    pub(crate) fn settings(&self) -> Postgres {
        Postgres {
            url: SecretSource::Rehearsal(self.url.clone()),
            root_certificate: None,
            schema: self.schema.clone(),
            takeover: Postgres::default_takeover(),
        }
    }
}

/// A program by an account: a server refuses to be root's. Its clock is the machine's.
fn by(account: Option<(u32, u32)>, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = child(program, folder);
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("FAKETIME")) {
        command.env_remove(name);
    }
    command.env_remove("LD_PRELOAD").env("LC_ALL", "C");
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

/// An account that may nothing.
fn unprivileged() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.starts_with("nobody:")).unwrap();
    let ids: Vec<u32> = line.split(':').skip(2).take(2).map(|id| id.parse().unwrap()).collect();
    (ids[0], ids[1])
}

/// Where the programs of a server are.
fn programs() -> Option<PathBuf> {
    let told = child("pg_config", Path::new("/")).arg("--bindir").output().ok();
    let told = told.and_then(|told| String::from_utf8(told.stdout).ok());
    let told = told.map(|told| PathBuf::from(told.trim()));
    let named = env::var_os("PG_BIN").map(PathBuf::from);
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    let number = |path: &PathBuf| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    };
    versions.sort_by_key(number);
    let places = named.into_iter().chain(told).chain([PathBuf::from("/usr/local/bin")]);
    let mut places = places.chain(versions.into_iter().rev());
    places
        .find(|place| ["initdb", "pg_ctl", "postgres"].iter().all(|name| place.join(name).exists()))
}
