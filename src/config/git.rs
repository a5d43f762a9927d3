//! A branch of a git repository that manifests come from.

use std::{
    net::IpAddr,
    path::{Path as FilePath, PathBuf},
    time::Duration,
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    SecretSource,
    span::{self, Span},
};
use crate::{
    words::duration,
    yaml::{At, Mismatch, Path},
};

/// How often a server is asked at most.
const SHORTEST: Duration = Duration::from_secs(1);
/// The characters of a URL that need no further thought.
const PLAIN: &str = "-._~:/?&=%+@[]";

/// A branch of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitSource {
    /// Where the repository is: `https://`, `ssh://` or `file://`; never with a password in it.
    pub url: String,
    /// The branch that is followed.
    #[serde(default = "default_branch")]
    pub branch: String,
    /// The folder in the repository that holds the manifests; `.` is all of it.
    #[serde(default = "default_folder")]
    pub folder: String,
    /// How often the server is asked.
    #[serde(default = "default_interval", with = "span")]
    #[schemars(with = "Span")]
    pub interval: Duration,
    /// What the server asks for.
    #[serde(default)]
    pub auth: Option<GitAuth>,
    /// Who has to have signed the newest commit; absent: nobody.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// What becomes of a branch that was rewritten.
    #[serde(default)]
    pub force_push: ForcePush,
}

/// Who has to have signed the newest commit: one of these.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verify {
    /// For ssh signatures: a file as `ssh-keygen` reads it, with a name and a key a line.
    pub allowed_signers: Option<PathBuf>,
    /// For gpg signatures: a file, or a folder of files, with public keys.
    pub gpg_keys: Option<PathBuf>,
}

/// How a server knows that we may read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitAuth {
    /// For `https://`: a token, or a password.
    pub token: Option<SecretSource>,
    /// The user name that goes with the token. Most servers take any.
    pub username: Option<String>,
    /// For `ssh://`.
    pub ssh: Option<SshKey>,
}

/// A key, and the servers that it is shown to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SshKey {
    /// The file with the private key.
    pub key: PathBuf,
    /// The file with the keys of servers, as `ssh-keyscan` prints them. A server that it does not
    /// name is refused.
    pub known_hosts: PathBuf,
}

/// What becomes of a branch that was rewritten: its new commit does not build on the one in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ForcePush {
    /// The new commit comes into force, and that is told.
    #[default]
    Accept,
    /// The commit in force stays until the branch builds on it again, or this is `accept`.
    Hold,
}

fn default_branch() -> String {
    "main".to_owned()
}

fn default_folder() -> String {
    "manifests".to_owned()
}

fn default_interval() -> Duration {
    Duration::from_secs(60)
}

impl GitSource {
    /// The folder as git writes it: empty for all of the repository.
    #[must_use]
    pub fn inside(&self) -> &str {
        let folder = self.folder.trim_start_matches("./").trim_end_matches('/');
        if folder == "." { "" } else { folder }
    }

    /// What this source is called where it has no name of its own: the URL without what is no part
    /// of the address.
    #[must_use]
    pub fn address(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    /// The kind of transport.
    fn scheme(&self) -> &str {
        self.url.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Takes relative files from the folder `beside`, but for those that `set` elsewhere.
    pub(super) fn beside(&mut self, beside: &FilePath, set: impl Fn(&[&str]) -> bool) {
        if let Some(verify) = &mut self.verify {
            let paths = [
                ("allowedSigners", &mut verify.allowed_signers),
                ("gpgKeys", &mut verify.gpg_keys),
            ];
            for (key, path) in paths {
                if let Some(path) = path.as_mut().filter(|_| !set(&["verify", key])) {
                    *path = beside.join(&path);
                }
            }
        }
        let Some(auth) = &mut self.auth else { return };
        if let Some(SecretSource::File(path)) = &mut auth.token
            && !set(&["auth", "token"])
        {
            *path = beside.join(&path);
        }
        if let Some(ssh) = &mut auth.ssh {
            for (key, path) in [("key", &mut ssh.key), ("knownHosts", &mut ssh.known_hosts)] {
                if !set(&["auth", "ssh", key]) {
                    *path = beside.join(&path);
                }
            }
        }
    }

    /// What the types cannot say, below `path`.
    pub(super) fn problems(&self, path: &Path) -> Vec<Mismatch> {
        let mut wrongs: Vec<Mismatch> = url(&self.url, &path.key("url")).into_iter().collect();
        if !is_branch(&self.branch) {
            let message = format!("`{}` is not the name of a branch", self.branch);
            let hint = "write the branch alone, as in `main`: no `refs/heads/`, tag or commit";
            wrongs.push(Mismatch::value(path.key("branch"), message).hint(hint));
        }
        let folder = self.inside();
        let odd = |part: &str| part.is_empty() || part == ".." || part == ".";
        if folder.contains(char::is_control) || !folder.is_empty() && folder.split('/').any(odd) {
            let message = format!("`{}` is not a folder of a repository", self.folder);
            let hint = "write it as from the top of the repository, as in `manifests`, or `.`";
            wrongs.push(Mismatch::value(path.key("folder"), message).hint(hint));
        }
        if self.interval < SHORTEST {
            let given = duration(self.interval);
            let least = duration(SHORTEST);
            let message = format!("`interval` is {given}; {least} is the least");
            wrongs.push(Mismatch::value(path.key("interval"), message));
        }
        wrongs.extend(self.wrong_auth(&path.key("auth")));
        let nobody =
            |verify: &Verify| verify.allowed_signers.is_none() && verify.gpg_keys.is_none();
        if self.verify.as_ref().is_some_and(nobody) {
            let message = "`verify` names nobody who may sign";
            let hint = "set `allowedSigners`, `gpgKeys` or both, or leave `verify` out";
            wrongs.push(Mismatch::value(path.key("verify"), message).hint(hint));
        }
        wrongs
    }

    fn wrong_auth(&self, path: &Path) -> Option<Mismatch> {
        let auth = self.auth.as_ref();
        let (token, ssh) =
            (auth.and_then(|auth| auth.token.as_ref()), auth.and_then(|auth| auth.ssh.as_ref()));
        let odd = match self.scheme() {
            "ssh" if ssh.is_none() => {
                return Some(Mismatch::value(path.clone(), "`ssh://` needs a key").hint(
                    "set `auth: { ssh: { key: FILE, knownHosts: FILE } }`; `ssh-keyscan HOST` \
                        prints what `knownHosts` holds: compare it with what the host publishes",
                ));
            }
            "ssh" => token.map(|_| ("token", "a token is for `https://`")),
            "https" | "http" => ssh.map(|_| ("ssh", "a key is for `ssh://`")),
            _ => auth.map(|_| ("", "a repository on this machine asks for nothing")),
        };
        if let Some((key, message)) = odd {
            let at = if key.is_empty() { path.clone() } else { path.key(key) };
            return Some(Mismatch::value(at, message));
        }
        if let Some(name) = auth.and_then(|auth| auth.username.as_ref())
            && (name.contains(':') || name.contains(char::is_control) || token.is_none())
        {
            let message = "`username` goes with a token, and holds no colon";
            return Some(Mismatch::value(path.key("username"), message));
        }
        let odd = |file: &&PathBuf| {
            // A shell reads the words that ssh is started with.
            let plain = |c: char| c.is_alphanumeric() || "/._-+@,=".contains(c);
            !file.to_str().is_some_and(|text| text.chars().all(plain))
        };
        let ssh = ssh?;
        [("key", &ssh.key), ("knownHosts", &ssh.known_hosts)].into_iter().find_map(|(key, file)| {
            odd(&file).then(|| {
                let message = format!("`{}` has blanks or signs in its name", file.display());
                Mismatch::value(path.key("ssh").key(key), message)
                    .hint("ssh is started by a shell: rename the file or its folder")
            })
        })
    }
}

/// What is wrong with a URL.
fn url(url: &str, at: &Path) -> Option<Mismatch> {
    let wrong = |message: String, hint: &str| Some(Mismatch::value(at.clone(), message).hint(hint));
    let Some((scheme, rest)) = url.split_once("://") else {
        return wrong(
            format!("`{url}` is not the URL of a repository"),
            "write https://HOST/PATH, ssh://git@HOST/PATH (for git@HOST:PATH) or file:///PATH",
        );
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    match scheme {
        // What comes before the `@` may be a token: it is not repeated.
        "https" | "http" if user.is_some() => Some(Mismatch {
            at: At::Hidden,
            ..Mismatch::value(at.clone(), "a URL must not hold a user or token")
                .hint("set `auth: { token: { file: PATH } }`, and `username` if it matters")
        }),
        "ssh" if user.is_some_and(|user| user.contains(':')) => Some(Mismatch {
            at: At::Hidden,
            ..Mismatch::value(at.clone(), "a URL must not hold a password")
                .hint("set `auth: { ssh: { key: FILE, knownHosts: FILE } }`")
        }),
        "http" if !is_loopback(host) => wrong(
            format!("`{url}` is sent in the clear, with the token"),
            "use https; http is possible on this machine only",
        ),
        "file" if !rest.starts_with('/') => {
            wrong(format!("`{url}` is not a whole path"), "write file:///PATH")
        }
        "https" | "http" | "ssh" if host.is_empty() || host.starts_with('-') => {
            wrong(format!("`{url}` names no host"), "write https://HOST/PATH")
        }
        "https" | "http" | "ssh" | "file" => {
            let plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
            let message = format!("`{url}` holds what no URL holds");
            if url.chars().all(plain) { None } else { wrong(message, "write it percent-encoded") }
        }
        other => {
            wrong(format!("`{other}` is not how manifests are fetched"), "use https, ssh or file")
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let name = name.map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether git takes it as the name of a branch, and nobody for anything else.
fn is_branch(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-._/+@#%".contains(c);
    let odd = |part: &str| {
        part.is_empty()
            || part.starts_with('.')
            || part.ends_with('.')
            || part.rsplit('.').next() == Some("lock")
    };
    !name.starts_with('-')
        && !name.starts_with("refs/")
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && name.chars().all(plain)
        && !name.split('/').any(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(yaml: &str) -> Vec<String> {
        let source: GitSource = serde_yaml::from_str(yaml).unwrap();
        source.problems(&Path::root(0)).into_iter().map(|wrong| wrong.message).collect()
    }

    #[test]
    fn what_git_or_a_shell_would_take_for_something_else_is_refused() {
        for (yaml, told) in [
            ("url: git@example.org:a/b.git", "is not the URL"),
            ("url: https://user:secret@example.org/a", "must not hold a user or token"),
            ("url: https://ghp_secret@example.org/a", "must not hold a user or token"),
            ("url: http://example.org/a", "in the clear"),
            ("url: ext://sh", "is not how manifests are fetched"),
            ("url: 'file://a'", "is not a whole path"),
            ("url: 'https://-oProxyCommand=x/a'", "names no host"),
            ("url: 'file:///a b'", "holds what no URL holds"),
            ("url: 'file:///a', branch: --upload-pack=x", "is not the name of a branch"),
            ("url: 'file:///a', branch: 'a:b'", "is not the name of a branch"),
            ("url: 'file:///a', branch: refs/heads/main", "is not the name of a branch"),
            ("url: 'file:///a', folder: ../up", "is not a folder"),
            ("url: 'file:///a', folder: /top", "is not a folder"),
            ("url: 'file:///a', interval: 10ms", "1s is the least"),
            ("url: 'file:///a', auth: { token: { env: A } }", "asks for nothing"),
            ("url: 'file:///a', verify: {}", "names nobody"),
            ("url: 'ssh://git@h/a'", "needs a key"),
            ("url: 'ssh://git@h/a', auth: { ssh: { key: 'a b', knownHosts: k } }", "has blanks"),
            ("url: 'https://h/a', auth: { ssh: { key: a, knownHosts: k } }", "for `ssh://`"),
        ] {
            let wrongs = wrong(&format!("{{ {yaml} }}"));
            assert!(wrongs.iter().any(|wrong| wrong.contains(told)), "{yaml}: {wrongs:?}");
            assert!(!wrongs.iter().any(|wrong| wrong.contains("secret")), "{wrongs:?}");
        }
    }

    #[test]
    fn usual_ones_are_taken() {
        for yaml in [
            "url: https://code.example.com/phones.git",
            "url: 'http://127.0.0.1:8080/a', auth: { token: { env: A }, username: oauth2 }",
            "url: 'http://[::1]:1/a', branch: feature/new-office, folder: .",
            "url: 'file:///srv/git/phones.git', folder: ./customers/contoso/, interval: 5m",
            "url: 'ssh://git@host:2222/a.git', auth: { ssh: { key: /k, knownHosts: /h } }",
        ] {
            assert_eq!(wrong(&format!("{{ {yaml} }}")), [""; 0], "{yaml}");
        }
    }
}
