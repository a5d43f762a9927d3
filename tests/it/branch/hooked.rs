//! A host that calls when somebody has pushed: the branch is asked at once, for whoever knows the
//! secret alone.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    followed::{until_status, well},
    repo::{Repo, can_serve, carried_out, edited, follow, has_git, in_force, serve},
};
use crate::{
    server::serving,
    stage::{Stage, fleet},
};

const SECRET: &str = "It's a Secret to Everybody";

/// How a host signs a body.
fn signature(body: &str) -> String {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let digits = bytes.iter().fold(String::new(), |made, byte| made + &format!("{byte:02x}"));
    format!("x-hub-signature-256: sha256={digits}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_the_host_has_its_branch_asked_at_once_and_is_not_believed() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (git, url) = serve(&repo);
    follow(&stage, &url, "");
    stage.configure("interval: 1s", "interval: 1h");
    std::fs::write(stage.path().join("hook"), format!("{SECRET}\n")).unwrap();
    let (mut service, door) = serving(&stage, ", hookSecret: { file: hook }").await;
    let asked = git.calls().len();
    let second = repo.commit(&edited(806), "another tag");
    // It names another branch and commit: nothing of that is read.
    let body = "{\"ref\": \"refs/heads/evil\", \"after\": \"0000\"}";
    let host = "content-type: application/json";
    for wrong in [
        &[host][..],
        &[host, &signature("{}")],
        &[host, "x-hub-signature-256: sha256="],
        &[host, "x-gitlab-token: It's a Secret"],
        &[host, "authorization: Bearer It's a Secret to Everybody"],
    ] {
        let refused = door.post("/hooks/git", wrong, body);
        assert_eq!(refused.status, 401, "{wrong:?}: {}", refused.body);
        assert!(!refused.body.contains("Everybody"), "{}", refused.body);
    }
    assert_eq!(door.get("/hooks/git", &[]).status, 405);
    assert_eq!(git.calls().len(), asked, "the server was asked for a stranger");
    let taken = door.post("/hooks/git", &[host, &signature(body)], body);
    assert_eq!((taken.status, taken.body.as_str()), (202, "the server is asked\n"));
    until_status(&stage, "the commit", |status| in_force(status) == second).await;
    service.until("its sync", || carried_out(&stage).len() == 2).await;
    // GitLab sends the secret itself.
    let third = repo.commit(&edited(807), "and another");
    let taken = door.post("/hooks/git", &[host, &format!("x-gitlab-token: {SECRET}")], "{}");
    assert_eq!(taken.status, 202, "{}", taken.body);
    until_status(&stage, "the third", |status| in_force(status) == third).await;
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_no_call_is_taken_and_a_secret_without_a_branch_is_refused() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    follow(&stage, &repo.url(), "");
    let (service, door) = serving(&stage, "").await;
    let refused = door.post("/hooks/git", &[&signature("{}")], "{}");
    assert_eq!(refused.status, 404);
    assert!(refused.body.contains("server.hookSecret"), "{}", refused.body);
    assert_eq!(service.stop().await, Some(0));
    for (settings, told) in [
        ("server: { listen: \"127.0.0.1:0\", hookSecret: { env: A } }", "no branch is followed"),
        ("server: { hookSecret: { env: A } }", "nothing listens"),
    ] {
        let stage = Stage::drifted().await;
        stage.configure("run: {", &format!("{settings}\nrun: {{"));
        let ended = stage.run(&["plan"]).await;
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    let stage = well().await;
    follow(&stage, &repo.url(), "");
    let server = "server: { listen: \"127.0.0.1:0\", hookSecret: { command: [printf, short] } }";
    stage.configure("run: {", &format!("{server}\nrun: {{"));
    let ended = stage.run(&["run"]).await;
    assert!(ended.stderr.contains("the secret of the hook has 5 characters"), "{}", ended.stderr);
}
