//! Whatever is done to files: a tree that is read with what is known of them is the tree that is
//! there, and says the same.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::Path,
    time::{Duration, SystemTime},
};

use proptest::{collection::vec, prelude::*};

use super::{KnownFiles, read_again, read_tree, read_tree_again};
use crate::manifest::{self, Readings};

/// What is done to one of the files.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// Written in place, with as many bytes.
    Write(u8),
    /// The same, and its time is set back to what it was.
    WriteInThePast(u8),
    /// Another file is renamed over it, as old as it was.
    Replace(u8),
    Touch,
    Empty,
    Delete,
    DeleteAndMake(u8),
    /// Moved over the other file.
    Move,
    /// The volume is swapped, as Kubernetes does.
    Swap(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0..9_u8).prop_map(Edit::Write),
        (0..9_u8).prop_map(Edit::WriteInThePast),
        (0..9_u8).prop_map(Edit::Replace),
        Just(Edit::Touch),
        Just(Edit::Empty),
        Just(Edit::Delete),
        (0..9_u8).prop_map(Edit::DeleteAndMake),
        Just(Edit::Move),
        (0..9_u8).prop_map(Edit::Swap),
    ]
}

/// A tenant with one user; each is as long as the other.
fn manifest(user: u8) -> String {
    format!(
        "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: contoso }}\nspec:\n  tenantId: \
            5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b\n  mode: enforce\n  prune: never\n---\napiVersion: \
            dialplane/v1\nkind: UserSet\nmetadata: {{ name: office, tenant: contoso }}\nspec:\n  \
            users:\n    - {{ userPrincipalName: user{user}@contoso.com, calling: enabled }}\n"
    )
}

/// Two files, and one that is a link into a volume.
fn lay_out(folder: &Path) {
    fs::write(folder.join("0.yaml"), manifest(0)).unwrap();
    fs::write(folder.join("1.yaml"), "").unwrap();
    swap(folder, 0, "");
    symlink("..data/volume.yaml", folder.join("volume.yaml")).unwrap();
}

fn swap(folder: &Path, version: usize, text: &str) {
    let inside = format!("..{version}");
    fs::create_dir(folder.join(&inside)).unwrap();
    fs::write(folder.join(&inside).join("volume.yaml"), text).unwrap();
    symlink(&inside, folder.join("..new")).unwrap();
    fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
}

/// Sets the time of a file that had one.
fn set_time(path: &Path, time: Option<SystemTime>) {
    if let Some(time) = time {
        fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }
}

fn carry_out(folder: &Path, step: usize, file: u8, edit: Edit) {
    let path = folder.join(format!("{}.yaml", file % 2));
    let time = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    match edit {
        Edit::Write(user) => fs::write(&path, manifest(user)).unwrap(),
        Edit::WriteInThePast(user) => {
            fs::write(&path, manifest(user)).unwrap();
            set_time(&path, time);
        }
        Edit::Replace(user) => {
            let other = folder.join(".other");
            fs::write(&other, manifest(user)).unwrap();
            set_time(&other, time);
            fs::rename(&other, &path).unwrap();
        }
        Edit::Touch => set_time(&path, time.map(|_| SystemTime::now())),
        Edit::Empty => fs::write(&path, "").unwrap(),
        Edit::Delete => drop(fs::remove_file(&path)),
        Edit::DeleteAndMake(user) => {
            let _ = fs::remove_file(&path);
            fs::write(&path, manifest(user)).unwrap();
        }
        Edit::Move => {
            let _ = fs::rename(&path, folder.join(format!("{}.yaml", 1 - file % 2)));
        }
        Edit::Swap(user) => swap(folder, step, &manifest(user)),
    }
}

/// Waits until what is made now gets another time than what is there. A file that was asked for its
/// time may be given a finer one at its next change than a new file is, so new files are asked.
fn wait_for_the_clock_of_files(folder: &Path) {
    let probe = folder.join(".probe");
    let time = || {
        let _ = fs::remove_file(&probe);
        fs::write(&probe, "").unwrap();
        let metadata = fs::metadata(&probe).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let before = time();
    while time() == before {
        std::thread::sleep(Duration::from_millis(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn whatever_is_done_to_files_what_is_known_of_them_is_what_they_say(
        looks in vec(vec((any::<u8>(), edit()), 0..4), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let roots = [folder.path().to_owned()];
        lay_out(folder.path());
        // Times prove something at once; no two edits with a look between have the same.
        let mut known = KnownFiles::with_clock(|| SystemTime::now() + Duration::from_secs(10));
        let mut readings = Readings::default();
        let mut step = 0;
        for edits in looks {
            let kept = read_tree_again(&roots, &mut known);
            let fresh = read_tree(&roots);
            prop_assert_eq!(&kept.files, &fresh.files);
            prop_assert_eq!(kept.digest, fresh.digest);
            let said = format!("{:?}", readings.load_by(&kept.files, read_again));
            prop_assert_eq!(said, format!("{:?}", manifest::load(&fresh.files)));
            wait_for_the_clock_of_files(folder.path());
            for (file, edit) in edits {
                step += 1;
                carry_out(folder.path(), step, file, edit);
            }
        }
    }
}
