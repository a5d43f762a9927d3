//! What is on record is on the disk before the call that it is about leaves: seen at the door of
//! the system, with `strace`.
//!
//! It shows that the program has each entry flushed, and waits for that, before it sends anything.
//! That the disk keeps what it was told to flush, no test can show.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::stage::{Stage, child, dialplane, needed};

/// How a call begins that changes something at the service.
const WRITE: &str = "\"POST /provisioning/";

/// Whether the system lets a process be traced here.
fn can_trace() -> bool {
    let mut probe = Command::new("strace");
    probe.args(["-f", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    needed(probe.status().is_ok_and(|status| status.success()), "strace, or the right to trace,")
}

/// What a traced process asked of the system, as far as it is told here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Wrote,
    Flushed,
    Sent,
}

fn asked(line: &str) -> Option<Asked> {
    if line.contains(WRITE) {
        return Some(Asked::Sent);
    }
    // Flushed is what has ended well, be it in one line or in two.
    if line.contains("fsync") || line.contains("fdatasync") {
        return line.ends_with("= 0").then_some(Asked::Flushed);
    }
    (line.contains("pwrite64(") && line.contains("journal.db-wal")).then_some(Asked::Wrote)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_on_the_disk_before_its_call_leaves() {
    if !can_trace() {
        return;
    }
    let stage = Stage::drifted().await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    let trace = stage.path().join("trace");
    let mut traced = child("strace", stage.path());
    traced
        .args([
            "-f",
            "-y",
            "-s",
            "120",
            "-e",
            "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg",
            "-o",
        ])
        .arg(&trace);
    let program = dialplane(stage.path(), &["apply"]);
    traced.arg(program.get_program()).args(program.get_args());
    let ended = tokio::task::spawn_blocking(move || traced.output().unwrap()).await.unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stderr));

    let trace = fs::read_to_string(trace).unwrap();
    let asked: Vec<Asked> = trace.lines().filter_map(asked).collect();
    let parts: Vec<&[Asked]> = asked.split(|asked| *asked == Asked::Sent).collect();
    let (_, before) = parts.split_last().unwrap();
    assert_eq!(before.len(), stage.writes().len(), "{trace}");
    for (call, before) in before.iter().enumerate() {
        assert!(before.contains(&Asked::Wrote), "call {call}: nothing was recorded before it");
        assert_eq!(before.last(), Some(&Asked::Flushed), "call {call}: its entry was not flushed");
    }
}
