//! No edit is hidden, and what has not moved is not read again.

use std::os::unix::ffi::OsStrExt as _;

use super::*;

fn stamp(modified: i64, changed: i64) -> FileStamp {
    FileStamp { device: 1, inode: 1, bytes: 1, modified: (modified, 0), changed: (changed, 0) }
}

/// A folder with one file that was read, and was settled by then. By this clock no time is ever old
/// enough again.
fn settled(text: &str) -> (tempfile::TempDir, PathBuf, KnownFiles) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office.yaml");
    fs::write(&path, text).unwrap();
    let mut known = KnownFiles::with_clock(|| UNIX_EPOCH);
    read(&path, &mut known);
    known.former.values_mut().for_each(|known| known.is_settled = true);
    (folder, path, known)
}

fn read(path: &Path, known: &mut KnownFiles) -> ManifestText {
    known.begin();
    let text = known.read(path).unwrap();
    known.end();
    text
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen_by_its_inode_or_because_times_are_fresh() {
    let (folder, path, mut known) = settled("one");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let other = folder.path().join(".office.yaml.new");
    fs::write(&other, "two").unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(read(&path, &mut known), "two".into());
    // Read a moment after it was written: the next write may leave all times as they are.
    fs::write(&path, "six").unwrap();
    let stamp = FileStamp::at(&path).unwrap();
    known.former.values_mut().for_each(|known| known.stamp = stamp);
    assert_eq!(read(&path, &mut known), "six".into());
}

#[test]
fn an_edit_that_keeps_the_size_is_seen_by_its_time() {
    let (_folder, path, mut known) = settled("one");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "two").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(time - Duration::from_secs(60)).unwrap();
    assert_eq!(read(&path, &mut known), "two".into());
}

#[test]
fn a_file_that_has_not_moved_is_read_again_only_when_times_are_doubted() {
    let (_folder, path, mut known) = settled("one");
    fs::write(&path, "two").unwrap();
    // What no file system with sound times does.
    let stamp = FileStamp::at(&path).unwrap();
    known.former.values_mut().for_each(|known| known.stamp = stamp);
    assert_eq!(read(&path, &mut known), "one".into());
    known.doubt();
    assert_eq!(read(&path, &mut known), "two".into());
}

#[test]
fn a_text_is_at_hand_only_where_the_file_was_read() {
    let (_folder, path, mut known) = settled("one");
    assert!(read(&path, &mut known).at_hand().is_none());
    known.doubt();
    assert_eq!(read(&path, &mut known).at_hand().map(|text| &**text), Some("one"));
    let name = std::ffi::OsStr::from_bytes(b"\xff.yaml");
    let odd = path.with_file_name(name);
    fs::write(&odd, "two").unwrap();
    read(&odd, &mut known);
    known.former.values_mut().for_each(|known| known.is_settled = true);
    assert!(read(&odd, &mut known).at_hand().is_some(), "nobody could ask for it by this name");
}

#[test]
fn times_prove_something_only_once_they_are_two_seconds_old() {
    let now = UNIX_EPOCH + Duration::from_millis(100_900);
    let settled = [(97, 97), (98, 97), (97, 98), (100, 97), (97, 100), (200, 97)]
        .map(|(modified, changed)| stamp(modified, changed).is_settled(now));
    assert_eq!(settled, [true, false, false, false, false, false]);
}
