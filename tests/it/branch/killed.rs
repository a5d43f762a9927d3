//! A death in each step of a fetch: `kill -9` before git begins, which then goes on alone, and when it has ended.

use std::{fs, os::unix::process::ExitStatusExt as _};

use super::repo::{Repo, can_serve, follow, serve};
use crate::stage::{Ended, Stage, child, dialplane, fleet, script};

/// The fleet with so many more users.
fn with_more(count: usize) -> String {
    let mut text = fleet()
        + "---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: more, tenant: contoso }\nspec:\n  \
           users:\n";
    for number in 0..count {
        text += &format!(
            "    - {{ userPrincipalName: more{number}@contoso.example, calling: disabled }}\n"
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_death_in_any_step_of_a_fetch_the_next_one_has_the_newest_commit() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    let (_server, url) = serve(&repo);
    follow(&stage, &url, "");
    let folder = crate::folder::folder();
    let real = child("sh", stage.path()).args(["-c", "command -v git"]).output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap().trim().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).unwrap();
    let validated = async |arguments: &[&str]| {
        let mut command = dialplane(stage.path(), arguments);
        Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    };
    assert_eq!(validated(&["validate"]).await.code, 0);
    let (mut count, mut deaths) = (0, 0);
    for when in ["before", "after"] {
        for call in 1.. {
            count += 1;
            repo.commit(&with_more(count), "more users");
            fs::write(folder.path().join("count"), "0").unwrap();
            let (before, after) = match when {
                "before" => ("kill -9 $PPID", ""),
                _ => ("", "kill -9 $PPID"),
            };
            let text = format!(
                "#!/bin/sh\ncount=$(($(cat {count}) + 1))\necho $count > {count}\nif [ $count = {call} ]; \
                    then\n{before}\n{real} \"$@\"\n{after}\nelse\nexec {real} \"$@\"\nfi\n",
                count = folder.path().join("count").display(),
            );
            script(&folder.path().join("git"), &text);
            let mut command = dialplane(stage.path(), &["validate"]);
            command.env("PATH", &path);
            let ended =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            let told = validated(&["validate"]).await;
            let wanted = format!("{} users", 36 + count);
            assert_eq!(told.code, 0, "{when} call {call}: {}{}", told.stdout, told.stderr);
            assert!(told.stdout.contains(&wanted), "{when} call {call}: {}", told.stdout);
            if ended.status.signal().is_none() {
                assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths > 10, "{deaths} deaths only");
}
