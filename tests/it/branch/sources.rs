//! Sources without a service: what is fetched, what is kept of it, and what is told of each.

use std::{fs, path::Path};

use dialplane::{
    config::Settings,
    manifest,
    source::{GitTroubleKind, KnownSources, SourceReport, Sources},
};

use super::repo::{Repo, edited, has_git};
use crate::{
    folder::folder,
    stage::{fleet, git},
};

/// The sources of these settings, with their copies below a folder.
fn sources(state: &Path, settings: &str) -> Sources {
    let mut settings: Settings = serde_yaml::from_str(settings).unwrap();
    state.clone_into(&mut settings.state.path);
    Sources::of(&settings)
}

/// Settings with this repository alone.
fn one(repo: &Repo, more: &str) -> String {
    format!("git: {{ url: '{}'{more} }}", repo.url())
}

fn report(sources: &Sources) -> SourceReport {
    sources.reports().remove(0)
}

fn troubles(sources: &Sources) -> Vec<Option<GitTroubleKind>> {
    let of = |report: SourceReport| report.trouble.map(|(trouble, _)| trouble.kind);
    sources.reports().into_iter().map(of).collect()
}

/// The commit in force of each source.
fn commits(sources: &Sources) -> Vec<Option<String>> {
    let of = |report: SourceReport| report.revision.map(|revision| revision.commit);
    sources.reports().into_iter().map(of).collect()
}

/// Takes the repository away, so no server answers.
fn away(repo: &Repo) {
    fs::rename(repo.root().join("origin.git"), repo.root().join("elsewhere")).unwrap();
}

fn back(repo: &Repo) {
    fs::rename(repo.root().join("elsewhere"), repo.root().join("origin.git")).unwrap();
}

/// The one copy below a folder.
fn copy(state: &Path) -> std::path::PathBuf {
    let mut copies = fs::read_dir(state.join("git")).unwrap().map(|entry| entry.unwrap().path());
    copies.find(|path| path.is_dir()).unwrap()
}

#[test]
fn what_was_fetched_before_is_not_the_newest_and_serves_those_who_look_back() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let first = sources(state.path(), &one(&repo, ""));
    first.fetch().unwrap();
    assert_eq!(commits(&first), [Some(repo.head())]);
    away(&repo);
    assert_eq!(first.fetch().unwrap_err().kind, GitTroubleKind::Away);
    let later = sources(state.path(), &one(&repo, ""));
    later.take_kept(true).unwrap();
    assert_eq!((commits(&later), troubles(&later)), (commits(&first), vec![None]));
    let nothing = folder();
    let nothing = sources(nothing.path(), &one(&repo, ""));
    assert_eq!(nothing.take_kept(false).unwrap_err().kind, GitTroubleKind::Away);
}

#[test]
fn trouble_is_there_since_it_began_and_who_gives_up_makes_none() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let sources = sources(state.path(), &one(&repo, ", interval: 20s"));
    away(&repo);
    sources.ask_all();
    let since = report(&sources).trouble.unwrap().1;
    sources.ask_all();
    let now = report(&sources);
    assert_eq!(now.trouble.unwrap().1, since);
    assert_eq!(now.patience.as_secs(), 60, "it may be back by itself");
    back(&repo);
    sources.ask_all();
    assert_eq!(troubles(&sources), [None]);
    let wish = sources.ask_now();
    assert!(!sources.were_asked(&wish));
    sources.give_up();
    assert!(sources.were_asked(&wish), "nobody asks any more");
    sources.ask_all();
    assert_eq!(troubles(&sources), [None]);
}

#[test]
fn one_of_several_that_cannot_be_read_is_left_out_and_nothing_of_it_counts() {
    if !has_git() {
        return;
    }
    let state = folder();
    let repos = [Repo::new(&fleet()), Repo::new(&fleet())];
    let [a, b] = [0, 1].map(|n| one(&repos[n], ""));
    let both = sources(state.path(), &format!("sources: {{ a: {{ {a} }}, b: {{ {b} }} }}"));
    both.fetch().unwrap();
    away(&repos[0]);
    both.fetch().unwrap();
    assert_eq!(commits(&both), [None, Some(repos[1].head())]);
    let beside = repos[1].work().join("manifests");
    let beside = format!("manifests: ['{}']", beside.display());
    let beside = format!("sources: {{ a: {{ {a} }}, b: {{ {beside} }} }}");
    sources(state.path(), &beside).fetch().expect("there is a folder");
    away(&repos[1]);
    assert!(both.fetch().is_err(), "none is left");
}

#[test]
fn a_folder_that_the_settings_name_has_to_be_in_the_commit_that_is_known_already() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    sources(state.path(), &one(&repo, "")).fetch().unwrap();
    let other = sources(state.path(), &one(&repo, ", folder: elsewhere"));
    assert_eq!(other.fetch().unwrap_err().kind, GitTroubleKind::Folder);
    assert!(other.take_kept(false).is_err(), "nor does a start take it");
}

#[test]
fn two_branches_of_a_repository_have_copies_of_their_own() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let main = repo.commit(&edited(1), "one");
    repo.in_work(&["checkout", "--quiet", "-b", "other", "HEAD~1"]);
    repo.write(&edited(2));
    repo.in_work(&["commit", "--quiet", "--all", "--message", "two"]);
    repo.in_work(&["push", "--quiet", "origin", "other"]);
    let other = repo.head();
    let [a, b] =
        ["main", "other"].map(|name| one(&repo, &format!(", branch: {name}, forcePush: hold")));
    let both = format!("sources: {{ a: {{ {a} }}, b: {{ {b} }} }}");
    for _ in 0..2 {
        let both = sources(state.path(), &both);
        both.fetch().unwrap();
        assert_eq!(troubles(&both), [None, None]);
        assert_eq!(commits(&both), [Some(main.clone()), Some(other.clone())]);
    }
}

#[test]
fn a_branch_whose_name_only_ends_so_is_another_one() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let origin = repo.root().join("origin.git");
    let ann = ("ann", "ann@example.org");
    git(&origin, ann, &["update-ref", "refs/archive/refs/heads/main", "refs/heads/main"]);
    git(&origin, ann, &["update-ref", "-d", "refs/heads/main"]);
    let refused = sources(state.path(), &one(&repo, "")).fetch().unwrap_err();
    assert_eq!(refused.kind, GitTroubleKind::Branch, "{refused}");
}

#[test]
fn a_copy_that_is_broken_or_locked_is_replaced() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let sources = sources(state.path(), &one(&repo, ""));
    sources.fetch().unwrap();
    let second = repo.commit(&edited(1), "one");
    // Somebody has left a lock: that is ours, and nobody has to wait.
    fs::write(copy(state.path()).join("refs/dialplane/fetched.lock"), "").unwrap();
    sources.fetch().unwrap();
    assert_eq!(commits(&sources), [Some(second)]);
    let third = repo.commit(&edited(2), "two");
    let copy = copy(state.path());
    fs::remove_dir_all(copy.join("objects/pack")).unwrap();
    fs::write(copy.join("objects/pack"), "").unwrap();
    fs::write(copy.join("tmp_pack_1"), "").unwrap();
    assert!(sources.fetch().is_err(), "it may be the server");
    assert!(!copy.join("tmp_pack_1").exists(), "what was cut short is gone");
    sources.fetch().unwrap();
    assert_eq!(commits(&sources), [Some(third)]);
}

/// Harms the copy of a repository.
type Harm = fn(&Path);

/// Rewrites the branch: its newest commit does not build on the one before.
fn rewrite(repo: &Repo, tag: u32) -> String {
    repo.in_work(&["checkout", "--quiet", "--orphan", &format!("other{tag}")]);
    repo.in_work(&["branch", "--quiet", "-D", "main"]);
    repo.in_work(&["branch", "--quiet", "-m", "main"]);
    repo.commit(&edited(tag), "another story")
}

#[test]
fn a_copy_that_is_replaced_or_broken_lets_no_rewritten_branch_pass() {
    if !has_git() {
        return;
    }
    // What becomes of the copy while the branch is rewritten.
    let harms: [(&str, Harm); 6] = [
        ("deleted", |copy| fs::remove_dir_all(copy).unwrap()),
        ("emptied", |copy| {
            fs::remove_dir_all(copy).unwrap();
            fs::create_dir(copy).unwrap();
        }),
        ("without references", |copy| {
            fs::remove_dir_all(copy.join("refs")).unwrap();
            fs::create_dir(copy.join("refs")).unwrap();
            let _ = fs::remove_file(copy.join("packed-refs"));
        }),
        ("a reference to nothing", |copy| {
            fs::write(copy.join("refs/dialplane/head"), format!("{}\n", "7".repeat(40))).unwrap();
        }),
        ("without objects", |copy| {
            fs::remove_dir_all(copy.join("objects")).unwrap();
            fs::create_dir(copy.join("objects")).unwrap();
        }),
        ("a lock left behind", |copy| {
            fs::write(copy.join("refs/dialplane/fetched.lock"), "").unwrap();
        }),
    ];
    for (what, harm) in harms {
        for runs_on in [true, false] {
            let (state, repo) = (folder(), Repo::new(&fleet()));
            let settings = one(&repo, ", forcePush: hold");
            let mut sources = sources(state.path(), &settings);
            sources.fetch().unwrap();
            let first = repo.head();
            harm(&copy(state.path()));
            rewrite(&repo, 1);
            if !runs_on {
                sources = self::sources(state.path(), &settings);
            }
            for _ in 0..4 {
                // Which trouble it is may differ while the copy is mended.
                assert!(sources.fetch().is_err(), "{what}");
            }
            assert_eq!(troubles(&sources), [Some(GitTroubleKind::Rewritten)], "{what}");
            let in_force = commits(&sources).remove(0);
            assert_eq!(in_force, runs_on.then_some(first.clone()), "{what}");
            // It passes once somebody says so, and what builds on it passes as well.
            let accepted = self::sources(state.path(), &one(&repo, ", forcePush: accept"));
            accepted.fetch().unwrap();
            let later = self::sources(state.path(), &settings);
            later.fetch().unwrap();
            let next = repo.commit(&edited(2), "on top of it");
            later.fetch().unwrap();
            assert_eq!(commits(&later), [Some(next)], "{what}");
        }
    }
}

#[test]
fn a_record_of_what_was_in_force_that_cannot_be_read_holds_what_cannot_be_compared() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let settings = one(&repo, ", forcePush: hold");
    sources(state.path(), &settings).fetch().unwrap();
    let record = copy(state.path()).with_extension("head");
    fs::write(&record, "").unwrap();
    // The copy knows as well, and the record is written again.
    sources(state.path(), &settings).fetch().unwrap();
    assert_eq!(fs::read_to_string(&record).unwrap().trim(), repo.head());
    fs::write(&record, "").unwrap();
    fs::remove_dir_all(copy(state.path())).unwrap();
    rewrite(&repo, 1);
    let refused = sources(state.path(), &settings).fetch().unwrap_err();
    assert_eq!(refused.kind, GitTroubleKind::Cache, "{refused}");
    assert!(refused.reason.contains("it names no commit"), "{refused}");
    assert!(refused.hint.contains("delete that file"), "{}", refused.hint);
    sources(state.path(), &one(&repo, ", forcePush: accept")).fetch().unwrap();
}

#[test]
fn a_commit_that_cannot_be_read_is_told_since_it_began_with_what_is_in_force() {
    if !has_git() {
        return;
    }
    let (state, repo) = (folder(), Repo::new(&fleet()));
    let first = repo.head();
    let sources = sources(state.path(), &one(&repo, ""));
    sources.fetch().unwrap();
    let mut known = KnownSources::default();
    let mut look = || sources.look(&mut known, &[], true).unwrap().versions.remove(0);
    assert_eq!(look().revision.unwrap().commit, first);
    let second = repo.commit(&edited(1), "one");
    sources.fetch().unwrap();
    // The newest pack is that of the second commit.
    let packs = copy(state.path()).join("objects/pack");
    let elsewhere = state.path().join("elsewhere");
    fs::rename(&packs, &elsewhere).unwrap();
    fs::create_dir(&packs).unwrap();
    assert_eq!(look().revision.unwrap().commit, first, "what was read last stays");
    let told = report(&sources);
    let (trouble, since) = told.trouble.clone().expect("it cannot be read");
    assert_eq!(trouble.kind, GitTroubleKind::Cache);
    assert_eq!(told.revision.unwrap().commit, first, "that is in force");
    look();
    let again = report(&sources).trouble.unwrap();
    assert_eq!((again.0.kind, again.1), (trouble.kind, since));
    fs::remove_dir(&packs).unwrap();
    fs::rename(&elsewhere, &packs).unwrap();
    assert_eq!(look().revision.unwrap().commit, second);
    let told = report(&sources);
    assert_eq!((told.trouble, told.revision.unwrap().commit), (None, second.clone()));
    // Nor can the next one be read, and the branch goes back to the one before it.
    repo.commit(&edited(2), "two");
    sources.fetch().unwrap();
    fs::rename(&packs, &elsewhere).unwrap();
    fs::create_dir(&packs).unwrap();
    assert_eq!(look().revision.unwrap().commit, second);
    assert_eq!(troubles(&sources), [Some(GitTroubleKind::Cache)]);
    repo.in_work(&["reset", "--quiet", "--hard", &second]);
    repo.push();
    sources.fetch().unwrap();
    assert_eq!(look().revision.unwrap().commit, second);
    assert_eq!(troubles(&sources), [None]);
}

#[test]
fn a_mistake_in_one_source_takes_no_last_good_commit_from_another() {
    if !has_git() {
        return;
    }
    let state = folder();
    let wrong = fleet().replacen("mode: enforce", "mode: enfroce", 1);
    let repos = [Repo::new(&wrong), Repo::new(&fleet())];
    let [a, b] = [0, 1].map(|n| one(&repos[n], ""));
    let both = format!("sources: {{ a: {{ {a} }}, b: {{ {b} }} }}");
    let first = sources(state.path(), &both);
    first.fetch().unwrap();
    let mut known = KnownSources::default();
    let look = first.look(&mut known, &[], true).unwrap();
    let of_a = manifest::load(&look.tree.files[..1]);
    assert!(!of_a.diagnostics.is_empty());
    first.understood(&known, &of_a.diagnostics);
    for (repo, text) in repos.iter().zip([edited(1), edited(2)]) {
        repo.commit(&text, "newer");
    }
    let later = sources(state.path(), &both);
    later.fetch().unwrap();
    let mut known = KnownSources::default();
    let earlier = later.look(&mut known, &[], true).unwrap().earlier.expect("that of b");
    let tags = earlier.files.iter().map(|file| file.at_hand().unwrap().contains("tag "));
    assert_eq!(tags.collect::<Vec<_>>(), [true, false], "a has none, b has its first one");
    assert!(later.look(&mut known, &[], true).unwrap().earlier.is_none(), "only the first time");
}
