//! A commit far from the one in force: however many lie between, it builds on it or does not.

use std::io::Write as _;

use super::repo::{Repo, follow, has_git};
use crate::stage::{Stage, child, fleet};

/// Lets a branch of a clone grow by so many commits, beginning at another one.
fn grow(repo: &Repo, from: &str, count: usize) {
    let mut told = String::new();
    for at in 0..count {
        let from = if at == 0 { format!("from {from}\n") } else { String::new() };
        told += &format!(
            "commit refs/heads/main\ncommitter ann <ann@example.org> {at} +0000\ndata 1\n.\n{from}\n"
        );
    }
    let mut command = child("git", &repo.work());
    command.args(["fast-import", "--quiet", "--force"]).stdin(std::process::Stdio::piped());
    let mut import = command.spawn().unwrap();
    import.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    repo.push();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_at_once_are_no_rewriting_and_many_others_are() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let first = repo.commit(&fleet(), "the second");
    follow(&stage, &repo.url(), ", forcePush: hold");
    let read = stage.run(&["validate"]).await;
    assert_eq!(read.code, 0, "{}", read.stderr);
    for count in [49, 50, 51, 400, 1300] {
        grow(&repo, "refs/heads/main^0", count);
        let read = stage.run(&["validate"]).await;
        assert_eq!(read.code, 0, "{count} commits at once: {}", read.stderr);
    }
    // As long a branch that leaves out what is in force.
    let last = repo.head();
    for count in [3, 60, 1300] {
        grow(&repo, &format!("{first}^0"), count);
        let read = stage.run(&["validate"]).await;
        assert!(read.stderr.contains("was rewritten"), "{count} others: {}", read.stderr);
    }
    // What builds on it again is taken.
    grow(&repo, &format!("{last}^0"), 1100);
    let read = stage.run(&["validate"]).await;
    assert_eq!(read.code, 0, "{}", read.stderr);
}
