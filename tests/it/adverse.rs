//! The real binary on a machine that fails it: a disk that fills up at any moment, a state that
//! cannot be written. (A clock that jumps is in the simulator: a process takes the time of the
//! machine.)

use std::{path::Path, process::Command};

use dialplane::sandbox::{FaultRule, InjectedFault, Route};

use crate::{
    kill::{everybody, finish, stage, unsynced},
    stage::{Ended, Stage, child, dialplane},
};

/// The program begun by a shell that first does something to itself.
fn behind(stage: &Stage, before: &str, arguments: &[&str]) -> Command {
    let program = dialplane(stage.path(), arguments);
    let mut shell = child("sh", stage.path());
    shell
        .args(["-c", &format!("{before} && exec \"$@\""), "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    shell
}

async fn ended(mut command: Command) -> Ended {
    Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_at_any_moment_loses_nothing() {
    let calm = stage(1).await;
    finish(&calm).await;
    let right = everybody(&calm);
    let (mut refused, mut cut_off) = (0, 0);
    // In blocks of 512 bytes. Whatever the store writes, one of these ends in its middle.
    for blocks in [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 72, 80, 96, 128, 192] {
        let stage = stage(1).await;
        let full =
            ended(behind(&stage, &format!("trap '' XFSZ && ulimit -f {blocks}"), &["apply"])).await;
        assert!(matches!(full.code, 1 | 3 | 4), "{blocks}: {}{}", full.stdout, full.stderr);
        let sent = stage.writes().len();
        match full.code {
            1 => {
                refused += 1;
                assert!(
                    full.stderr.contains("error: ") && full.stderr.contains("hint: "),
                    "{blocks}: {}",
                    full.stderr
                );
                assert_eq!(sent, 0, "{blocks}: what is not on record is not sent");
            }
            4 => {
                cut_off += 1;
                assert!(
                    full.stdout.contains("the journal cannot be written"),
                    "{blocks}: {}",
                    full.stdout
                );
            }
            _ => {}
        }
        finish(&stage).await;
        assert_eq!(everybody(&stage), right, "{blocks}");
        assert_eq!(unsynced(&stage), [""; 0], "{blocks}: a sync was lost");
    }
    assert!(refused + cut_off > 2 && cut_off > 0, "{refused} refused, {cut_off} cut off");
}

/// Makes the state unwritable for a program that is begun with the returned command, whoever runs
/// the tests.
fn unwritable(stage: &Stage, arguments: &[&str]) -> Command {
    let remount = "mount --bind .dialplane .dialplane && mount -o remount,ro,bind .dialplane";
    let probe = behind(stage, remount, &["--version"]);
    let mut own_mounts = child("unshare", stage.path());
    own_mounts.arg("--mount").arg(probe.get_program()).args(probe.get_args());
    if own_mounts.output().is_ok_and(|output| output.status.success()) {
        let program = behind(stage, remount, arguments);
        let mut command = child("unshare", stage.path());
        command.arg("--mount").arg(program.get_program()).args(program.get_args());
        return command;
    }
    chmod(&stage.path().join(".dialplane"), "a-w");
    let writable = Command::new("test")
        .arg("-w")
        .arg(stage.path().join(".dialplane/sandbox"))
        .status()
        .unwrap()
        .success();
    if writable {
        // Modes do not bind this user, and it may not mount: a place where nobody can write does as
        // well.
        stage.configure(
            "state: { path: .dialplane/sandbox }",
            "state: { path: /proc/self/dialplane }",
        );
    }
    dialplane(stage.path(), arguments)
}

fn chmod(path: &Path, mode: &str) {
    assert!(Command::new("chmod").arg("-R").arg(mode).arg(path).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_stops_everything_and_forgets_nothing() {
    let stage = Stage::drifted().await;
    stage
        .sandbox
        .faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Sync)));
    assert_eq!(stage.run(&["apply"]).await.code, 4, "a sync is owed");
    stage.sandbox.faults(|faults| faults.rules.clear());
    let before = stage.writes().len();
    for arguments in [&["apply"][..], &["run"]] {
        let stopped = ended(unwritable(&stage, arguments)).await;
        assert_eq!(stopped.code, 1, "{arguments:?}: {}{}", stopped.stdout, stopped.stderr);
        assert!(
            stopped.stderr.contains("error: ")
                && stopped.stderr.contains("nothing is known of earlier runs"),
            "{}",
            stopped.stderr
        );
        assert_eq!(stage.writes().len(), before, "{arguments:?} wrote");
    }
    chmod(&stage.path().join(".dialplane"), "u+w");
    let config = std::fs::read_to_string(stage.path().join("dialplane.yaml")).unwrap();
    std::fs::write(
        stage.path().join("dialplane.yaml"),
        config.replace("/proc/self/dialplane", ".dialplane/sandbox"),
    )
    .unwrap();
    let paid = stage.run(&["apply"]).await;
    assert!(
        paid.code == 3 && paid.stdout.contains("2 syncs accepted"),
        "{}{}",
        paid.stdout,
        paid.stderr
    );
}
