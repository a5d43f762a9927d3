//! Whatever is edited, moved, renamed or deleted: manifests that are read with kept readings say
//! what they say when all is read.

use std::{collections::BTreeMap, sync::Arc};

use dialplane::manifest::{self, ManifestFile, Readings, Role};
use proptest::{collection::vec, prelude::*};

/// One edit: which file, which user, and what is done.
type Edit = (u8, u8, u8);

const FILES: u8 = 4;
const USERS: u8 = 6;

/// Files as they are edited: whom each names, and what else is odd about it.
#[derive(Default)]
struct Folder(BTreeMap<u8, File>);

#[derive(Clone, Default)]
struct File {
    /// The number and the line breaks before each user.
    users: BTreeMap<u8, (u8, u8)>,
    describes_tenant: bool,
    oddity: Oddity,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Oddity {
    #[default]
    None,
    Broken,
    Blank,
    Unreadable,
    Copy,
}

impl Folder {
    fn edit(&mut self, (file, user, what): Edit) {
        let (file, user, other) = (file % FILES, user % USERS, (file / FILES) % FILES);
        let entry = self.0.entry(file).or_default();
        match what % 12 {
            0..3 => drop(entry.users.insert(user, (what / 12, 0))),
            3 => drop(entry.users.remove(&user)),
            4 => entry.describes_tenant ^= true,
            5 => {
                let moved = entry.users.remove(&user);
                self.0.entry(other).or_default().users.extend(moved.map(|moved| (user, moved)));
            }
            6 => drop(self.0.remove(&file)),
            7 => {
                let renamed = self.0.remove(&file);
                self.0.extend(renamed.map(|renamed| (other, renamed)));
            }
            8 => {
                let copied = entry.clone();
                self.0.insert(other, copied);
            }
            9 => entry.users.values_mut().for_each(|(_, lines)| *lines = what % 3),
            10 => entry.oddity = Oddity::None,
            _ => {
                entry.oddity = match user {
                    0..2 => Oddity::Broken,
                    2 => Oddity::Blank,
                    3 => Oddity::Unreadable,
                    _ => Oddity::Copy,
                };
            }
        }
    }

    fn files(&self) -> Vec<ManifestFile> {
        self.0.iter().map(|(number, file)| file.manifest(*number)).collect()
    }
}

impl File {
    fn manifest(&self, number: u8) -> ManifestFile {
        let path = format!("file-{number}.yaml");
        let file = ManifestFile::new(&path, &self.text(number));
        match self.oddity {
            Oddity::None | Oddity::Broken => file,
            Oddity::Blank => ManifestFile::new(&path, "# nothing\n"),
            Oddity::Unreadable => ManifestFile { text: Err("no right to".to_owned()), ..file },
            Oddity::Copy => {
                ManifestFile { text: Err("a copy".to_owned()), role: Role::Copy, ..file }
            }
        }
    }

    fn text(&self, number: u8) -> String {
        let mut text = String::new();
        let (tenant, id) = if number < FILES / 2 { ("contoso", 1) } else { ("fabrikam", 2) };
        if self.describes_tenant {
            text += &format!(
                "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: {tenant} }}\nspec:\n  \
                    tenantId: 5e93b6a1-0c48-4d27-b1fa-94d7e2c3508{id}\n  mode: enforce\n  prune: \
                    never\n  numbers: {{ parking: [\"+14255550109\"] }}\n---\n"
            );
        }
        text += &format!(
            "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: set-{number}, tenant: \
                {tenant} }}\nspec:\n  users:{}\n",
            if self.users.is_empty() { " []" } else { "" }
        );
        for (user, (phone, lines)) in &self.users {
            text += &"\n".repeat(usize::from(*lines));
            text += &format!(
                "    - userPrincipalName: user{user}@contoso.com\n      calling: enabled\n      \
                    phoneNumber: \"+1425555010{}\"\n",
                phone % 10
            );
            text += match phone / 10 {
                0 => "",
                1 => "      until: \"2027-06-01T00:00:00Z\"\n",
                _ => "      from: \"2027-09-01T00:00:00Z\"\n",
            };
        }
        text += if self.oddity == Oddity::Broken { "    - caling: yes\n" } else { "" };
        text
    }
}

/// The files without the texts that have not changed since they were seen.
fn without_what_was_seen(files: &[ManifestFile], seen: &[ManifestFile]) -> Vec<ManifestFile> {
    let let_go = |file: &ManifestFile| {
        let is_seen = seen.iter().any(|seen| seen.path == file.path && seen.text == file.text);
        let text = file.text.clone().map(|text| if is_seen { text.let_go() } else { text });
        ManifestFile { text, ..file.clone() }
    };
    files.iter().map(let_go).collect()
}

/// The text of one of these files, for those who ask again.
fn text_in(files: &[ManifestFile]) -> impl Fn(&str) -> Option<Arc<str>> {
    |path| files.iter().find(|file| *file.path == *path)?.at_hand().cloned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn kept_readings_say_what_a_first_reading_says(
        start in vec(any::<Edit>(), 0..8),
        looks in vec(vec(any::<Edit>(), 0..4), 1..8),
    ) {
        let mut folder = Folder::default();
        folder.edit((0, 0, 4));
        folder.edit((FILES / 2, 0, 4));
        for edit in start {
            folder.edit(edit);
        }
        let mut readings = Readings::default();
        let mut of_let_go = Readings::default();
        let mut seen = Vec::new();
        for edits in looks {
            let files = folder.files();
            let anew = format!("{:?}", manifest::load(&files));
            let kept = readings.load(&files);
            prop_assert_eq!(format!("{kept:?}"), &*anew);
            let kept = of_let_go.load_by(&without_what_was_seen(&files, &seen), text_in(&files));
            prop_assert_eq!(format!("{kept:?}"), &*anew);
            seen = files;
            for edit in edits {
                folder.edit(edit);
            }
        }
    }
}

/// Whom it named is not known, and they are not gone.
#[test]
fn a_file_that_was_let_go_and_is_another_by_now_cannot_be_read() {
    let mut folder = Folder::default();
    folder.edit((0, 0, 4));
    folder.edit((0, 1, 0));
    let files = folder.files();
    let let_go = without_what_was_seen(&files, &files);
    for again in [None, Some("")] {
        let loaded = Readings::default().load_by(&let_go, |_| again.map(Into::into));
        assert!(loaded.unclear.contains("file-0.yaml") && loaded.blank.is_empty());
    }
    let loaded = Readings::default().load_by(&let_go, text_in(&files));
    assert_eq!(format!("{loaded:?}"), format!("{:?}", manifest::load(&files)));
}
