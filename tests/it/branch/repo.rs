//! A repository with manifests, and somebody who pushes to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::stage::{Stage, child, fleet, git, is_here, needed};

use super::server::GitServer;

/// A repository that a service follows, and a clone in which somebody works.
pub(crate) struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// A repository whose branch `main` holds this in `manifests/fleet.yaml`.
    pub(crate) fn new(text: &str) -> Self {
        let repo = Self { folder: crate::folder::folder() };
        repo.git(&["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
        let settings = ["-C", "origin.git", "config", "receive.denyDeleteCurrent", "ignore"];
        repo.git(&settings);
        repo.git(&["clone", "--quiet", "origin.git", "work"]);
        repo.in_work(&["checkout", "--quiet", "-B", "main"]);
        repo.commit(text, "the fleet");
        repo
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The repository on this machine.
    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.root().join("origin.git").display())
    }

    fn git(&self, arguments: &[&str]) {
        git(self.root(), ("ann", "ann@example.org"), arguments);
    }

    /// Git as somebody with a clone calls it.
    pub(crate) fn in_work(&self, arguments: &[&str]) {
        git(&self.work(), ("ann", "ann@example.org"), arguments);
    }

    pub(crate) fn write(&self, text: &str) {
        fs::create_dir_all(self.work().join("manifests")).unwrap();
        fs::write(self.work().join("manifests/fleet.yaml"), text).unwrap();
    }

    /// Commits this as the fleet, and pushes it; the name of the commit.
    pub(crate) fn commit(&self, text: &str, message: &str) -> String {
        self.write(text);
        self.in_work(&["add", "--all"]);
        self.in_work(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.push()
    }

    /// Pushes what is committed, whatever was there.
    pub(crate) fn push(&self) -> String {
        self.in_work(&["push", "--quiet", "--force", "origin", "main"]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        let asked = child("git", &self.work()).args(["rev-parse", "HEAD"]).output().unwrap();
        String::from_utf8(asked.stdout).unwrap().trim().to_owned()
    }
}

/// Lets a stage take its manifests from a branch. `more` are further keys of `git`.
pub(crate) fn follow(stage: &Stage, url: &str, more: &str) {
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    let git = format!("git: {{ url: '{url}', interval: 1s{more} }}\n");
    fs::write(path, config + &git).unwrap();
}

/// The fleet with another tag of a user in the first tenant: one user is updated.
pub(crate) fn edited(tag: u32) -> String {
    fleet().replacen(
        "      phoneNumber: \"+14255550000\"\n",
        &format!("      phoneNumber: \"+14255550000\"\n      userTag: \"tag {tag}\"\n"),
        1,
    )
}

/// The status that a service has written.
pub(crate) async fn status(stage: &Stage) -> Value {
    let said = stage.run(&["status", "--output", "json"]).await;
    serde_json::from_str(&said.stdout).unwrap_or_default()
}

/// The kind of trouble that a status tells of its first source.
pub(crate) fn trouble(status: &Value) -> &str {
    status["manifests"]["sources"][0]["trouble"]["code"].as_str().unwrap_or_default()
}

/// The commit that a status tells to be in force.
pub(crate) fn in_force(status: &Value) -> &str {
    status["manifests"]["revision"]["commit"].as_str().unwrap_or_default()
}

/// The calls that were carried out. The sandbox refuses an update that comes too soon after a sync, and it is
/// sent again.
pub(crate) fn carried_out(stage: &Stage) -> Vec<String> {
    let calls = stage.sandbox.writes().into_iter();
    calls.filter(|call| call.status == Some(200)).map(|call| call.path).collect()
}

/// Whether a server of git can be had here.
pub(crate) fn can_serve() -> bool {
    needed(super::server::backend().is_file(), "git's http-backend")
}

/// Whether git is here.
pub(crate) fn has_git() -> bool {
    is_here("git", "version")
}

/// A server of this repository, and its address there.
pub(crate) fn serve(repo: &Repo) -> (GitServer, String) {
    let server = GitServer::start(repo.root());
    let url = server.url("origin.git");
    (server, url)
}
