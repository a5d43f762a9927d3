//! Who has signed a commit, and whether that is one of those who may.
//!
//! **Invariant:** a word of gpg that a signature is good says that somebody has made it, and not who: what
//! counts is that the fingerprint of the primary key is one of the keys that the settings name. They are
//! put into a ring of their own, so no other key is there.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    CommitId,
    disk::remove,
    program::{Bounds, Git, Halt, run},
    trouble::{GitTrouble, GitTroubleKind},
};
use crate::{config::Verify, foreign, words};

/// How long gpg and git may take for one answer.
const BOUNDS: Bounds = Bounds { patience: Duration::from_secs(20), bytes: 1024 * 1024 };
/// Validity, signer, fingerprint of the key, and of the primary key that it belongs to.
const FORMAT: &str = "--format=%G?%x00%GS%x00%GF%x00%GP";

/// Who has signed a commit in the repository `folder`, if that is somebody who may. `ring` is where the
/// keys of gpg are put.
pub(super) fn signer(
    commit: &CommitId,
    folder: &Path,
    ring: &Path,
    verify: &Verify,
    halt: &Halt,
) -> Result<String, GitTrouble> {
    let known = match &verify.gpg_keys {
        Some(keys) => fill(ring, keys, halt)?,
        None => BTreeSet::new(),
    };
    let mut git = Git::for_fetching(folder, halt, "none", vec![("GNUPGHOME", ring.into())]);
    let signers = verify.allowed_signers.as_deref().unwrap_or(Path::new("/dev/null"));
    if let Err(error) = fs::metadata(signers) {
        let hint = "set `verify.allowedSigners` to the file with the keys of those who may sign";
        return Err(refused(format!("{}: {}", signers.display(), words::system(error)), hint));
    }
    let signers = std::path::absolute(signers).unwrap_or_else(|_| signers.to_owned());
    for (key, value) in [
        ("gpg.ssh.allowedSignersFile", &*signers.to_string_lossy()),
        ("gpg.ssh.program", "ssh-keygen"),
        ("gpg.program", "gpg"),
        ("gpg.openpgp.program", "gpg"),
        ("gpg.x509.program", "/bin/false"),
        ("gpg.minTrustLevel", "undefined"),
    ] {
        git.set(key, value.to_owned());
    }
    let arguments = ["log", "-1", "--no-color", FORMAT, commit.as_str()];
    let answer = git.ask(&arguments, Vec::new(), BOUNDS).map_err(|silent| {
        refused(
            format!("git does not tell who signed {}: {silent:?}", commit.short()),
            "try `git log`",
        )
    })?;
    judge(commit, &String::from_utf8_lossy(&answer), &known)
}

/// What git says of a signature, judged.
fn judge(commit: &CommitId, answer: &str, known: &BTreeSet<String>) -> Result<String, GitTrouble> {
    let mut parts = answer.trim_end_matches('\n').splitn(4, '\0');
    let mut next = || parts.next().unwrap_or_default();
    let validity = next();
    let signer = next();
    let key = next();
    let primary = next();
    let is_ssh = key.starts_with("SHA256:");
    let is_known = match validity {
        // Of ssh, git says so only if the file with the signers names the key.
        "G" if is_ssh => true,
        // Whether gpg trusts the key is of no matter; whose it is, is.
        "G" | "U" => !primary.is_empty() && known.contains(primary),
        _ => false,
    };
    if is_known {
        let finger = if is_ssh { key } else { primary };
        return Ok(foreign::line(format!("{signer} ({finger})")));
    }
    let short = commit.short();
    let reason = match validity {
        "N" | "" => format!("commit {short} is not signed"),
        "B" => format!("the signature of commit {short} is wrong"),
        "X" | "Y" => format!("the signature of commit {short}, or its key, has expired"),
        "R" => format!("the key that signed commit {short} was revoked"),
        _ => format!("commit {short} is signed with a key that is not listed"),
    };
    let hint = "let somebody whom `verify` names sign a newer commit, or list the key; a host signs \
        merges that are made on its page with a key of its own";
    Err(refused(reason, hint))
}

fn refused(reason: String, hint: &str) -> GitTrouble {
    GitTrouble::new(GitTroubleKind::Unsigned, reason, hint)
}

/// Makes a ring of these keys alone; the fingerprints of the primary ones.
fn fill(ring: &Path, keys: &Path, halt: &Halt) -> Result<BTreeSet<String>, GitTrouble> {
    let hint = "set `verify.gpgKeys` to a file, or a folder of files, with the public keys of those \
        who may sign, as `gpg --export --armor` writes them; and install gpg";
    let failed = |error: String| refused(format!("{}: {error}", keys.display()), hint);
    let files = files(keys).map_err(|error| failed(words::system(error)))?;
    remove(ring)
        .and_then(|()| DirBuilder::new().mode(0o700).create(ring))
        .map_err(|error| failed(words::system(error)))?;
    let gpg = |arguments: &[&str], files: &[PathBuf]| {
        let mut command = Command::new("gpg");
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("LC_ALL", "C").env("GNUPGHOME", ring).env("HOME", ring);
        command.args(["--batch", "--no-tty", "--no-autostart", "--homedir"]).arg(ring);
        command.args(arguments).args(files);
        run(command, Vec::new(), BOUNDS, halt)
    };
    gpg(&["--quiet", "--import", "--"], &files).map_err(|silent| failed(format!("{silent:?}")))?;
    let listed = gpg(&["--with-colons", "--fingerprint", "--list-keys"], &[]);
    let listed = listed.map_err(|silent| failed(format!("{silent:?}")))?;
    let known = primary(&String::from_utf8_lossy(&listed));
    if known.is_empty() { Err(failed("there is no key in it".to_owned())) } else { Ok(known) }
}

fn files(keys: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(keys)?.is_dir() {
        return Ok(vec![keys.to_owned()]);
    }
    let entries = fs::read_dir(keys)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    let is_hidden = |path: &PathBuf| {
        path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
    };
    files.retain(|path| !is_hidden(path) && path.is_file());
    files.sort();
    Ok(files)
}

/// The fingerprints of primary keys, as `gpg --with-colons` lists them: the first behind each `pub`.
fn primary(listed: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_primary = false;
    for line in listed.lines() {
        let mut fields = line.split(':');
        match fields.next() {
            Some("pub") => is_primary = true,
            Some("sub") => is_primary = false,
            Some("fpr") if std::mem::take(&mut is_primary) => {
                found.extend(fields.nth(8).filter(|print| print.len() >= 40).map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIMARY: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    fn judged(answer: &str) -> Result<String, String> {
        let commit = CommitId("8b137891791fe96927ad78e64b0aad7bded08bdc".to_owned());
        let known = BTreeSet::from([PRIMARY.to_owned()]);
        judge(&commit, answer, &known).map_err(|trouble| trouble.reason)
    }

    #[test]
    fn a_good_signature_counts_only_if_its_key_is_one_of_ours() {
        let other = "F".repeat(40);
        for good in ["G", "U"] {
            assert!(judged(&format!("{good}\0Ann\0AAAA\0{PRIMARY}\n")).is_ok());
            assert!(judged(&format!("{good}\0Ann\0{PRIMARY}\0{other}\n")).is_err());
            assert!(judged(&format!("{good}\0Ann\0{PRIMARY}\0\n")).is_err());
        }
        assert_eq!(judged("G\0ann@x\0SHA256:abc\0\n").unwrap(), "ann@x (SHA256:abc)");
        assert!(judged("U\0\0SHA256:abc\0\n").unwrap_err().contains("not listed"));
        for (validity, told) in
            [("N", "is not signed"), ("B", "is wrong"), ("Y", "expired"), ("R", "revoked")]
        {
            let answer = format!("{validity}\0Ann\0AAAA\0{PRIMARY}\n");
            assert!(judged(&answer).unwrap_err().contains(told), "{validity}");
        }
        assert!(judged("").unwrap_err().contains("is not signed"));
    }

    #[test]
    fn only_primary_keys_are_taken_from_a_list() {
        let sub = "B".repeat(40);
        let listed = format!(
            "tru::1:1:0:3:1:5\npub:-:255:22:AAAA:1:::-:::scESC::::::23::0:\nfpr:::::::::{PRIMARY}:\n\
                uid:-::::1::X::Ann::::::::::0:\nsub:-:255:18:BBBB:1::::::e::::::23:\nfpr:::::::::{sub}:\n"
        );
        assert_eq!(primary(&listed), BTreeSet::from([PRIMARY.to_owned()]));
    }
}
