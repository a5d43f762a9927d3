//! The workflows of `.github`: what they name is there, and the shell of a release works, from the
//! check of the program to the release. What only GitHub has is stood in for by scripts.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_yaml::Value;

use crate::stage::{PROGRAM, child, git, script};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn workflow(name: &str) -> Value {
    let text = fs::read_to_string(root().join(".github/workflows").join(name)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

fn jobs(workflow: &Value) -> Vec<(&str, &Value)> {
    let jobs = workflow["jobs"].as_mapping().unwrap();
    jobs.iter().map(|(name, job)| (name.as_str().unwrap(), job)).collect()
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_sequence().into_iter().flatten()
}

/// Whether an action is named by a version or a commit, never by a branch or a major version that
/// moves.
fn is_pinned(action: &str) -> bool {
    let Some((_, version)) = action.split_once('@') else { return false };
    let commit = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = version.trim_start_matches('v').split('.').collect();
    commit || parts.len() == 3 && parts.into_iter().all(number)
}

#[test]
fn what_workflows_name_is_there_and_fixed() {
    for name in ["ci.yml", "release.yml"] {
        let workflow = workflow(name);
        let jobs = jobs(&workflow);
        for (job_name, job) in &jobs {
            let needs: Vec<&str> = match &job["needs"] {
                Value::String(one) => vec![one],
                Value::Sequence(all) => all.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            for needed in needs {
                assert!(jobs.iter().any(|(other, _)| *other == needed), "{name}: {needed}");
            }
            let called = job["uses"].as_str().map(|path| root().join(path));
            assert!(called.is_none_or(|path| path.is_file()), "{name}: {job_name} calls nothing");
            for step in steps(job) {
                let action = step["uses"].as_str();
                assert!(action.is_none_or(is_pinned), "{name}: {action:?} is not fixed");
                let Some(run) = step["run"].as_str() else { continue };
                let checked = child("bash", root()).args(["-n", "-c", run]).output().unwrap();
                assert!(checked.status.success(), "{name}: {job_name}: {checked:?}");
            }
        }
    }
    assert!(root().join(".ci/run").is_file());
}

/// Runs the step of a job as GitHub does, and says what it printed.
fn run(folder: &Path, job: &str, step: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let workflow = workflow("release.yml");
    let found = steps(&workflow["jobs"][job]).find(|found| found["name"].as_str() == Some(step));
    let shell = found.unwrap_or_else(|| panic!("{job}: {step}"))["run"].as_str().unwrap();
    let tools = std::env::var("PATH").unwrap();
    let output = child("bash", folder)
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", shell])
        .env("PATH", format!("{}:{tools}", folder.join("stand-ins").display()))
        .env("GITHUB_REF_NAME", concat!("v", env!("CARGO_PKG_VERSION")))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn the_steps_of_a_release_check_pack_and_publish_what_was_built() {
    const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];
    let folder = crate::folder::folder();
    let folder = folder.path();
    let version = env!("CARGO_PKG_VERSION");
    for name in ["manifests", "README.md", "LICENSE"] {
        symlink(root().join(name), folder.join(name)).unwrap();
    }
    let notes = format!(
        "# Change log\n\n## Unreleased\n\n- New.\n\n## {version} 2026-01-01\n\n- Now.\n\n## 0.0.1\n\n- Old.\n"
    );
    fs::write(folder.join("CHANGELOG.md"), notes).unwrap();
    fs::create_dir(folder.join("stand-ins")).unwrap();
    for tool in ["docker", "gh"] {
        let path = folder.join("stand-ins").join(tool);
        script(&path, &format!("#!/bin/sh\necho \"{tool} $*\" >>calls\n"));
    }
    let (done, told) = run(folder, "notes", "Notes", &[]);
    assert!(done, "{told}");
    assert_eq!(fs::read_to_string(folder.join("notes.md")).unwrap().trim(), "- Now.");
    for target in TARGETS {
        let built = folder.join("target").join(target).join("dist");
        fs::create_dir_all(&built).unwrap();
        let program = format!("#!/bin/sh\nexec {PROGRAM} \"$@\"\n");
        script(&built.join("dialplane"), &program);
        for step in ["Check", "Pack"] {
            let (done, told) = run(folder, "binary", step, &[("TARGET", target)]);
            assert!(done, "{step}: {told}");
        }
    }
    let (done, told) = run(folder, "publish", "Checksums", &[]);
    assert!(done && TARGETS.iter().all(|target| told.contains(target)), "{told}");
    let image = [("IMAGE", "ghcr.io/Example/Dialplane")];
    let (done, told) = run(folder, "publish", "Image", &image);
    assert!(done, "{told}");
    for platform in ["amd64", "arm64"] {
        let program = folder.join("built").join(platform).join("usr/local/bin/dialplane");
        assert!(fs::read_to_string(program).unwrap().starts_with("#!/bin/sh\nexec "), "{platform}");
    }
    let (done, told) = run(folder, "publish", "Release", &[]);
    assert!(done, "{told}");
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    let place = |call: &str| calls.find(call).unwrap_or_else(|| panic!("{call}: {calls}"));
    let tried = place("docker run --rm --platform linux/arm64 ghcr.io/example/dialplane:");
    assert!(tried < place("--push"), "an image is pushed before both are tried: {calls}");
    assert!(place("imagetools create") < place("gh release create v"), "{calls}");
}

#[test]
fn a_release_ends_where_something_is_not_as_the_tag_says() {
    let folder = crate::folder::folder();
    let folder = folder.path();
    fs::write(folder.join("CHANGELOG.md"), "# Change log\n\n## 10.1.0\n\n- Another.\n").unwrap();
    let (done, told) = run(folder, "notes", "Notes", &[]);
    assert!(!done && told.contains("CHANGELOG.md says nothing of"), "{told}");
    symlink(root().join("manifests"), folder.join("manifests")).unwrap();
    let built = folder.join("target/any/dist");
    fs::create_dir_all(&built).unwrap();
    script(&built.join("dialplane"), "#!/bin/sh\necho dialplane 9.9.9\n");
    let (done, told) = run(folder, "binary", "Check", &[("TARGET", "any")]);
    assert!(!done, "another version than the tag's: {told}");
    // A program that needs libraries of the machine, such as this one.
    fs::remove_file(built.join("dialplane")).unwrap();
    symlink(PROGRAM, built.join("dialplane")).unwrap();
    let (done, told) = run(folder, "binary", "Check", &[("TARGET", "any")]);
    assert!(!done && told.contains("not static"), "{told}");
}

/// The script of the build, which tells the program its commit.
#[path = "../../build.rs"]
#[expect(dead_code, clippy::print_stdout, reason = "cargo runs the rest, and reads what it prints")]
mod build;

#[test]
fn what_is_installed_says_of_which_commit_it_is() {
    let folder = crate::folder::folder();
    let repo = folder.path().join("repo");
    let ada = |arguments: &[&str]| git(&repo, ("ada", "ada@example.com"), arguments);
    fs::create_dir_all(repo.join("src")).unwrap();
    fs::write(repo.join("src/lib.rs"), "").unwrap();
    assert_eq!(build::commit(&repo), None, "sources without git");
    ada(&["init", "--quiet"]);
    ada(&["add", "."]);
    ada(&["commit", "--quiet", "--message", "First"]);
    ada(&["tag", "--annotate", "v1", "--message", "v1"]);
    let head = child("git", &repo).args(["rev-parse", "--short", "HEAD"]).output().unwrap();
    let commit = String::from_utf8(head.stdout).unwrap().trim().to_owned();
    assert_eq!(build::commit(&repo), Some(commit.clone()));
    assert_eq!(build::commit(&repo.join("src")), None, "a part of another repository");
    fs::write(repo.join("src/lib.rs"), "//! Changed.").unwrap();
    assert_eq!(build::commit(&repo), Some(format!("{commit}, changed")));
}

#[test]
fn git_is_asked_for_what_is_installed_and_not_named() {
    assert!(build::asks_git(None, "release"));
    assert!(build::asks_git(Some("".as_ref()), "release"));
    assert!(!build::asks_git(Some("abc1234".as_ref()), "release"), "named already");
    assert!(!build::asks_git(None, "debug"));
}
