//! Reading one file that somebody named: a regular one, of at most so many bytes.
//!
//! **Invariant:** never waits. A pipe without a writer, a device without an end and a folder are
//! refused by what they are, and a file that grows while it is read is cut off with a word.

use std::{
    fs::{self, File, FileType, Metadata},
    io::Read as _,
    os::unix::fs::FileTypeExt as _,
    path::Path,
};

use crate::words;

/// The bytes of the file at `path`, or why there are none.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    read_opened(path, most).map(|(bytes, _)| bytes)
}

/// The bytes, and what the file that was opened was like before they were read.
fn read_opened(path: &Path, most: u64) -> Result<(Vec<u8>, Metadata), String> {
    // Opening a pipe waits for its writer, so what it is has to be known before; what was opened is
    // asked once more.
    check(&fs::metadata(path).map_err(words::system)?, most)?;
    let file = File::open(path).map_err(words::system)?;
    let before = file.metadata().map_err(words::system)?;
    check(&before, most)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(words::system)?;
    if bytes.len() as u64 > most { Err(too_large("more", most)) } else { Ok((bytes, before)) }
}

/// The text of the file at `path`, without the byte order mark that Windows editors write before
/// it.
pub fn read_text(path: &Path, most: u64) -> Result<String, String> {
    read_text_opened(path, most).map(|(text, _)| text)
}

/// The same, and what the file that was opened was like before it was read.
pub fn read_text_opened(path: &Path, most: u64) -> Result<(String, Metadata), String> {
    let (bytes, before) = read_opened(path, most)?;
    Ok((text(bytes)?, before))
}

/// These bytes of a file as text, without the byte order mark.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(bytes)
        .map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn check(metadata: &Metadata, most: u64) -> Result<(), String> {
    if !metadata.is_file() {
        return Err(format!("it is {}, and no regular file", kind(metadata.file_type())));
    }
    if metadata.len() > most { Err(too_large(&metadata.len().to_string(), most)) } else { Ok(()) }
}

/// What is not a regular file, in words.
pub(crate) fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

pub(crate) fn too_large(bytes: &str, most: u64) -> String {
    match bytes {
        "more" => format!("it has more than the {most} bytes that are possible: split it"),
        bytes => format!("it has {bytes} bytes; {most} are possible: split it"),
    }
}

fn not_utf8(bytes: &[u8], valid: usize) -> String {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return "it is UTF-16, not UTF-8; save it as UTF-8".to_owned();
    }
    format!("it is not UTF-8: byte {} does not belong there; save it as UTF-8", valid + 1)
}
