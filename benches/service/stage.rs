//! A folder with manifests and a configuration, the sandbox that it points at, and the service.

use std::{
    env,
    fs::{self, File},
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dialplane::{
    manifest::{self, ManifestFile},
    model::Desired,
    sandbox::{Sandbox, World, config_yaml},
};
use serde_json::Value;
use tokio::time::sleep;

/// The longest that anything here is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked.
pub(crate) const LOOK: Duration = Duration::from_millis(2);

pub(crate) struct Stage {
    folder: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
    /// Where the service answers over HTTP.
    pub(crate) port: u16,
}

impl Stage {
    /// So many users in so many tenants; `settings` are further lines of the configuration.
    pub(crate) async fn set(users: usize, tenants: usize, settings: &str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let manifests = folder.path().join("manifests");
        fs::create_dir(&manifests)?;
        let files = crate::made::manifests(users, tenants);
        for (name, text) in &files {
            fs::write(manifests.join(name), loose(text))?;
        }
        let world = World::from_desired(&desired(&files), 1);
        let sandbox = Sandbox::start(world, ([127, 0, 0, 1], 0).into()).await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = config_yaml(&sandbox.base_url()).replace("syncSpacing: 2s", "syncSpacing: 0s");
        let server = format!("server: {{ listen: \"127.0.0.1:{port}\" }}\n");
        fs::write(folder.path().join("dialplane.yaml"), config + &server + settings)?;
        Ok(Self { folder, sandbox, port })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file of a tenant.
    pub(crate) fn file(&self, tenant: usize) -> PathBuf {
        self.path().join(format!("manifests/tenant{tenant:03}.yaml"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let own = || env!("CARGO_BIN_EXE_dialplane").into();
        let mut command = Command::new(env::var_os("DIALPLANE").unwrap_or_else(own));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Starts the service; what it says is in files.
    pub(crate) fn start(&self) -> io::Result<Service> {
        let mut command = self.command(&["run"]);
        command.stdout(File::create(self.path().join("stdout"))?);
        Ok(Service(command.stderr(File::create(self.path().join("stderr"))?).spawn()?))
    }

    /// The status that the service has last written.
    pub(crate) fn status(&self) -> Value {
        let text = fs::read(self.path().join(".dialplane/sandbox/status.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// How many tenants are so.
    pub(crate) fn count(&self, are: impl Fn(&Value) -> bool) -> usize {
        let status = self.status();
        let rows = status["tenants"].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter(|row| are(row)).count()
    }

    /// Waits until so many tenants are as the manifests want.
    pub(crate) async fn until_done(&self, tenants: usize) -> io::Result<Duration> {
        let begun = Instant::now();
        while self.count(|row| row["last"] == "done") < tenants {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other("the tenants never were as the manifests want"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(begun.elapsed())
    }

    /// How many calls the sandbox has taken.
    pub(crate) fn calls(&self) -> u64 {
        self.sandbox.calls().last().map_or(0, |call| call.sequence)
    }
}

/// The service at work.
pub(crate) struct Service(Child);

impl Service {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It keeps nothing that anybody reads after this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything may change at once.
fn loose(text: &str) -> String {
    let limits = "disable: { percent: 100, count: 100000 }, numbers: { percent: 100, count: 100000 }, \
        changes: { percent: 100, count: 100000 }";
    text.replace("disable: { percent: 100, count: 100000 }", limits)
}

fn desired(files: &[(String, String)]) -> Desired {
    let files: Vec<ManifestFile> =
        files.iter().map(|(name, text)| ManifestFile::new(name, text)).collect();
    manifest::load(&files).desired
}

/// As editors and git do it: beside, then in its place.
pub(crate) fn save(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, text)?;
    fs::rename(beside, file)
}

/// A line of what is printed.
pub(crate) fn row(what: &str, value: &str) {
    println!("| {what} | {value} |");
}

/// Median and worst in milliseconds.
pub(crate) fn spread(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort();
    let milliseconds = |time: Option<&Duration>| time.map_or(0, Duration::as_millis);
    let median = milliseconds(sorted.get(sorted.len() / 2));
    format!("{median} ms; {} ms", milliseconds(sorted.last()))
}
