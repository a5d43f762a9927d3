//! From the bytes of a secret to its text: what editors and shells add is taken off, what nobody
//! sees is told. Pure.
//!
//! **Invariant:** no error and no oddity repeats anything of the secret.

use secrecy::SecretString;

/// The text of a secret, and what is odd about it.
pub(super) struct SecretText {
    pub(super) secret: SecretString,
    pub(super) odd: Option<String>,
}

/// A secret of one line: a byte order mark and one line break at the end are not part of it.
pub(super) fn line(bytes: Vec<u8>) -> Result<SecretText, String> {
    let text = decoded(bytes)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.trim().is_empty() {
        return Err("it holds nothing but blanks".to_owned());
    }
    if text.contains(['\n', '\r']) {
        let more = text.trim_end_matches(['\n', '\r']);
        return Err(if more.contains(['\n', '\r']) {
            "it has more than one line, and this secret is one line".to_owned()
        } else {
            "it ends in more than one line break: take all but one off".to_owned()
        });
    }
    Ok(SecretText { odd: oddity(text), secret: text.into() })
}

/// A secret of any number of lines.
pub(super) fn document(bytes: Vec<u8>) -> Result<SecretText, String> {
    let text = decoded(bytes)?;
    if text.trim().is_empty() {
        Err("it is empty".to_owned())
    } else {
        Ok(SecretText { secret: text.into(), odd: None })
    }
}

fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if utf16 || (bytes.len() > 1 && bytes.iter().take(4).any(|byte| *byte == 0)) {
        return Err(
            "it is UTF-16, as Windows and PowerShell save text: save it as UTF-8".to_owned()
        );
    }
    if bytes.contains(&0) {
        return Err("it holds a NUL, so it is not text".to_owned());
    }
    let text =
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8: save it as UTF-8".to_owned())?;
    // Windows editors write it; it is not part of the text.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// What nobody sees when looking at a secret.
fn oddity(text: &str) -> Option<String> {
    let blank = |c: Option<char>| c.is_some_and(|c| c.is_whitespace() || is_invisible(c));
    let first = text.chars().next();
    let last = text.chars().next_back();
    let odd = if blank(last) {
        "ends in a blank"
    } else if blank(first) {
        "begins with a blank"
    } else if text.chars().any(|c| is_invisible(c) || c.is_control()) {
        "holds an invisible character"
    } else {
        return quoted(text).then(|| "is in quotes, which count as part of it".to_owned());
    };
    Some(format!("{odd}, which counts as part of it"))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn quoted(text: &str) -> bool {
    text.len() > 2
        && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// A name from the settings in a message: on one line.
pub(super) fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_editors_add_is_taken_off_and_what_nobody_sees_is_told() {
        for (bytes, expected, odd) in [
            (&b"hunter2"[..], "hunter2", None),
            (b"hunter2\n", "hunter2", None),
            (b"hunter2\r\n", "hunter2", None),
            (b"\xef\xbb\xbfhunter2\r\n", "hunter2", None),
            (b"hunter2 \n", "hunter2 ", Some("ends in a blank")),
            (b"hunter2\xc2\xa0\n", "hunter2\u{a0}", Some("ends in a blank")),
            (b"\thunter2", "\thunter2", Some("begins with a blank")),
            (b"hun\xe2\x80\x8bter2", "hun\u{200b}ter2", Some("holds an invisible")),
            (b"\"hunter2\"\n", "\"hunter2\"", Some("in quotes")),
            (b"a b", "a b", None),
        ] {
            let read = line(bytes.to_vec()).unwrap();
            assert_eq!(read.secret.expose_secret(), expected);
            assert_eq!(read.odd.is_some(), odd.is_some(), "{:?}", read.odd);
            assert!(read.odd.unwrap_or_default().contains(odd.unwrap_or_default()));
        }
        for (bytes, words) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"\xef\xbb\xbf\r\n", "empty"),
            (b"  \n", "nothing but blanks"),
            (b"hunter2\n\n", "more than one line break"),
            (b"hunter2\r\n\r\n", "more than one line break"),
            (b"hunter2\nhunter3\n", "more than one line,"),
            (b"\xff\xfeh\0u\0", "UTF-16"),
            (b"h\0u\0n\0", "UTF-16"),
            (b"\0h\0u", "UTF-16"),
            (b"hunter\0", "NUL"),
            (b"hunt\xe9r", "UTF-8"),
        ] {
            let why = line(bytes.to_vec()).err().unwrap();
            assert!(why.contains(words) && !why.contains("hunt"), "{why}");
        }
    }

    #[test]
    fn a_document_keeps_its_lines() {
        assert_eq!(
            document(b"\xef\xbb\xbf{\r\n}\r\n\n".to_vec()).unwrap().secret.expose_secret(),
            "{\r\n}\r\n\n"
        );
        assert!(document(b" \n".to_vec()).is_err());
    }
}
