//! One life of a branch, told step by step: what is in force, what was sent, and what people heard.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    followed::{first_pass, until_status, well},
    repo::{Repo, can_serve, carried_out, edited, follow, in_force, serve, trouble},
};
use crate::{
    notices::{Ear, HOOK, configured},
    snapshot::snapshot,
    stage::{Running, Stage, fleet},
};

/// A story as it is told.
struct Story<'s> {
    stage: &'s Stage,
    ear: &'s Ear,
    /// Commits by what the story calls them.
    commits: Vec<(String, &'static str)>,
    /// How many calls and notices were told.
    calls: usize,
    notices: usize,
    text: String,
}

impl Story<'_> {
    /// Waits until it is so and all this was sent and heard, and tells it.
    async fn tell(
        &mut self,
        service: &mut Running,
        step: &str,
        (calls, notices): (usize, usize),
        is: impl Fn(&Value) -> bool,
    ) {
        let status = until_status(self.stage, step, is).await;
        service.until(step, || carried_out(self.stage).len() >= self.calls + calls).await;
        service.until(step, || self.ear.came().len() >= self.notices + notices).await;
        let named = |(commit, name): &(String, &'static str)| {
            (*commit == in_force(&status)).then_some(*name)
        };
        let name = self.commits.iter().find_map(named).unwrap_or("a commit that nobody made");
        let trouble = Some(trouble(&status)).filter(|code| !code.is_empty()).unwrap_or("none");
        let rows = status["tenants"].as_array().unwrap().iter();
        let older = rows.filter(|row| row["note"].is_string()).count();
        let _ = writeln!(self.text, "{step}");
        let _ = writeln!(
            self.text,
            "  in force: the {name} commit, an older version of {older} of 3 tenants; trouble: {trouble}"
        );
        let sent = carried_out(self.stage);
        for path in &sent[self.calls..] {
            let _ = writeln!(self.text, "  sent: {}", path.trim_start_matches("/provisioning/"));
        }
        let came = self.ear.came();
        for came in &came[self.notices..] {
            let event = came.json();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let kind = text(&event["type"]);
            let _ = writeln!(self.text, "  told: {kind}: {}", text(&event["data"]["text"]));
        }
        (self.calls, self.notices) = (sent.len(), came.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_of_a_branch_sends_what_was_due_and_tells_what_needs_somebody() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    let ear = Ear::listen().await;
    configured(&stage, &ear, HOOK);
    follow(&stage, &url, "");
    let mut story = Story {
        stage: &stage,
        ear: &ear,
        commits: vec![(repo.head(), "first")],
        calls: 0,
        notices: 0,
        text: String::new(),
    };
    let first = repo.head();
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    let well = |status: &Value| trouble(status).is_empty() && status["manifests"]["errors"] == 0;
    let is = |status: &Value| in_force(status) == first && well(status);
    story.tell(&mut service, "The service begins.", (0, 0), is).await;

    let second = repo.commit(&edited(806), "another tag");
    story.commits.push((second.clone(), "second"));
    let is = |status: &Value| in_force(status) == second;
    story.tell(&mut service, "A tag is edited.", (2, 0), is).await;

    let wrong = edited(807).replacen("mode: enforce", "mode: enfroce", 1);
    story.commits.push((repo.commit(&wrong, "oops"), "third"));
    let is = |status: &Value| status["manifests"]["errors"] == 1;
    story.tell(&mut service, "Another one, with a slip of the pen.", (0, 2), is).await;

    let fourth = repo.commit(&edited(807), "mended");
    story.commits.push((fourth.clone(), "fourth"));
    let is = |status: &Value| in_force(status) == fourth;
    story.tell(&mut service, "The slip is mended.", (2, 2), is).await;

    repo.in_work(&["reset", "--quiet", "--hard", "HEAD~3"]);
    let fifth = repo.commit(&edited(808), "another story");
    story.commits.push((fifth.clone(), "fifth"));
    let is = |status: &Value| in_force(status) == fifth && well(status);
    story.tell(&mut service, "The branch is rewritten.", (2, 0), is).await;

    repo.in_work(&["push", "--quiet", "origin", "--delete", "main"]);
    let is = |status: &Value| trouble(status) == "branch-gone";
    story.tell(&mut service, "The branch is deleted.", (0, 1), is).await;
    repo.push();
    story.tell(&mut service, "It comes back.", (0, 1), well).await;

    server.set(|manner| manner.away = true);
    let is = |status: &Value| trouble(status) == "away";
    story.tell(&mut service, "The server is away for long.", (0, 1), is).await;
    server.set(|manner| manner.away = false);
    story.tell(&mut service, "It is back.", (0, 1), well).await;

    server.set(|manner| manner.hangs = true);
    let fetches = || server.calls().iter().filter(|call| call.wants).count();
    let before = fetches();
    let sixth = repo.commit(&edited(809), "the last one");
    story.commits.push((sixth.clone(), "sixth"));
    service.until("the fetch hangs", || fetches() > before).await;
    service.signal("-KILL");
    drop(service);
    server.set(|manner| manner.hangs = false);
    let mut service = stage.start(&["run"]);
    let is = |status: &Value| in_force(status) == sixth && well(status);
    let step = "The service is killed in the middle of a fetch, and started again.";
    story.tell(&mut service, step, (2, 0), is).await;
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(carried_out(&stage).len(), story.calls, "what was sent besides");
    assert_eq!(ear.came().len(), story.notices, "what was told besides");
    snapshot!(story.text);
}
