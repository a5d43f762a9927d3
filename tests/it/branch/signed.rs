//! Signatures: only a commit that somebody signed who may comes into force.

use std::{fs, path::Path};

use super::{
    followed::{first_pass, until_status, well},
    repo::{Repo, carried_out, edited, follow, has_git, in_force, trouble},
};
use crate::stage::{Stage, child, fleet, is_here};

/// A key of ssh in a folder; its public part.
fn ssh_key(folder: &Path, name: &str) -> String {
    let mut command = child("ssh-keygen", folder);
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
    assert!(command.status().unwrap().success());
    fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap()
}

/// A key of gpg in a ring of its own; its public part.
fn gpg_key(ring: &Path, name: &str) -> String {
    fs::create_dir(ring).unwrap();
    let gpg = |arguments: &[&str]| {
        let mut command = child("gpg", ring);
        command.env_remove("LD_PRELOAD");
        command.args(["--batch", "--quiet", "--homedir"]).arg(ring).args(arguments);
        let ended = command.env("HOME", ring).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    };
    let who = format!("{name} <{name}@example.org>");
    gpg(&["--passphrase", "", "--quick-generate-key", &who, "ed25519", "sign", "never"]);
    gpg(&["--export", "--armor"])
}

/// Commits with these settings of git, and pushes.
fn commit(repo: &Repo, text: &str, settings: &[String]) -> String {
    repo.write(text);
    repo.in_work(&["add", "--all"]);
    let mut arguments: Vec<&str> = settings.iter().flat_map(|text| ["-c", text]).collect();
    arguments.extend(["commit", "--quiet", "--allow-empty", "--message", "signed or not"]);
    repo.in_work(&arguments);
    repo.push()
}

fn by_ssh(key: &Path) -> Vec<String> {
    let key = format!("user.signingKey={}", key.display());
    ["gpg.format=ssh", "commit.gpgSign=true", &key].map(str::to_owned).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ssh_signature_of_somebody_listed_comes_into_force_and_no_other_commit() {
    if !has_git() || !is_here("ssh-keygen", "-?") {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (ann, eve) = (ssh_key(stage.path(), "ann"), ssh_key(stage.path(), "eve"));
    let [ann_key, eve_key] = ["ann", "eve"].map(|name| by_ssh(&stage.path().join(name)));
    fs::write(stage.path().join("signers"), format!("ann@example.org {ann}")).unwrap();
    follow(&stage, &repo.url(), ", verify: { allowedSigners: signers }");
    let first = commit(&repo, &fleet(), &ann_key);
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    let now = until_status(&stage, "the first", |status| in_force(status) == first).await;
    let signer = now["manifests"]["revision"]["signer"].as_str().unwrap_or_default();
    assert!(signer.starts_with("ann@example.org (SHA256:"), "{now}");
    for (settings, told) in [(&eve_key[..], "is not listed"), (&[][..], "is not signed")] {
        commit(&repo, &edited(806), settings);
        let now = until_status(&stage, told, |status| {
            let reason = status["manifests"]["sources"][0]["trouble"]["reason"].as_str();
            trouble(status) == "unsigned" && reason.unwrap_or_default().contains(told)
        })
        .await;
        assert_eq!(in_force(&now), first);
    }
    assert_eq!(carried_out(&stage), [""; 0]);
    // It is in force again after a restart, and a newer commit of hers lifts it.
    assert_eq!(service.stop().await, Some(0));
    let mut service = stage.start(&["run"]);
    until_status(&stage, "unsigned", |status| trouble(status) == "unsigned").await;
    let last = commit(&repo, &edited(806), &ann_key);
    until_status(&stage, "the last", |status| in_force(status) == last).await;
    service.until("its sync", || carried_out(&stage).len() == 2).await;
    assert_eq!(service.stop().await, Some(0));
    let told = stage.run(&["history", "--limit", "1"]).await.stdout;
    assert!(told.contains("signed by ann@example.org"), "{told}");
    // The key of eve is added: her commit counts.
    let both = format!("ann@example.org {ann}eve@example.org {eve}");
    fs::write(stage.path().join("signers"), both).unwrap();
    commit(&repo, &edited(807), &eve_key);
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gpg_signature_counts_by_the_fingerprint_of_its_primary_key() {
    if !has_git() || !is_here("gpg", "--version") {
        return;
    }
    let (stage, repo) = (Stage::drifted().await, Repo::new(&fleet()));
    // Short: gpg listens on sockets there.
    let rings = tempfile::Builder::new().prefix("g").tempdir().unwrap();
    let (ann, eve) =
        (gpg_key(&rings.path().join("a"), "ann"), gpg_key(&rings.path().join("e"), "eve"));
    let signed_by = |ring: &str, name: &str| {
        let program = rings.path().join(format!("gpg-{ring}"));
        let ring = rings.path().join(ring);
        let text =
            format!("#!/bin/sh\nexec env -u LD_PRELOAD gpg --homedir {} \"$@\"\n", ring.display());
        crate::stage::script(&program, &text);
        vec![
            format!("gpg.program={}", program.display()),
            "commit.gpgSign=true".to_owned(),
            format!("user.signingKey={name}@example.org"),
        ]
    };
    fs::create_dir(stage.path().join("keys")).unwrap();
    fs::write(stage.path().join("keys/ann.asc"), &ann).unwrap();
    follow(&stage, &repo.url(), ", verify: { gpgKeys: keys }");
    commit(&repo, &fleet(), &signed_by("a", "ann"));
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    commit(&repo, &edited(806), &signed_by("e", "eve"));
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 1, "{}", plan.stdout);
    assert!(plan.stderr.contains("is not listed"), "{}", plan.stderr);
    commit(&repo, &edited(807), &[]);
    let plan = stage.run(&["plan"]).await;
    assert!(plan.stderr.contains("is not signed"), "{}", plan.stderr);
    fs::write(stage.path().join("keys/eve.asc"), &eve).unwrap();
    commit(&repo, &edited(808), &signed_by("e", "eve"));
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    for ring in ["a", "e"] {
        let mut end = child("gpgconf", rings.path());
        let _ = end.arg("--homedir").arg(rings.path().join(ring)).args(["--kill", "all"]).status();
    }
}
