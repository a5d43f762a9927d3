//! Reading folders: every kind of file that can lie in one, and nothing outside of it.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use dialplane::{
    manifest::Role,
    source::{Tree, read_tree},
    yaml::MAX_BYTES,
};
use tempfile::TempDir;

const TEXT: &str = "# nothing\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = crate::folder::folder();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(folder: &Path) -> Tree {
    read_tree(&[folder.to_owned()])
}

/// Paths below the folder, each with `ok` or the reason of the refusal.
fn seen(folder: &Path) -> Vec<String> {
    let inside = |path: &str| {
        path.strip_prefix(&format!("{}/", folder.display())).unwrap_or(path).to_owned()
    };
    let files = read(folder).files;
    files
        .iter()
        .map(|file| {
            format!(
                "{}: {}",
                inside(&file.path),
                file.text.as_ref().map_or_else(String::as_str, |_| "ok")
            )
        })
        .collect()
}

#[test]
fn manifests_are_found_in_order_and_other_files_are_passed_over() {
    let folder = folder(&[
        ("b.yaml", TEXT),
        ("a.yml", TEXT),
        ("deep/er/c.yaml", TEXT),
        ("README.md", "x"),
        (".hidden.yaml", "x: ["),
        (".git/config.yaml", "x: ["),
        ("deep/.swp/d.yaml", "x: ["),
        ("d.yaml~", "x: ["),
        ("yaml", "x: ["),
    ]);
    let aside = "d.yaml~: only what ends in `.yaml` or `.yml` is read, and this ends in `.yaml~`";
    assert_eq!(seen(folder.path()), ["a.yml: ok", "b.yaml: ok", aside, "deep/er/c.yaml: ok"]);
}

#[test]
fn endings_are_read_in_any_case() {
    let folder = folder(&[("Office.YAML", TEXT), ("b.Yml", TEXT), ("c.yMl", TEXT)]);
    assert_eq!(seen(folder.path()), ["Office.YAML: ok", "b.Yml: ok", "c.yMl: ok"]);
}

#[test]
fn what_looks_like_a_manifest_and_is_not_read_is_named() {
    let alone = [
        "a.yaml.txt",
        "B.YAML.Txt",
        "c.yml.bak",
        "d.yaml.disabled",
        "e.yaml.orig",
        "f.yaml.gz",
        "g.yaml.part",
        "h.yaml ",
        "i.yaml.",
        "j.yaml (1)",
    ];
    let copies = ["office.yaml~", "office.yaml.bak", "Office.yml.rej", "#office.yaml#"];
    let nothing =
        ["notes.txt", "yaml.txt", "manifest.yamlish", "list.csv", "README.md", "data.json"];
    let folder = folder(&[("office.yaml", TEXT), ("Office.yml", TEXT)]);
    alone.iter().chain(&copies).chain(&nothing).for_each(|name| write(folder.path(), name, TEXT));
    let manifest = "kind: Tenant\napiVersion: dialplane/v1\n";
    write(folder.path(), "users.json", "{\"kind\": \"UserSet\", \"apiVersion\": \"dialplane/v1\"}");
    write(folder.path(), "sales.yam", manifest);
    write(folder.path(), "sales", manifest);
    write(folder.path(), "howto.md", manifest);
    let tree = read(folder.path());
    let with = |role: Role| {
        let named = tree.files.iter().filter(|file| file.role == role);
        named.map(|file| file.path.rsplit('/').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(with(Role::Aside), &names(&alone) | &names(&["users.json", "sales.yam", "sales"]));
    assert_eq!(with(Role::Copy), names(&copies));
    assert_eq!(with(Role::Manifest), names(&["office.yaml", "Office.yml"]));
    let loaded = dialplane::manifest::load(&tree.files);
    assert_eq!((loaded.diagnostics.len(), loaded.unclear.len()), (0, 0));
    assert_eq!(
        loaded.warnings.len(),
        alone.len() + copies.len() + 3 + 2,
        "and two files say nothing"
    );
}

#[test]
fn what_is_hidden_is_passed_over_whatever_it_is() {
    let folder = folder(&[("a.yaml", TEXT), (".private/b.yaml", "x: ["), ("~$a.yaml", "\u{1}")]);
    symlink("ann@host.example:4711", folder.path().join(".#a.yaml")).unwrap();
    symlink("nowhere", folder.path().join(".lock")).unwrap();
    symlink("..", folder.path().join(".private/up")).unwrap();
    symlink(".loop", folder.path().join(".loop")).unwrap();
    fs::set_permissions(folder.path().join(".private"), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(seen(folder.path()), ["a.yaml: ok"]);
    fs::set_permissions(folder.path().join(".private"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_leads_nowhere_in_sight_is_refused() {
    let folder = folder(&[("a.yaml", TEXT)]);
    symlink("unmounted", folder.path().join("sites")).unwrap();
    assert!(seen(folder.path())[1].starts_with("sites: no such file"), "{:?}", seen(folder.path()));
}

#[test]
fn a_root_may_be_a_file_and_need_not_have_an_extension() {
    let folder = folder(&[("tenants", TEXT), ("other.yaml", TEXT)]);
    let tree = read_tree(&[folder.path().join("tenants")]);
    assert_eq!(tree.files.len(), 1);
    assert_eq!(tree.files[0].at_hand().map(|text| &**text), Some(TEXT));
}

#[test]
fn a_root_that_is_hidden_is_read_all_the_same() {
    let folder = folder(&[(".tenants/a.yaml", TEXT)]);
    assert_eq!(read(&folder.path().join(".tenants")).files.len(), 1);
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = folder(&[("a.yaml", TEXT)]);
    let tree = read_tree(&[
        folder.path().to_owned(),
        folder.path().join("a.yaml"),
        folder.path().to_owned(),
    ]);
    assert_eq!(tree.files.len(), 1);
}

#[test]
fn a_root_that_is_not_there_is_a_refusal_and_not_an_empty_tree() {
    let folder = folder(&[("a.yaml", TEXT)]);
    let tree = read_tree(&[folder.path().join("absent"), folder.path().to_owned()]);
    let refused: Vec<_> = tree.files.iter().filter_map(|file| file.text.as_ref().err()).collect();
    assert_eq!((tree.files.len(), refused.len()), (2, 1));
    assert!(refused[0].contains("no such file"), "{refused:?}");
    let loaded = dialplane::manifest::load(&tree.files);
    assert_eq!(loaded.unclear.len(), 1);
}

#[test]
fn what_is_not_utf8_is_refused_with_the_byte() {
    let folder = folder(&[("fine.yaml", TEXT)]);
    fs::write(folder.path().join("latin.yaml"), b"name: Zo\xeb\n").unwrap();
    fs::write(folder.path().join("wide.yaml"), b"\xff\xfea\0:\0").unwrap();
    assert_eq!(
        seen(folder.path()),
        [
            "fine.yaml: ok",
            "latin.yaml: it is not UTF-8: byte 9 does not belong there; save it as UTF-8",
            "wide.yaml: it is UTF-16, not UTF-8; save it as UTF-8",
        ]
    );
}

#[test]
fn files_whose_names_are_not_utf8_do_not_take_each_others_place() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = folder(&[]);
    for name in [&b"b\xfcro.yaml"[..], b"b\xf6ro.yaml", "b\u{fc}ro.yaml".as_bytes()] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, format!("# {}\n", name.len())).unwrap();
    }
    let tree = read(folder.path());
    let names: Vec<&str> =
        tree.files.iter().filter_map(|file| file.path.rsplit('/').next()).collect();
    assert_eq!(names, ["b\\xf6ro.yaml", "b\\xfcro.yaml", "b\u{fc}ro.yaml"]);
    assert!(tree.files.iter().all(|file| file.text.is_ok()));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let folder = folder(&[("a.yaml", "\u{feff}# nothing\n")]);
    assert_eq!(read(folder.path()).files[0].at_hand().map(|text| &**text), Some(TEXT));
}

#[test]
fn what_is_no_file_is_refused_or_walked_into() {
    let folder = folder(&[("folder.yaml/inside.yaml", TEXT), ("empty.yaml/README", TEXT)]);
    let pipe = folder.path().join("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
    symlink("itself.yaml", folder.path().join("itself.yaml")).unwrap();
    let seen = seen(folder.path());
    assert_eq!(seen.len(), 4, "{seen:#?}");
    assert!(seen[0].starts_with("dangling.yaml: no such file"), "{seen:#?}");
    assert_eq!(seen[1], "folder.yaml/inside.yaml: ok");
    assert!(seen[2].starts_with("itself.yaml: too many levels of symbolic links"), "{seen:#?}");
    assert_eq!(seen[3], "pipe.yaml: it is a pipe, and no regular file");
    // A pipe that is named must not be waited for.
    assert_eq!(
        read_tree(std::slice::from_ref(&pipe)).files[0].text,
        Err("it is a pipe, and no regular file".to_owned())
    );
}

#[test]
fn a_folder_with_nothing_in_it_is_named() {
    let folder = folder(&[
        ("a.yaml", TEXT),
        ("kept/.gitkeep", ""),
        ("module/.git", "gitdir: ../.git/modules/module"),
        ("notes/README", "nothing to see"),
    ]);
    for name in ["mount", "office.yaml", "lost+found", ".hidden", "System Volume Information"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let seen = seen(folder.path());
    assert_eq!(
        seen,
        ["a.yaml: ok", "module: it is empty", "mount: it is empty", "office.yaml: it is empty"]
    );
    let empty = folder.path().join("mount");
    let tree = read_tree(std::slice::from_ref(&empty));
    assert_eq!(tree.files[0].role, Role::Hollow, "a folder that is named is looked at as well");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = folder(&[]);
    let sized = |name: &str, size: u64| {
        fs::File::create(folder.path().join(name)).unwrap().set_len(size).unwrap();
    };
    sized("huge.yaml", 1 << 40);
    sized("over.yaml", MAX_BYTES + 1);
    let seen = seen(folder.path());
    assert!(seen.iter().all(|file| file.contains("33554432 are possible: split it")), "{seen:?}");
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let outside = folder(&[("secret.yaml", TEXT), ("more/secret.yaml", TEXT)]);
    let folder = folder(&[("in/a.yaml", TEXT)]);
    symlink(outside.path().join("secret.yaml"), folder.path().join("file.yaml")).unwrap();
    symlink(outside.path().join("more"), folder.path().join("folder")).unwrap();
    symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
    assert_eq!(
        seen(folder.path()),
        [
            "file.yaml: it is a symbolic link out of the folder",
            "folder/secret.yaml: it is a symbolic link out of the folder",
            "in/a.yaml: ok",
            "zero.yaml: it is a symbolic link out of the folder",
        ]
    );
}

#[test]
fn a_folder_beside_with_the_same_beginning_is_outside() {
    let both = folder(&[("manifests/a.yaml", TEXT), ("manifests-old/b.yaml", TEXT)]);
    symlink("../manifests-old/b.yaml", both.path().join("manifests/b.yaml")).unwrap();
    assert_eq!(
        seen(&both.path().join("manifests")),
        ["a.yaml: ok", "b.yaml: it is a symbolic link out of the folder"]
    );
}

#[test]
fn a_link_in_a_circle_ends() {
    let folder = folder(&[("a/a.yaml", TEXT)]);
    symlink("..", folder.path().join("a/up")).unwrap();
    let seen = seen(folder.path());
    assert_eq!(seen[0], "a/a.yaml: ok");
    assert!(seen.len() <= 2, "{seen:?}");
}

/// A mounted `ConfigMap`: `tenants.yaml -> ..data/tenants.yaml`, `..data -> ..2024_1`, swapped by
/// renaming a link over `..data`.
#[test]
fn a_swapped_config_map_is_read_and_told_as_changed() {
    let folder =
        folder(&[("..2024_1/tenants.yaml", "# one\n"), ("..2024_2/tenants.yaml", "# two\n")]);
    let at = |path: &str| folder.path().join(path);
    symlink("..2024_1", at("..data")).unwrap();
    symlink("..data/tenants.yaml", at("tenants.yaml")).unwrap();
    let one = read(folder.path());
    assert_eq!(seen(folder.path()), ["tenants.yaml: ok"]);
    assert_eq!(one.files[0].at_hand().map(|text| &**text), Some("# one\n"));
    symlink("..2024_2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    fs::remove_dir_all(at("..2024_1")).unwrap();
    let two = read(folder.path());
    assert_eq!(two.files[0].at_hand().map(|text| &**text), Some("# two\n"));
    assert_ne!(one.digest, two.digest);
}

/// git-sync: the root itself is a link that is swapped.
#[test]
fn a_root_that_is_a_link_is_followed() {
    let folder = folder(&[("rev-1/a.yaml", "# one\n"), ("rev-2/a.yaml", "# two\n")]);
    let link = folder.path().join("current");
    symlink("rev-1", &link).unwrap();
    let one = read(&link);
    assert_eq!(one.files[0].at_hand().map(|text| &**text), Some("# one\n"));
    symlink("rev-2", folder.path().join("next")).unwrap();
    fs::rename(folder.path().join("next"), &link).unwrap();
    let two = read(&link);
    assert_eq!(two.files[0].at_hand().map(|text| &**text), Some("# two\n"));
    assert_eq!(one.files[0].path, two.files[0].path);
}

#[test]
fn the_digest_tells_every_difference_and_nothing_else() {
    let files = [("a.yaml", "x: 1\n"), ("b/c.yaml", "y: 2\n")];
    let tree = folder(&files);
    // Paths are part of the digest, so every tree is looked at under one name.
    let root = folder(&[]);
    let link = root.path().join("current");
    let digest_of = |target: &Path| {
        let _ = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        read_tree(std::slice::from_ref(&link)).digest
    };
    let first = digest_of(tree.path());
    assert_eq!(first, digest_of(tree.path()));
    assert_eq!(first, digest_of(folder(&files).path()), "written at another time");
    assert_eq!(
        first,
        digest_of(folder(&[files[0], files[1], (".swp", "x"), ("README.md", "x")]).path()),
        "other files"
    );

    let others: [&[(&str, &str)]; 8] = [
        &[("a.yaml", "x: 2\n"), ("b/c.yaml", "y: 2\n")],
        &[("a.yaml", "x: 1"), ("b/c.yaml", "y: 2\n")],
        &[("a.yml", "x: 1\n"), ("b/c.yaml", "y: 2\n")],
        &[("a.yaml", "x: 1\n"), ("c/c.yaml", "y: 2\n")],
        &[("a.yaml", "y: 2\n"), ("b/c.yaml", "x: 1\n")],
        &[("a.yaml", "x: 1\n")],
        &[("a.yaml", "x: 1\n"), ("b/c.yaml", "")],
        &[("a.yaml", "x: 1\ny: 2\n"), ("b/c.yaml", "")],
    ];
    let digests: Vec<[u8; 32]> =
        others.iter().map(|files| digest_of(folder(files).path())).collect();
    assert!(!digests.contains(&first));
    let mut distinct = digests.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len());
}

#[test]
fn a_refused_file_and_one_with_the_words_of_the_refusal_differ() {
    let refused = folder(&[]);
    symlink("nowhere", refused.path().join("a.yaml")).unwrap();
    let path = refused.path().join("a.yaml");
    let before = read(refused.path());
    let words = before.files[0].text.clone().unwrap_err();
    fs::remove_file(&path).unwrap();
    fs::write(&path, words).unwrap();
    assert_ne!(before.digest, read(refused.path()).digest);
}

#[test]
fn no_roots_are_an_empty_tree() {
    assert!(read_tree(&Vec::<PathBuf>::new()).files.is_empty());
}
