//! Foreign text in what is kept, and in what a service logs.

use std::{fs, path::PathBuf};

use super::{FILES, TERMINAL, judge, look, planted, quoted, run};

#[tokio::test(flavor = "multi_thread")]
async fn kept_live_state_and_what_is_made_of_it_are_told_as_text() {
    let stage = planted().await;
    let (snapshot, _) = run(&stage, &["observe"], |_| {}).await;
    judge::json("a snapshot", &snapshot);
    let name = "shot\u{202e}\n::error::x\u{1b}[2J.json";
    let reader = "\"reader\":";
    let other = snapshot
        .replace(&format!("{reader}\"connecttoteams\""), &format!("{reader}{}", quoted(TERMINAL)));
    assert_ne!(other, snapshot);
    fs::write(stage.path().join(name), other).unwrap();
    fs::write(
        stage.path().join("list.csv"),
        format!("teamsUserId,callingStatus\n\"{TERMINAL}\",{TERMINAL}\nx,\n"),
    )
    .unwrap();
    fs::write(
        stage.path().join("wrong\u{1b}[2J.json"),
        "{\"kind\": \"\u{202e}\", \"\u{1b}[2J\": 1}",
    )
    .unwrap();
    for live in [name, "list.csv", "wrong\u{1b}[2J.json"] {
        for output in ["text", "json", "markdown"] {
            let mut arguments = vec!["plan", "--live", live, "--output", output];
            // What cannot be read has no page and no JSON.
            if live != name {
                arguments.truncate(3);
            }
            look(&stage, &arguments).await;
        }
    }
    let out = "imported\u{202e}\n##[error]x";
    let (paths, talk) = run(&stage, &["import", "--live", name, "--out", out], |_| {}).await;
    judge::any("the list of imported files", &paths);
    judge::any("the talk of an import", &talk);
    assert!(!paths.is_empty(), "{talk}");
    let mut files: Vec<PathBuf> = vec![stage.path().join(out)];
    let mut texts = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            judge::any("an imported manifest", &fs::read_to_string(path).unwrap());
            texts += 1;
        }
    }
    assert!(texts > 1, "{paths}{talk}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_logs_text_as_text() {
    let stage = planted().await;
    fs::write(stage.path().join("manifests").join(FILES[4]), "kind: \u{1b}[2J\u{202e}\n").unwrap();
    for (format, output) in [("text", "text"), ("json", "json")] {
        let mut running = stage.start(&["run", "-vv", "--log-format", format, "--output", output]);
        running.until("the service has failed", || stage.text("stdout").contains("failing")).await;
        running
            .until("the service has logged", || stage.text("stderr").contains("not accepted"))
            .await;
        let status = look(&stage, &["status"]).await;
        assert!(!status.is_empty());
        look(&stage, &["status", "--output", "json"]).await;
        running.stop().await;
        let (out, err) = (stage.text("stdout"), stage.text("stderr"));
        judge::any("stdout of run", &out);
        judge::any("stderr of run", &err);
        if format == "json" {
            let lines = err.lines().filter(|line| line.starts_with('{'));
            lines.chain(out.lines()).for_each(|line| drop(judge::json("a line of run", line)));
        }
        // From the beginning, so that there is something to do again.
        fs::remove_dir_all(stage.path().join("state")).unwrap_or_default();
    }
}
