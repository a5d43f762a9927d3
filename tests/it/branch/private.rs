//! Nothing of the operator's own git acts, and the token goes nowhere but to the server that it is for.

use std::fs;

use super::repo::{Repo, can_serve, follow, has_git, serve};
use super::server::GitServer;
use crate::stage::{Ended, Stage, child, dialplane, fleet, script};

async fn run(mut command: std::process::Command) -> Ended {
    Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

/// A folder with a `git` that notes how it was called, and is git.
fn noted(stage: &Stage) -> (tempfile::TempDir, std::ffi::OsString) {
    let folder = crate::folder::folder();
    let real = child("sh", stage.path()).args(["-c", "command -v git"]).output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >> {}\nexec {} \"$@\"\n",
        folder.path().join("calls").display(),
        real.trim()
    );
    script(&folder.path().join("git"), &text);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).unwrap();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_in_no_argument_and_no_file_and_goes_to_no_other_host() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    let other = GitServer::start(repo.root());
    follow(&stage, &url, ", auth: { token: { env: THE_TOKEN } }");
    let (notes, path) = noted(&stage);
    let command = |arguments: &[&str]| {
        let mut command = dialplane(stage.path(), arguments);
        command.env("THE_TOKEN", "s3cret-token").env("PATH", &path);
        command
    };
    let plan = run(command(&["plan"])).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    // `x-access-token:s3cret-token`
    let header = "Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0LXRva2Vu";
    let all = server.calls();
    assert!(all.iter().all(|call| call.authorization.as_deref() == Some(header)), "{all:?}");
    let calls = fs::read_to_string(notes.path().join("calls")).unwrap();
    assert!(calls.contains("ls-remote") && calls.contains("fetch"), "{calls}");
    for entry in walkdir::WalkDir::new(stage.path()).into_iter().map(Result::unwrap) {
        let text = fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let is_told = ["s3cret", "eC1hY2Nlc3M"].iter().any(|word| text.contains(word));
        assert!(!is_told, "{}", entry.path().display());
    }
    assert!(!calls.contains("s3cret") && !calls.contains("eC1hY2Nlc3M"), "{calls}");
    // A server that repeats what it was sent is told without that.
    server.set(|manner| manner.echoes = true);
    let plan = run(command(&["plan"])).await;
    assert!(plan.stderr.contains("you sent Basic (hidden) and (hidden)"), "{}", plan.stderr);
    server.set(|manner| manner.echoes = false);
    // A server that sends elsewhere is not followed.
    server.set(|manner| manner.redirect = Some(other.url("").trim_end_matches('/').to_owned()));
    let plan = run(command(&["plan"])).await;
    assert_eq!(plan.code, 1, "{}", plan.stdout);
    assert!(plan.stderr.contains("cannot be read"), "{}", plan.stderr);
    assert!(!plan.stderr.contains("s3cret") && !plan.stderr.contains("eC1hY2Nlc3M"));
    assert_eq!(other.calls().len(), 0, "the other host was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_operators_git_acts() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    follow(&stage, &repo.url(), "");
    let marker = stage.path().join("was-run");
    let other = crate::folder::folder();
    let home = crate::folder::folder();
    fs::create_dir(home.path().join("hooks")).unwrap();
    let touch = format!("#!/bin/sh\ntouch {}\n", marker.display());
    for hook in ["reference-transaction", "post-checkout", "pre-auto-gc", "post-index-change"] {
        script(&home.path().join("hooks").join(hook), &touch);
    }
    let config = format!(
        "[core]\n\thooksPath = {hooks}\n\tfsmonitor = touch {marker}\n[url \"file:///nonexistent\"]\n\
            \tinsteadOf = {url}\n[credential]\n\thelper = !touch {marker}\n[init]\n\ttemplateDir = \
            {hooks}\n[protocol]\n\tallow = never\n",
        hooks = home.path().join("hooks").display(),
        marker = marker.display(),
        url = repo.url(),
    );
    fs::write(home.path().join(".gitconfig"), config).unwrap();
    // The state is inside a checkout of somebody else's.
    crate::stage::git(stage.path(), ("mallory", "m@example.org"), &["init", "--quiet"]);
    crate::stage::git(
        stage.path(),
        ("mallory", "m@example.org"),
        &["config", "url.file:///nonexistent.insteadOf", &repo.url()],
    );
    let inside = other.path().display().to_string();
    let mut command = dialplane(stage.path(), &["plan"]);
    command
        .env("HOME", home.path())
        .env_remove("GIT_CONFIG_GLOBAL")
        .env_remove("GIT_CONFIG_NOSYSTEM")
        .env("GIT_DIR", &inside)
        .env("GIT_OBJECT_DIRECTORY", &inside)
        .env("GIT_NAMESPACE", "other")
        .env("GIT_TRACE", stage.path().join("trace"))
        .env("GIT_SSH_COMMAND", format!("touch {}", marker.display()))
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "url.file:///nonexistent.insteadOf")
        .env("GIT_CONFIG_VALUE_0", repo.url());
    let plan = run(command).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    assert!(!marker.exists(), "something of the operator's was run");
    assert!(!stage.path().join("trace").exists());
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_knows_its_key_and_its_hosts_and_asks_nobody() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let auth = ", auth: { ssh: { key: id, knownHosts: hosts } }";
    follow(&stage, "ssh://git@code.example/phones.git", auth);
    // An ssh that notes how it was called, and has the repository here.
    let folder = crate::folder::folder();
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >> {}\nenv >> {}\nexec git-upload-pack {}\n",
        folder.path().join("calls").display(),
        folder.path().join("environment").display(),
        repo.root().join("origin.git").display(),
    );
    script(&folder.path().join("ssh"), &text);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
    let mut command = dialplane(stage.path(), &["plan"]);
    command.env("PATH", std::env::join_paths(path).unwrap()).env("SSH_AUTH_SOCK", "/tmp/agent");
    let plan = run(command).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    for word in [
        "-F none",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "UserKnownHostsFile=",
    ] {
        assert!(calls.contains(word), "{word}: {calls}");
    }
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    assert!(!environment.contains("SSH_AUTH_SOCK"), "{environment}");
}
