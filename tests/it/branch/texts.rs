//! Texts of a commit are let go once it was looked at: git is asked for one that is wanted after all.

use std::fs;

use dialplane::{
    config::Settings,
    manifest::{self, ManifestFile, Readings},
    source::{KnownSources, Sources},
};

use super::repo::{Repo, has_git};
use crate::{folder::folder, stage::fleet};

/// A set that names somebody whom the fleet names as well.
const TWICE: &str = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: more, tenant: contoso }\nspec:\n  users:\n    \
    - { userPrincipalName: user0@contoso.example, calling: enabled }\n";

fn has_text(file: &ManifestFile) -> bool {
    file.at_hand().is_some()
}

#[test]
fn a_text_of_a_commit_is_at_hand_once_and_can_be_asked_for_again() {
    if !has_git() {
        return;
    }
    let state = folder();
    let repo = Repo::new(&fleet());
    let mut settings: Settings =
        serde_yaml::from_str(&format!("git: {{ url: '{}' }}", repo.url())).unwrap();
    state.path().clone_into(&mut settings.state.path);
    let sources = Sources::of(&settings);
    let mut known = KnownSources::default();
    let mut readings = Readings::default();
    let look = |known: &mut KnownSources| sources.look(known, &[], true).unwrap().tree;
    sources.fetch().unwrap();
    let first = look(&mut known);
    assert!(first.files.iter().all(has_text));
    assert!(readings.load(&first.files).diagnostics.is_empty());
    let again = look(&mut known);
    assert!(again.digest == first.digest && !again.files.iter().any(has_text));
    for file in &first.files {
        assert_eq!(sources.read_again(&known, &file.path).as_ref(), file.at_hand());
    }
    assert_eq!(sources.read_again(&known, "git:elsewhere.yaml"), None);

    // A mistake between a file that is new and one that was let go is shown in both.
    fs::write(repo.work().join("manifests/more.yaml"), TWICE).unwrap();
    repo.commit(&fleet(), "somebody twice");
    sources.fetch().unwrap();
    let now = look(&mut known);
    assert_eq!(now.files.iter().map(has_text).collect::<Vec<_>>(), [false, true]);
    let loaded = readings.load_by(&now.files, |path| sources.read_again(&known, path));
    let anew = manifest::load(&look(&mut KnownSources::default()).files);
    assert_eq!(format!("{loaded:?}"), format!("{anew:?}"));
    let [twice] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
    assert!(twice.place.is_some() && twice.labels.len() == 1, "{twice:?}");
}
