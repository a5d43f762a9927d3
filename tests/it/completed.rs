//! What a shell is offered for a word that is not finished: offline, and never an error.

use std::{fs, path::Path};

use crate::{
    folder::folder,
    stage::{Ended, PROGRAM, child, dialplane, is_here},
};

/// What is offered for the last of these words. The protocol is that of fish: one a line, and after
/// a tab what is said beside it.
pub(crate) fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--", "dialplane"];
    arguments.extend(words);
    let mut command = dialplane(folder, &arguments);
    // Whoever asked the network would wait for a proxy that is not there.
    command.env("_DIALPLANE_COMPLETE", "fish").env("HTTPS_PROXY", "http://127.0.0.1:9");
    let ended = Ended::from(command.output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{words:?}");
    ended.stdout.lines().map(str::to_owned).collect()
}

/// A folder with the example fleet, as `init --demo` writes it.
fn demonstration() -> tempfile::TempDir {
    let folder = folder();
    let ended = Ended::from(dialplane(folder.path(), &["init", "--demo"]).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    folder
}

#[test]
fn receivers_of_notices_are_those_of_the_configuration() {
    let folder = demonstration();
    let config = folder.path().join("dialplane.yaml");
    let receiver = "{ kind: slack, url: { env: URL } }";
    let notices =
        format!("notices: {{ receivers: {{ desk: {receiver}, on-call: {receiver} }} }}\n");
    let before = fs::read_to_string(&config).unwrap_or_default();
    fs::write(&config, before + &notices).unwrap();
    assert_eq!(offered(folder.path(), &["notices", "test", "d"]), ["desk"]);
    assert_eq!(offered(folder.path(), &["notices", "test", "on"]), ["on-call"]);
}

#[test]
fn tenants_and_users_are_those_of_the_manifests() {
    let folder = demonstration();
    let offered = |words: &[&str]| offered(folder.path(), words);
    let all = ["contoso", "fabrikam", "northwind", "tailspin", "woodgrove"];
    for command in ["plan", "apply", "history", "doctor", "status", "observe"] {
        assert_eq!(offered(&[command, "--tenant", ""]), all, "{command}");
    }
    assert_eq!(offered(&["plan", "--tenant", "no"]), ["northwind"]);
    assert_eq!(offered(&["plan", "--tenant=no"]), ["--tenant=northwind"]);
    for command in ["suspend", "resume", "reconcile"] {
        assert_eq!(offered(&[command, "no"]), ["northwind"], "{command}");
    }
    assert_eq!(offered(&["doctor", "--consent-link", "wo"]), ["woodgrove"]);
    let anna = "anna.becker@northwindtraders.com\tnorthwind";
    assert_eq!(offered(&["why", "anna"]), [anna]);
    assert_eq!(offered(&["plan", "--user", "anna"]), [anna]);
    assert!(offered(&["guide", "nig"])[0].starts_with("night\t"));
    assert!(offered(&["und"])[0].starts_with("undo\t"));
}

#[test]
fn the_configuration_of_the_line_says_where_the_manifests_are() {
    let folder = demonstration();
    let path = |name: &str| folder.path().join(name);
    fs::rename(path("manifests"), path("elsewhere")).unwrap();
    assert!(offered(folder.path(), &["plan", "--tenant", ""]).is_empty());
    fs::write(path("other.yaml"), "manifests: [elsewhere]\n").unwrap();
    let words = ["--config", "other.yaml", "plan", "--tenant", "w"];
    assert_eq!(offered(folder.path(), &words), ["woodgrove"]);
    assert_eq!(
        offered(folder.path(), &["--config=other.yaml", "why", "anna"]),
        ["anna.becker@northwindtraders.com\tnorthwind"]
    );
}

#[test]
fn what_is_broken_offers_less_and_says_nothing() {
    let folder = demonstration();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("manifests/fabrikam.yaml"), "kind: Tenant\nmetadata: {name: fabrikam\n[")
        .unwrap();
    fs::write(path("manifests/binary.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    assert_eq!(offered(folder.path(), &["plan", "--tenant", "fa"]), ["fabrikam"]);
    fs::write(path("dialplane.yaml"), "manifests: {").unwrap();
    assert_eq!(offered(folder.path(), &["plan", "--tenant", "no"]), ["northwind"]);
    let nothing = crate::folder::folder();
    assert!(offered(nothing.path(), &["plan", "--tenant", ""]).is_empty());
}

/// What a name may not do in a shell is not offered to it.
#[test]
fn names_that_are_none_are_not_offered() {
    let folder = folder();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    let text = "kind: Tenant\nmetadata: { name: $(reboot) }\n---\nkind: UserSet\nmetadata: \
        { tenant: contoso }\nspec: { users: [\n{ userPrincipalName: \"a\u{1b}[2J@contoso.com\" },\n\
        { userPrincipalName: b@contoso.com }] }\n";
    fs::write(folder.path().join("manifests/hostile.yaml"), text).unwrap();
    assert!(offered(folder.path(), &["plan", "--tenant", ""]).is_empty());
    assert_eq!(offered(folder.path(), &["why", ""])[0], "b@contoso.com\tcontoso");
}

#[test]
fn each_shell_is_told_how_to_ask() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended =
            Ended::from(dialplane(folder.path(), &["completions", shell]).output().unwrap());
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("_DIALPLANE_COMPLETE"), "{shell}: {}", ended.stdout);
    }
}

/// What bash would offer, asked as it asks.
const ASKED_BY_BASH: &str = r#"
source <(dialplane completions bash)
complete -p dialplane >/dev/null || exit 1
COMP_WORDS=(dialplane "$@") COMP_CWORD=$# COMP_TYPE=9
_clap_complete_dialplane dialplane "${!#}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash_offers_tenants_and_users() {
    if !is_here("bash", "--version") {
        return;
    }
    let folder = demonstration();
    let programs = Path::new(PROGRAM).parent().unwrap().display();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    for (words, offer) in [
        (&["plan", "--tenant", "no"][..], "northwind\n"),
        (&["suspend", "fa"], "fabrikam\n"),
        (&["plan", "--user", "adele"], "adele.vance@contoso.com\n"),
        (&["gui"], "guide\n"),
    ] {
        let mut bash = child("bash", folder.path());
        bash.args(["--norc", "-c", ASKED_BY_BASH, "bash"]).args(words).env("PATH", &path);
        let ended = Ended::from(bash.output().unwrap());
        assert_eq!((ended.code, ended.stdout.as_str()), (0, offer), "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn there_is_a_page_of_the_manual_for_each_command() {
    let folder = folder();
    let ended = Ended::from(dialplane(folder.path(), &["man", "--out", "man1"]).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    // Where `man` looks only in such folders.
    assert!(ended.stderr.contains("`man dialplane`"), "{}", ended.stderr);
    let other = Ended::from(dialplane(folder.path(), &["man", "--out", "pages"]).output().unwrap());
    assert!(other.stderr.contains("`man -l pages/dialplane.1`"), "{}", other.stderr);
    let page = |name: &str| fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert!(page("dialplane.1").contains("Exit codes"));
    assert!(page("dialplane-plan.1").contains("\\-\\-tenant"));
    assert!(page("dialplane-credentials-regenerate.1").contains("\\-\\-config"));
    let help = Ended::from(dialplane(folder.path(), &["--help"]).output().unwrap()).stdout;
    let commands = help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<&str> =
        commands.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        assert!(!page(&format!("dialplane-{command}.1")).is_empty());
    }
}
