//! How much of a branch is read when it moves: the program counts the files that it has read, in its
//! log.

use dialplane::sandbox::World;

use super::repo::{Repo, follow, has_git};
use crate::stage::{Running, Stage, fleet};

/// What each line of the log says that tells of manifests: how many files there are, and how many
/// were read.
fn taken(stage: &Stage) -> Vec<(usize, usize)> {
    let text = stage.text("stderr");
    let number = |line: &str, key: &str| {
        let value = line.split(' ').find_map(|word| word.strip_prefix(key));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {key} in {line}"))
    };
    let lines = text.lines().filter(|line| line.contains("manifests taken"));
    lines.map(|line| (number(line, "files="), number(line, "read="))).collect()
}

/// What the program says of the manifests that it takes next.
async fn next(stage: &Stage, service: &mut Running, so_far: usize) -> (usize, usize) {
    service.until("the manifests", || taken(stage).len() > so_far).await;
    taken(stage)[so_far]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_one_file_of_a_branch_reads_one_file() {
    if !has_git() {
        return;
    }
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let repo = Repo::new(&fleet());
    // A file for each document.
    let text = fleet();
    let documents: Vec<&str> = text.split("---\n").filter(|text| !text.trim().is_empty()).collect();
    let write = |number: usize, text: &str| {
        std::fs::write(repo.work().join(format!("manifests/{number:02}.yaml")), text).unwrap();
    };
    documents.iter().enumerate().for_each(|(number, text)| write(number, text));
    std::fs::remove_file(repo.work().join("manifests/fleet.yaml")).unwrap();
    let push = || {
        repo.in_work(&["add", "--all"]);
        repo.in_work(&["commit", "--quiet", "--message", "an edit"]);
        repo.push()
    };
    push();
    follow(&stage, &repo.url(), "");
    let mut service = stage.start(&["run"]);
    let all = documents.len();
    assert!(all > 3);
    assert_eq!(next(&stage, &mut service, 0).await, (all, all), "the first time all of them");
    // An edit that says the same in another way still is another text.
    write(1, &format!("# a remark\n{}", documents[1]));
    push();
    assert_eq!(next(&stage, &mut service, 1).await, (all, 1), "{}", stage.text("stderr"));
    // A new file.
    write(all, "# nothing yet\n");
    push();
    assert_eq!(next(&stage, &mut service, 2).await, (all + 1, 1));
    // What is gone is not read, nor is anything else.
    std::fs::remove_file(repo.work().join(format!("manifests/{all:02}.yaml"))).unwrap();
    push();
    assert_eq!(next(&stage, &mut service, 3).await, (all, 0));
    // A mistake is shown at its place, and no other file is read for that.
    write(1, &documents[1].replacen("calling: enabled", "calling: maybe", 1));
    push();
    assert_eq!(next(&stage, &mut service, 4).await, (all, 1), "{}", stage.text("stderr"));
    assert_eq!(service.stop().await, Some(0));
}
