//! What `git ls-tree -r -z -l` lists.

use crate::source::tree::name_of;

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TreeEntry {
    /// What it is.
    pub(super) kind: EntryKind,
    /// The name of the object, in hexadecimal.
    pub(super) id: String,
    /// The length in bytes; unknown for what is not a file.
    pub(super) size: u64,
    /// The path below the root of the repository.
    pub(super) path: String,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link: its text is where it leads to.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// The entries, in git's order; otherwise what is odd.
pub(super) fn read(listed: &[u8]) -> Result<Vec<TreeEntry>, String> {
    let lines = listed.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    lines.map(|line| entry(line).ok_or_else(|| odd(line))).collect()
}

/// `100644 blob 8b137891791fe96927ad78e64b0aad7bded08bdc      42\tmanifests/office.yaml`
fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut words = head.split_ascii_whitespace();
    let kind = match words.next()? {
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Submodule,
        mode if mode.starts_with("100") => EntryKind::File,
        _ => return None,
    };
    let _type = words.next()?;
    let id = words.next().filter(|id| is_id(id))?.to_owned();
    let size = words.next()?;
    let size = if kind == EntryKind::Submodule { 0 } else { size.parse().ok()? };
    let path = name_of(&line[tab + 1..]);
    (words.next().is_none() && !path.is_empty()).then_some(TreeEntry { kind, id, size, path })
}

/// Whether a text is the whole name of an object, by SHA-1 or by SHA-256.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn odd(line: &[u8]) -> String {
    format!("git listed something odd: {}", String::from_utf8_lossy(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8b137891791fe96927ad78e64b0aad7bded08bdc";

    #[test]
    fn files_links_and_submodules_are_told_apart() {
        let listed = format!(
            "100644 blob {ID}      42\ta b\n.yaml\0120000 blob {ID}       7\tlink.yaml\0\
                160000 commit {ID}       -\tother\0"
        );
        let entry =
            |kind, size, path: &str| TreeEntry { kind, id: ID.into(), size, path: path.into() };
        assert_eq!(
            read(listed.as_bytes()).unwrap(),
            [
                entry(EntryKind::File, 42, "a b\n.yaml"),
                entry(EntryKind::Link, 7, "link.yaml"),
                entry(EntryKind::Submodule, 0, "other"),
            ]
        );
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn names_that_are_not_utf8_stay_apart() {
        let mut listed = Vec::new();
        for name in [&b"b\xfc.yaml"[..], b"b\xf6.yaml"] {
            listed.extend_from_slice(format!("100644 blob {ID} 42\t").as_bytes());
            listed.extend_from_slice(name);
            listed.push(0);
        }
        let paths: Vec<String> =
            read(&listed).unwrap().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["b\\xfc.yaml", "b\\xf6.yaml"]);
    }

    #[test]
    fn what_git_never_lists_is_refused() {
        for odd in [
            "no tab".to_owned(),
            format!("100644 blob {ID}\ta"),
            format!("100644 blob {ID} 1 2\ta"),
            format!("100644 blob {ID} x\ta"),
            "100644 blob abc 1\ta".to_owned(),
            format!("040000 tree {ID} -\ta"),
            format!("100644 blob {ID} 1\t"),
        ] {
            assert!(read(odd.as_bytes()).unwrap_err().contains("odd"), "{odd}");
        }
    }
}
