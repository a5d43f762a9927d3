//! How a server is asked: by which protocols, with what key or token, and what its refusals mean.
//!
//! **Invariant:** a token is in the environment of git alone, bound to the address that it is for:
//! it is no argument, is written into no file, and follows no redirect.

use std::{ffi::OsString, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    program::{Git, Halt, Silent},
    trouble::{GitTrouble, GitTroubleKind},
};
use crate::{config::GitSource, foreign, words};

/// What git is told beside what it is always told: nothing is followed that a server names, and
/// nothing is done by itself.
const SETTINGS: [(&str, &str); 11] = [
    ("http.followRedirects", "false"),
    ("transfer.bundleURI", "false"),
    ("transfer.fsckObjects", "true"),
    ("transfer.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("credential.helper", ""),
    ("core.askPass", ""),
    ("advice.defaultBranchName", "false"),
];
/// The variables by which a machine says how the network is reached.
const NETWORK: [&str; 9] = [
    "HTTPS_PROXY",
    "https_proxy",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "TMPDIR",
    "TZ",
];
/// Where certificates are that are trusted, as other programs are told and as git is.
const TRUST: [(&str, &str); 2] =
    [("SSL_CERT_FILE", "GIT_SSL_CAINFO"), ("SSL_CERT_DIR", "GIT_SSL_CAPATH")];
/// The user name that goes with a token where none is named.
const ANYBODY: &str = "x-access-token";

/// Git that may fetch from this source into a bare repository of ours.
pub(super) fn git<'f>(
    folder: &'f Path,
    source: &GitSource,
    token: Option<&SecretString>,
    halt: &Halt,
) -> Git<'f> {
    let here = NETWORK.iter().map(|name| (*name, *name)).chain(TRUST);
    let mut variables: Vec<(&'static str, OsString)> =
        here.filter_map(|(theirs, ours)| Some((ours, std::env::var_os(theirs)?))).collect();
    if let Some(ssh) = source.auth.as_ref().and_then(|auth| auth.ssh.as_ref()) {
        // The settings refuse names that a shell would take apart.
        let key = ssh.key.display();
        let hosts = ssh.known_hosts.display();
        let command = format!(
            "ssh -F none -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 -o \
                StrictHostKeyChecking=yes -o UserKnownHostsFile={hosts} -o \
                GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no -o ForwardAgent=no -o \
                PermitLocalCommand=no -o ControlMaster=no"
        );
        variables.push(("GIT_SSH_COMMAND", command.into()));
        variables.push(("GIT_SSH_VARIANT", "ssh".into()));
    }
    let scheme = source.url.split_once("://").map_or("", |(scheme, _)| scheme);
    let mut git = Git::for_fetching(folder, halt, scheme, variables);
    for (key, value) in SETTINGS {
        git.set(key, value);
    }
    if let Some(token) = token {
        let name = source.auth.as_ref().and_then(|auth| auth.username.as_deref());
        let both = format!("{}:{}", name.unwrap_or(ANYBODY), token.expose_secret());
        let both = STANDARD.encode(both);
        // A server may repeat what it was sent.
        git.hide(token.expose_secret());
        git.hide(&both);
        let header = format!("Authorization: Basic {both}");
        git.set(&format!("http.{}.extraHeader", source.address()), header);
    }
    git
}

/// Why a server gave no answer, in words.
pub(super) fn refusal(silent: Silent, source: &GitSource, doing: &str) -> GitTrouble {
    let address = source.address();
    let away = |reason: String, hint: &str| GitTrouble::new(GitTroubleKind::Away, reason, hint);
    match silent {
        Silent::Absent(error) if error.kind() == std::io::ErrorKind::NotFound => GitTrouble::new(
            GitTroubleKind::Cache,
            "there is no program `git`, which fetches manifests",
            "install git 2.34 or newer",
        ),
        Silent::Absent(error) => GitTrouble::new(
            GitTroubleKind::Cache,
            format!("`git` cannot be started: {}", words::system(error)),
            "repair it",
        ),
        Silent::GivenUp => GitTrouble::given_up(),
        Silent::Slow(patience) => away(
            format!("{address} did not end within {} s, {doing}", patience.as_secs()),
            "look whether the server answers; it is tried again",
        ),
        Silent::TooMuch(bytes) => away(
            format!("{address} says more than {bytes} bytes, {doing}"),
            "look what the server answers",
        ),
        Silent::Refused(words) => {
            let hint = advice(&words);
            away(format!("{address} cannot be read: {}", said(&words)), hint)
        }
    }
}

/// What git says of a failure, on one line: its own words, and not those about what to try.
fn said(words: &str) -> String {
    let speaks = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("warning:")
    };
    let lines: Vec<&str> = words.lines().filter(speaks).map(str::trim).collect();
    let told = lines.iter().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let first = lines.first().copied().unwrap_or("nothing is said");
    // ssh says its own before git says that it could not read.
    let both = match told {
        Some(fatal) if *fatal != first => format!("{first} ({fatal})"),
        _ => first.to_owned(),
    };
    foreign::line(both)
}

/// What to do about a refusal.
fn advice(words: &str) -> &'static str {
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["Host key verification failed", "known_hosts"]) {
        "put the server's key into the file that `auth.ssh.knownHosts` names: `ssh-keyscan HOST` \
            prints it; compare it with what the host publishes"
    } else if says(&["Authentication failed", "could not read Username", "401", "403"]) {
        "look whether the token of `auth.token` may still read the repository"
    } else if says(&["Permission denied", "publickey"]) {
        "look whether the key of `auth.ssh.key` may read the repository"
    } else if says(&["redirect", "301", "302", "307", "308"]) {
        "write the address that the server redirects to into `url`: the token goes nowhere else"
    } else if says(&["dubious ownership"]) {
        "the repository belongs to another user: give it to the user of this program, or name it \
            in `git config --system --add safe.directory PATH`"
    } else if says(&["certificate", "SSL"]) {
        "set SSL_CERT_FILE to a file with the certificate that the server's is signed with"
    } else if says(&["not found", "does not appear to be a git repository", "404"]) {
        "look whether `url` is right, and whether `auth` may read the repository"
    } else {
        "look whether `url` is right and the server answers; it is tried again"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_first_is_told_on_one_line() {
        let words = "No ED25519 host key is known for h.\nHost key verification failed.\nfatal: \
            Could not read from remote repository.\n\nPlease make sure\n";
        assert_eq!(
            said(words),
            "No ED25519 host key is known for h. (fatal: Could not read from remote repository.)"
        );
        assert!(advice(words).contains("knownHosts"));
        assert_eq!(
            said("warning: x\nfatal: unable to access 'a'\n"),
            "fatal: unable to access 'a'"
        );
        assert_eq!(said(""), "nothing is said");
    }
}
