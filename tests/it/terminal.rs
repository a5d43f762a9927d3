//! At a terminal: what is said before something is written, and the question whether it is meant.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    process::{Command, Stdio},
};

use dialplane::{model::Calling, sandbox::World};

use crate::stage::{PROGRAM, Running, Stage, child, dialplane, fleet};

/// Runs at a terminal where `typed` has been typed already; the exit code, and what the terminal
/// and stdout show.
pub(crate) async fn at_a_terminal(
    folder: &Path,
    arguments: &[&str],
    typed: &str,
) -> (i32, String, String) {
    let (mut master, end) = terminal();
    let mut command = dialplane(folder, arguments);
    command.stdin(end.try_clone().unwrap()).stderr(end).stdout(Stdio::piped());
    let typed = typed.to_owned();
    tokio::task::spawn_blocking(move || {
        let child = command.spawn().unwrap();
        // The other end of the terminal belongs to the child alone.
        drop(command);
        master.write_all(typed.as_bytes()).unwrap();
        let shown = std::thread::spawn(move || {
            let mut shown = Vec::new();
            // It ends with an error when nobody is at the other end any more.
            let _ = master.read_to_end(&mut shown);
            String::from_utf8_lossy(&shown).into_owned()
        });
        let ended = child.wait_with_output().unwrap();
        let stdout = String::from_utf8(ended.stdout).unwrap();
        (ended.status.code().unwrap(), shown.join().unwrap(), stdout)
    })
    .await
    .unwrap()
}

/// A terminal of its own for a child: both ends.
fn terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let end = File::options()
        .read(true)
        .write(true)
        .open(std::ffi::OsStr::from_bytes(name.to_bytes()))
        .unwrap();
    (File::from(master), end)
}

/// Starts a command whose controlling terminal is of its own; it goes with the value.
fn in_a_terminal(stage: &Stage, arguments: &[&str]) -> (Running, File) {
    let (master, end) = terminal();
    // SIGHUP may be ignored where the tests were started.
    let mut command = child("env", stage.path());
    let begin = ["--default-signal=HUP", "setsid", "--ctty", PROGRAM];
    command.args(begin).args(arguments).stdin(end);
    (stage.leave(&mut command), master)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_terminal_ends_the_service_in_order_and_a_hangup_alone_does_not() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let (mut service, master) = in_a_terminal(&stage, &["run"]);
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    service.signal("-HUP");
    let read = || stage.text("stderr").contains("the configuration was read again");
    service.until("the configuration", read).await;
    drop(master);
    let ended = tokio::task::spawn_blocking(move || service.child.wait().unwrap());
    assert_eq!(ended.await.unwrap().code(), Some(0), "{}", stage.text("stderr"));
    let log = stage.text("stderr");
    assert!(log.contains("stopping: running calls may end"), "{log}");
    assert!(!log.contains("stopped at once"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_terminal_lets_the_call_of_an_apply_end_and_begins_no_other() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    let text = fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false");
    std::fs::write(stage.manifest(), text).unwrap();
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 100);
    let (mut apply, master) = in_a_terminal(&stage, &["apply", "--yes"]);
    let updates = || stage.writes().iter().filter(|path| path.contains("updateUser")).count();
    apply.until("the first update", || updates() > 0).await;
    drop(master);
    let ended = tokio::task::spawn_blocking(move || apply.child.wait().unwrap());
    let code = ended.await.unwrap().code();
    assert!(code.is_some(), "a signal killed it: {}", stage.text("stderr"));
    assert!(updates() < 33, "{} updates", updates());
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    let history = stage.run(&["history"]).await.stdout;
    assert!(!history.contains("lost answer"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_says_where_it_writes_and_asks() {
    let stage = Stage::drifted().await;
    for typed in ["no\n", "\n", "YES\n", "y\n", "\u{4}"] {
        let (code, shown, stdout) = at_a_terminal(stage.path(), &["apply"], typed).await;
        assert_eq!(code, 1, "{shown}{stdout}");
        assert!(shown.contains("account sandbox-admin at 127.0.0.1:"), "{shown}");
        assert!(
            shown.contains("person loses calling. Type `yes`")
                || shown.contains("people lose calling. Type `yes`"),
            "{shown}"
        );
        assert!(shown.contains("nothing was changed: "), "{shown}");
        assert!(
            stdout.contains("plan: ") && !stdout.contains("done:"),
            "the plan is shown before the question: {stdout}"
        );
        assert_eq!(stage.writes(), [""; 0]);
    }
    // Where stdout is for a machine, the plan is shown at the terminal.
    let (code, shown, stdout) =
        at_a_terminal(stage.path(), &["apply", "--output", "json"], "no\n").await;
    assert!(code == 1 && shown.contains("plan: ") && stdout.is_empty(), "{shown}{stdout}");
    let (code, shown, stdout) = at_a_terminal(stage.path(), &["apply"], "yes\n").await;
    assert!(code == 3 && stdout.contains("done: "), "{shown}{stdout}");
    let written = stage.writes().len();
    assert!(written > 0);
    // Nothing to write, nothing to ask.
    let (code, shown, _) = at_a_terminal(stage.path(), &["apply"], "").await;
    assert!(code == 3 && !shown.contains("Type"), "{shown}");
    // The way back asks as well.
    let list: serde_json::Value =
        serde_json::from_str(&stage.run(&["history", "--output", "json"]).await.stdout).unwrap();
    let run = list["runs"][0]["run"].as_str().unwrap();
    let (code, shown, _) = at_a_terminal(stage.path(), &["undo", run, "--apply"], "no\n").await;
    assert!(code == 1 && shown.contains("account ") && shown.contains("Type `yes`"), "{shown}");
    assert_eq!(stage.writes().len(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_rehearsals_and_dry_runs_are_not_asked() {
    let stage = Stage::drifted().await;
    let (code, shown, _) = at_a_terminal(stage.path(), &["plan"], "").await;
    assert!(
        code == 2 && shown.contains("account sandbox-admin at") && !shown.contains("Type"),
        "{shown}"
    );
    let (code, shown, _) = at_a_terminal(stage.path(), &["apply", "--sandbox"], "").await;
    assert!(
        (code == 0 || code == 3) && shown.contains("REHEARSAL: the sandbox at http://127.0.0.1:"),
        "{code} {shown}"
    );
    assert!(shown.contains("no real phone is touched") && !shown.contains("Type"), "{shown}");
    assert_eq!(stage.writes(), [""; 0]);
    let (code, shown, _) = at_a_terminal(stage.path(), &["apply", "--yes"], "").await;
    assert!(code == 3 && !shown.contains("Type"), "{shown}");
    assert_eq!(stage.calling("adatum", "user7@adatum.example"), Calling::Disabled);
    // Without a terminal it says where, and goes on.
    let again = stage.run(&["apply"]).await;
    assert!(
        again.code == 3 && again.stderr.contains("account sandbox-admin at"),
        "{}",
        again.stderr
    );
    let useless = stage.run(&["run", "--yes"]).await;
    assert_eq!(useless.code, 1, "{}", useless.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_text_goes_through_a_pager_only_at_a_terminal() {
    let stage = Stage::drifted().await;
    let page = async |arguments: &[&str], pager: &str| {
        at_a_terminal_of(stage.path(), arguments, &[("DIALPLANE_PAGER", pager)], 80).await
    };
    let (code, shown) = page(&["plan"], "sed s/^/PAGED:/").await;
    assert_eq!(code, 2, "the pager changes no exit code");
    assert!(shown.contains("PAGED:") && shown.contains("would lose calling"), "{shown}");
    let (_, shown) = page(&["plan", "--no-pager"], "sed s/^/PAGED:/").await;
    assert!(!shown.contains("PAGED:") && shown.contains("would lose calling"), "{shown}");
    for pager in ["", "cat", "/no/such/pager"] {
        let (code, shown) = page(&["plan"], pager).await;
        assert_eq!(code, 2);
        assert!(shown.contains("would lose calling"), "{pager}: {shown}");
    }
    for long in [&["guide", "night"][..], &["guide"], &["explain"], &["explain", "not-visible"]] {
        let (_, shown) = page(long, "sed s/^/PAGED:/").await;
        assert!(shown.contains("PAGED:"), "{long:?}: {shown}");
    }
    let piped = stage.run(&["plan"]).await;
    assert!(!piped.stdout.contains("PAGED:") && piped.stdout.contains("would lose calling"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_terminal_gets_whole_lines() {
    let stage = Stage::drifted().await;
    for width in [60, 80, 120] {
        let (_, shown) = at_a_terminal_of(stage.path(), &["plan", "--no-pager"], &[], width).await;
        let shown = crate::filters::plain(&shown);
        // A bar is drawn over itself.
        let lines = shown.lines().filter_map(|line| line.trim_end().rsplit('\r').next());
        let long: Vec<&str> = lines.filter(|line| line.chars().count() > width.into()).collect();
        assert!(long.is_empty(), "{width}: {long:?}\n{shown}");
        assert!(shown.contains("manifests/fleet.yaml:"), "{shown}");
    }
}

/// Runs with all three streams at a terminal of so many columns.
async fn at_a_terminal_of(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
    columns: u16,
) -> (i32, String) {
    let mut command = dialplane(folder, arguments);
    command.envs(variables.iter().copied());
    shown_by(command, columns, true).await
}

/// What stdout shows at a terminal of so many columns, with its colours.
pub(crate) async fn stdout_at_a_terminal_of(
    folder: &Path,
    arguments: &[&str],
    columns: u16,
) -> String {
    let (_, shown) = shown_by(dialplane(folder, arguments), columns, false).await;
    shown.replace('\r', "")
}

/// What a command shows at a terminal: all of it, or only what it prints on stdout.
async fn shown_by(mut command: Command, columns: u16, all: bool) -> (i32, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())).to_owned();
    let end = || File::options().read(true).write(true).open(&path).unwrap();
    let size = rustix::termios::Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    command.stdin(end()).stdout(end()).env("TERM", "xterm");
    command.stderr(if all { end().into() } else { Stdio::null() });
    let mut master = File::from(master);
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        drop(command);
        let shown = std::thread::spawn(move || {
            let mut shown = Vec::new();
            let _ = master.read_to_end(&mut shown);
            String::from_utf8_lossy(&shown).into_owned()
        });
        let code = child.wait().unwrap().code().unwrap();
        (code, shown.join().unwrap())
    })
    .await
    .unwrap()
}
