//! A stage for the real binary: a folder with manifests and a configuration, and the sandbox that
//! it points at over a socket.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use dialplane::{
    manifest::{self, ManifestFile},
    model::{Calling, Desired, TenantName, Upn},
    sandbox::{Sandbox, World, config_yaml},
};

use crate::support::impatient;

/// Longest wait for something that a process is to do; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A small fleet: three tenants of twelve.
pub(crate) fn fleet() -> String {
    let mut text = String::new();
    for (number, tenant) in ["adatum", "contoso", "fabrikam"].iter().enumerate() {
        text += &format!(
            "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
                {{ name: {tenant} }}\nspec:\n  tenantId: \
                00000000-0000-4000-8000-00000000000{number}\n  mode: enforce\n  prune: \
                never\n  defaults: \
                {{ sbcGatewayId: 805, useTeamsVoicemail: true }}\n---\napiVersion: \
                dialplane/v1\nkind: UserSet\nmetadata: \
                {{ name: all, tenant: {tenant} }}\nspec:\n  users:\n"
        );
        for user in 0..12 {
            let calling = if user == 7 { "disabled" } else { "enabled" };
            text += &format!(
                "    - userPrincipalName: user{user}@{tenant}.example\n      calling: \
                    {calling}\n      phoneNumber: \"+1425555{number}{user:03}\"\n"
            );
        }
    }
    text
}

pub(crate) fn desired(text: &str) -> Desired {
    let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", text)]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.desired
}

/// A folder with manifests and a configuration, and the sandbox that it points at.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
}

impl Stage {
    pub(crate) async fn set(world: impl FnOnce(&Desired) -> World) -> Self {
        Self::with(fleet(), world).await
    }

    /// The same with other manifests.
    pub(crate) async fn with(text: String, world: impl FnOnce(&Desired) -> World) -> Self {
        let folder = crate::folder::folder();
        fs::create_dir(folder.path().join("manifests")).unwrap();
        fs::write(folder.path().join("manifests/fleet.yaml"), &text).unwrap();
        let sandbox =
            Sandbox::start(world(&desired(&text)), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let config = impatient(&config_yaml(&sandbox.base_url()))
            .replace("syncSpacing: 2s", "syncSpacing: 0s")
            // No test may see it pass by chance on a busy machine.
            .replace("settle: 5s, firstSettle: 5s", "settle: 10m, firstSettle: 10m")
            + "run: { debounce: 50ms, poll: 1s, backoff: 100ms }\n";
        fs::write(folder.path().join("dialplane.yaml"), config).unwrap();
        Self { folder, sandbox }
    }

    pub(crate) async fn drifted() -> Self {
        Self::set(|desired| World::drifted(desired, 1)).await
    }

    /// What a process that was started has written so far: `stdout` or `stderr`.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// Changes a passage of the configuration.
    pub(crate) fn configure(&self, before: &str, after: &str) {
        let path = self.path().join("dialplane.yaml");
        let config = fs::read_to_string(&path).unwrap();
        assert!(config.contains(before), "the configuration has no `{before}`");
        fs::write(path, config.replace(before, after)).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.path().join("manifests/fleet.yaml")
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_in(self.path(), arguments).await
    }

    /// The same, begun in another folder.
    pub(crate) async fn run_in(&self, folder: &Path, arguments: &[&str]) -> Ended {
        let mut command = dialplane(folder, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Ended::from(output)
    }

    /// Starts and leaves running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.leave(&mut dialplane(self.path(), arguments))
    }

    /// The same for a command that was prepared.
    pub(crate) fn leave(&self, command: &mut Command) -> Running {
        leave_in(self.path(), command)
    }

    /// A process that was started by other means, with the same logs.
    pub(crate) fn running(&self, child: Child) -> Running {
        Running { child, folder: self.path().to_owned() }
    }

    /// The writes so far: method and path, tenants and users as they came.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.sandbox.writes().into_iter().map(|call| call.path).collect()
    }

    pub(crate) fn calling(&self, tenant: &str, user: &str) -> Calling {
        let (tenant, user) = (TenantName::parse(tenant).unwrap(), Upn::parse(user).unwrap());
        self.sandbox.world(|world| world.tenant(&tenant).unwrap().1.users[&user].calling)
    }
}

/// Starts a command and leaves it running. Its logs are in a folder.
pub(crate) fn leave_in(folder: &Path, command: &mut Command) -> Running {
    let log = |name: &str| fs::File::create(folder.join(name)).unwrap();
    let child = command.stdout(log("stdout")).stderr(log("stderr")).spawn().unwrap();
    Running { child, folder: folder.to_owned() }
}

/// Whether a program is here that a test needs. Where it is not, the test is left out, and says so;
/// a machine that is to prove a change has to have it.
pub(crate) fn is_here(program: &str, argument: &str) -> bool {
    let mut probe = child(program, Path::new("/"));
    probe.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
    needed(probe.status().is_ok(), program)
}

/// The same for what else a test needs.
pub(crate) fn needed(is_here: bool, what: &str) -> bool {
    assert!(is_here || std::env::var_os("CI").is_none(), "{what} is missing: install it");
    if !is_here {
        left_out(&format!("{what} is missing"));
    }
    is_here
}

/// Tells that a test is left out on this machine, and why. It is written past the harness, which
/// keeps what a test that passes prints to itself.
pub(crate) fn left_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let text = format!("\nleft out: {test}: {why}\n");
    io::stderr().write_all(text.as_bytes()).unwrap();
}

/// The binary.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_dialplane");

pub(crate) fn dialplane(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = child(PROGRAM, folder);
    command.args(arguments).env("USER", "ada");
    command
}

/// What a child process gets of the environment of the tests: where programs and files are, and a
/// clock, a time zone and a language that may be any.
const INHERITED: [&str; 8] = [
    "PATH",
    "TMPDIR",
    "TZ",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LLVM_PROFILE_FILE",
];

/// A process in `folder` that knows nothing of whoever runs the tests: no variables, no home, no
/// settings of git.
pub(crate) fn child(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let inherited = |name: &str| INHERITED.contains(&name) || name.starts_with("FAKETIME");
    command.env_clear().envs(std::env::vars().filter(|(name, _)| inherited(name)));
    command.envs([
        ("HOME", "/nonexistent"),
        ("NO_COLOR", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
    ]);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Git in `folder`, by somebody with a name and an address.
pub(crate) fn git(folder: &Path, (name, email): (&str, &str), arguments: &[&str]) {
    let author =
        [("user.name", name), ("user.email", email)].map(|(key, value)| format!("{key}={value}"));
    let ended = child("git", folder)
        .args(["-c", &author[0], "-c", &author[1]])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

/// Makes a program of a text. A shell writes it: what this process has open for writing, a child of
/// another test may keep open, and then the system does not start it.
pub(crate) fn script(path: &Path, text: &str) {
    let mut shell = child("sh", Path::new("/"));
    shell.args(["-c", "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]).arg(path).arg(text);
    assert!(shell.status().unwrap().success(), "{}", path.display());
}

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

pub(crate) struct Running {
    pub(crate) child: Child,
    folder: PathBuf,
}

impl Running {
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn() -> bool) {
        let begin = Instant::now();
        while !done() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begin.elapsed() < PATIENCE,
                "never came: {what}; {ended:?}\n{}{}",
                self.text("stdout"),
                self.text("stderr")
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Asks it to stop, as soon as it listens, and tells how it ended. What shows that it works may be
    /// the late call of a process before it.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let id = self.child.id();
        self.until("it listens", || listens(id)).await;
        self.signal("-TERM");
        tokio::task::spawn_blocking(move || self.child.wait().unwrap().code()).await.unwrap()
    }
}

/// Whether a process catches SIGTERM, or has ended.
fn listens(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
    let caught = line("SigCgt:").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    let has_ended = line("State:").is_none_or(|state| state.starts_with('Z'));
    has_ended || caught.is_some_and(|mask| mask & 1 << 14 != 0)
}

impl Drop for Running {
    /// A test that fails must not leave a service behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
