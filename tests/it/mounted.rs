//! Folders as people mount them: the service sees each change soon, though it looks on an interval of an
//! hour only; or it looks on its interval where nothing can be watched.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use dialplane::{model::Calling, sandbox::World};

use crate::{
    branch::repo::{carried_out, edited},
    stage::{PROGRAM, Running, Stage, child, fleet, left_out},
};

/// A stage whose service is as its manifests want, which are at `path`, and looks but once an hour.
async fn watched(path: &str) -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("poll: 1s", "poll: 1h, resync: 12h");
    fs::remove_dir_all(stage.path().join("manifests")).unwrap();
    let config = stage.path().join("dialplane.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(config, format!("manifests: ['{path}']\n{text}")).unwrap();
    stage
}

/// Starts the service and waits until it is as wanted.
async fn start(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    let told = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", told).await;
    service
}

/// Waits for as many updates, each with its sync, and nothing else.
async fn until_updates(stage: &Stage, service: &mut Running, what: &str, count: usize) {
    service.until(what, || carried_out(stage).len() >= 2 * count).await;
    let writes = carried_out(stage);
    let updates = writes.iter().filter(|path| path.contains("update")).count();
    assert_eq!((updates, writes.len()), (count, 2 * count), "{what}: {writes:?}");
}

/// Everybody can call but those who are not to.
fn all_can_call(stage: &Stage) -> bool {
    ["adatum", "contoso", "fabrikam"].iter().all(|tenant| {
        let calls = |user: &u32| {
            stage.calling(tenant, &format!("user{user}@{tenant}.example")) == Calling::Enabled
        };
        (0..12).filter(calls).count() == 11
    })
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Lets a link lead elsewhere at once.
fn swap(link: &Path, target: &str) {
    let new = link.with_file_name("..new");
    symlink(target, &new).unwrap();
    fs::rename(new, link).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_is_swapped() {
    let stage = watched("mounted").await;
    let at = |path: &str| stage.path().join("mounted").join(path);
    write(&at("..2024_1/fleet.yaml"), &fleet());
    symlink("..2024_1", at("..data")).unwrap();
    symlink("..data/fleet.yaml", at("fleet.yaml")).unwrap();
    let mut service = start(&stage).await;
    for number in 2..5_u32 {
        let version = format!("..2024_{number}");
        write(&at(&format!("{version}/fleet.yaml")), &edited(800 + number));
        swap(&at("..data"), &version);
        fs::remove_dir_all(at(&format!("..2024_{}", number - 1))).unwrap();
        until_updates(&stage, &mut service, "the swap", number as usize - 1).await;
    }
    assert!(all_can_call(&stage));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_git_sync_is_swapped() {
    // The link is the folder itself, or is on the way to it.
    for folder in ["checkout/current", "checkout/current/manifests"] {
        let stage = watched(folder).await;
        let inside = folder.strip_prefix("checkout/current").unwrap().trim_start_matches('/');
        let at = |path: &str| stage.path().join("checkout").join(path);
        let file = |version: &str| at(version).join(inside).join("fleet.yaml");
        write(&file(".worktrees/1"), &fleet());
        symlink(".worktrees/1", at("current")).unwrap();
        let mut service = start(&stage).await;
        for number in 2..4_u32 {
            let version = format!(".worktrees/{number}");
            write(&file(&version), &edited(800 + number));
            swap(&at("current"), &version);
            fs::remove_dir_all(at(&format!(".worktrees/{}", number - 1))).unwrap();
            until_updates(&stage, &mut service, folder, number as usize - 1).await;
        }
        assert!(all_can_call(&stage));
        assert_eq!(service.stop().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_deleted_and_made_again_takes_nothing_from_anybody() {
    let stage = watched("manifests").await;
    let folder = stage.path().join("manifests");
    write(&folder.join("fleet.yaml"), &fleet());
    let mut service = start(&stage).await;
    for number in 1..4_u32 {
        fs::remove_dir_all(&folder).unwrap();
        service.until("the loss", || stage.text("stderr").contains("cannot be read")).await;
        write(&folder.join("fleet.yaml"), &edited(800 + number));
        until_updates(&stage, &mut service, "its return", number as usize).await;
    }
    // So does one that another is renamed to.
    for number in 4..6_u32 {
        write(&stage.path().join("new/fleet.yaml"), &edited(800 + number));
        fs::rename(&folder, stage.path().join(format!("old{number}"))).unwrap();
        fs::rename(stage.path().join("new"), &folder).unwrap();
        until_updates(&stage, &mut service, "another one", number as usize).await;
    }
    assert!(all_can_call(&stage));
    assert_eq!(service.stop().await, Some(0));
}

/// Ways in which editors and scripts save a file.
fn saved(path: &Path, text: &str, how: &str) {
    let beside = |name: &str| path.with_file_name(name);
    match how {
        "in place" => fs::write(path, text).unwrap(),
        "truncated first" => {
            fs::write(path, "").unwrap();
            fs::write(path, text).unwrap();
        }
        "in two pieces" => {
            use std::io::Write as _;
            let mut file = fs::File::create(path).unwrap();
            let (first, second) = text.split_at(text.len() / 2);
            file.write_all(first.as_bytes()).unwrap();
            file.sync_all().unwrap();
            file.write_all(second.as_bytes()).unwrap();
        }
        // vim: the old one becomes a backup, which goes at the end.
        "vim" => {
            fs::write(beside(".fleet.yaml.swp"), "b0VIM").unwrap();
            fs::write(beside("4913"), "").unwrap();
            fs::remove_file(beside("4913")).unwrap();
            fs::rename(path, beside("fleet.yaml~")).unwrap();
            fs::write(path, text).unwrap();
            fs::remove_file(beside("fleet.yaml~")).unwrap();
            fs::remove_file(beside(".fleet.yaml.swp")).unwrap();
        }
        // emacs: a link as a lock, a file of its own for what is not saved yet.
        "emacs" => {
            symlink("ann@host.1:2", beside(".#fleet.yaml")).unwrap();
            fs::write(beside("#fleet.yaml#"), text).unwrap();
            fs::rename(path, beside("fleet.yaml~")).unwrap();
            fs::write(path, text).unwrap();
            fs::remove_file(beside("#fleet.yaml#")).unwrap();
            fs::remove_file(beside(".#fleet.yaml")).unwrap();
        }
        // sed -i, gedit, most scripts: another file is renamed over it.
        "renamed over" => {
            fs::write(beside(".goutputstream-1"), text).unwrap();
            fs::rename(beside(".goutputstream-1"), path).unwrap();
        }
        _ => {
            fs::remove_file(path).unwrap();
            fs::write(path, text).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_editor_does_is_one_edit() {
    let stage = watched("manifests").await;
    let path = stage.path().join("manifests/fleet.yaml");
    write(&path, &fleet());
    let mut service = start(&stage).await;
    let ways = [
        "in place",
        "truncated first",
        "in two pieces",
        "vim",
        "emacs",
        "renamed over",
        "deleted and made",
    ];
    for (number, how) in (1_u32..).zip(ways) {
        saved(&path, &edited(800 + number), how);
        until_updates(&stage, &mut service, how, number as usize).await;
    }
    assert!(all_can_call(&stage));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_file_that_is_replaced_is_seen() {
    let stage = watched("fleet.yaml").await;
    let path = stage.path().join("fleet.yaml");
    write(&path, &fleet());
    let mut service = start(&stage).await;
    for (number, how) in (1_u32..).zip(["in place", "renamed over", "in place", "vim"]) {
        saved(&path, &edited(800 + number), how);
        until_updates(&stage, &mut service, how, number as usize).await;
    }
    assert!(all_can_call(&stage));
    assert_eq!(service.stop().await, Some(0));
}

/// The service behind a shell with namespaces of its own, if this machine lets us have them; told if
/// not.
fn apart(stage: &Stage, script: &str) -> Option<Command> {
    let unshare = |script: &str| {
        let mut command = child("unshare", stage.path());
        command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]);
        command
    };
    let prepare = format!("{script}\ntrue");
    let tried = unshare(&prepare).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        left_out("this machine gives no namespaces");
        return None;
    }
    let log = |name: &str| fs::File::create(stage.path().join(name)).unwrap();
    let mut command = unshare(&format!("{script}\nexec {PROGRAM} run"));
    command.stdout(log("stdout")).stderr(log("stderr"));
    Some(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_bound_into_a_container_is_seen_when_it_is_written() {
    let stage = watched("bound.yaml").await;
    let outside = stage.path().join("fleet.yaml");
    write(&outside, &fleet());
    write(&stage.path().join("bound.yaml"), "");
    let Some(mut command) = apart(&stage, "mount --bind fleet.yaml bound.yaml") else { return };
    let mut service = stage.running(command.spawn().unwrap());
    let told = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", told).await;
    for number in 1..3_u32 {
        fs::write(&outside, edited(800 + number)).unwrap();
        until_updates(&stage, &mut service, "the edit", number as usize).await;
    }
    assert!(all_can_call(&stage));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_watched_it_looks_on_its_interval_and_names_the_sysctl() {
    for (sysctl, told) in [
        ("max_inotify_watches", "fs.inotify.max_user_watches"),
        ("max_inotify_instances", "fs.inotify.max_user_instances"),
    ] {
        let stage = watched("manifests").await;
        stage.configure("poll: 1h", "poll: 200ms");
        let path = stage.path().join("manifests/fleet.yaml");
        write(&path, &fleet());
        let script = format!("echo 0 > /proc/sys/user/{sysctl}");
        let Some(mut command) = apart(&stage, &script) else { return };
        let mut service = stage.running(command.spawn().unwrap());
        let well = || stage.text("stdout").matches("as the manifests want it").count() == 3;
        service.until("the first passes", well).await;
        let log = stage.text("stderr");
        assert!(log.contains("looked at on an interval") && log.contains(told), "{log}");
        fs::write(&path, edited(806)).unwrap();
        until_updates(&stage, &mut service, "the edit", 1).await;
        assert_eq!(log.matches("looked at on an interval").count(), 1, "it is told once");
    }
}

/// Where manifests are that nobody is told of: a network file system tells nothing of what another
/// machine writes.
#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_is_told_of_is_found_on_the_interval() {
    let stage = watched("link").await;
    stage.configure("poll: 1h", "poll: 200ms");
    let elsewhere = crate::folder::folder();
    // A link within a folder that is watched: what is behind it is not.
    let real: PathBuf = elsewhere.path().join("a/b");
    write(&real.join("fleet.yaml"), &fleet());
    symlink(&real, stage.path().join("link")).unwrap();
    let mut service = start(&stage).await;
    let other = elsewhere.path().join("a-new/b");
    write(&other.join("fleet.yaml"), &edited(806));
    // No link and no folder that is watched moves: the one above does.
    fs::rename(elsewhere.path().join("a"), elsewhere.path().join("a-old")).unwrap();
    fs::rename(elsewhere.path().join("a-new"), elsewhere.path().join("a")).unwrap();
    until_updates(&stage, &mut service, "the edit", 1).await;
    assert!(all_can_call(&stage));
    assert_eq!(service.stop().await, Some(0));
}
