//! A secret in foreign text, however it is spelled there. Pure.
//!
//! Services and proxies repeat what they were sent in JSON, in forms, in URLs, in web pages, and in
//! each inside of another. So a secret is compared character by character, and each of its
//! characters may be written in any of these ways: as it is, escaped with backslashes, `\u00e9`,
//! `\u{e9}`, `%C3%A9`, `+`, `&eacute;`-like entities, or as something that could not show it.
//!
//! **Invariant:** what is found is found whole; and at the end of a text, half of a secret is found
//! as well.

use std::collections::BTreeSet;

/// Characters of a secret that are at the very end of a text and are enough to take them for its
/// beginning.
const HALF: usize = 4;
/// Nesting of one way of writing in another that is looked into, such as `%2522` or `&amp;quot;`.
const DEPTH: usize = 3;

/// The length of the secret in bytes, if it begins where the text does. Of several ways to read it
/// the longest is taken.
pub(super) fn at_start(text: &str, secret: &str) -> Option<usize> {
    // Where the next character may begin: few places, however many ways led there.
    let mut places = BTreeSet::from([0]);
    for (found, c) in secret.chars().enumerate() {
        if found >= HALF && places.contains(&text.len()) {
            return Some(text.len());
        }
        let mut next = BTreeSet::new();
        for place in places {
            let mut ways = Vec::new();
            ways_of(text.get(place..)?, c, DEPTH, &mut ways);
            next.extend(ways.into_iter().map(|length| place + length));
        }
        if next.is_empty() {
            return None;
        }
        places = next;
    }
    places.pop_last()
}

/// How long the character is that the text begins with, in each way of writing it that fits.
fn ways_of(text: &str, c: char, depth: usize, ways: &mut Vec<usize>) {
    if text.starts_with(c) {
        ways.push(c.len_utf8());
    }
    if c == ' ' && text.starts_with('+') {
        ways.push(1);
    }
    if !c.is_ascii() {
        unshowable(text, c, ways);
    }
    match text.as_bytes().first() {
        Some(b'\\') => backslashed(text, c, ways),
        Some(b'%') => ways.extend(percent(text, c)),
        Some(b'&') => ways.extend(entity(text, c)),
        _ => {}
    }
    // One way inside of another: what introduces a way is itself written in one.
    if depth > 0 {
        for (plain, written) in
            [('&', "&amp;"), ('\\', "%5C"), ('\\', "%5c"), ('%', "\\u0025"), ('&', "\\u0026")]
        {
            if let Some(rest) = text.strip_prefix(written) {
                let mut inner = Vec::new();
                ways_of(&format!("{plain}{rest}"), c, depth - 1, &mut inner);
                ways.extend(
                    inner
                        .into_iter()
                        .filter(|length| *length > 1)
                        .map(|length| length - 1 + written.len()),
                );
            }
        }
    }
}

/// What is shown of a character by those who cannot: `?`, or its bytes as if each were a letter.
fn unshowable(text: &str, c: char, ways: &mut Vec<usize>) {
    for mark in ['?', '\u{fffd}'] {
        let marks = text.chars().take(c.len_utf8()).take_while(|next| *next == mark).count();
        ways.extend((1..=marks).map(|count| count * mark.len_utf8()));
    }
    let mut bytes = [0; 4];
    let letters: String = c.encode_utf8(&mut bytes).bytes().map(char::from).collect();
    if text.starts_with(&letters) {
        ways.push(letters.len());
    }
}

/// Behind any number of backslashes: JSON inside of JSON doubles them.
fn backslashed(text: &str, c: char, ways: &mut Vec<usize>) {
    let rest = text.trim_start_matches('\\');
    let slashes = text.len() - rest.len();
    if c == '\\' {
        ways.extend([1, 2, 4, 8].into_iter().filter(|count| *count <= slashes));
    }
    let short = match c {
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        c if c.is_ascii_punctuation() && c != '\\' => Some(c),
        _ => None,
    };
    if short.is_some_and(|short| rest.starts_with(short)) {
        ways.push(slashes + 1);
    }
    if let Some(length) = unicode_escape(rest, slashes, c) {
        ways.push(slashes + length);
    }
}

/// `u00e9`, `u{e9}`, `xe9`; a character beyond those that fit as two of the first, each behind
/// `slashes` backslashes.
fn unicode_escape(rest: &str, slashes: usize, c: char) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix("u{") {
        let (digits, _) = inner.split_once('}')?;
        return (u32::from_str_radix(digits, 16).ok()? == u32::from(c)).then_some(digits.len() + 3);
    }
    if let Some(digits) = rest.strip_prefix('x').and_then(|rest| rest.get(..2)) {
        return (u32::from_str_radix(digits, 16).ok()? == u32::from(c)).then_some(3);
    }
    let mut units = [0; 2];
    let mut length = 0;
    for (number, unit) in c.encode_utf16(&mut units).iter().enumerate() {
        if number > 0 {
            let next = rest.get(length..)?;
            let plain = next.trim_start_matches('\\');
            if next.len() - plain.len() != slashes {
                return None;
            }
            length += slashes;
        }
        let digits = rest.get(length..)?.strip_prefix('u')?.get(..4)?;
        if u16::from_str_radix(digits, 16).ok()? != *unit {
            return None;
        }
        length += 5;
    }
    Some(length)
}

/// `%C3%A9`, in letters of any case; or `%E9`, as old services write it; and each of them encoded
/// again, as `%25C3%25A9`.
fn percent(text: &str, c: char) -> Vec<usize> {
    let mut bytes = [0; 4];
    let utf8 = c.encode_utf8(&mut bytes).as_bytes();
    let whole =
        utf8.iter().try_fold(0, |at, byte| Some(at + percent_byte(text.get(at..)?, *byte).next()?));
    let latin = u8::try_from(c).ok().into_iter().flat_map(|byte| percent_byte(text, byte));
    latin.chain(whole).collect()
}

/// A byte, encoded once or more often.
fn percent_byte(text: &str, byte: u8) -> impl Iterator<Item = usize> {
    let digits = text.strip_prefix('%').unwrap_or_default();
    let code = move |at: usize| {
        digits.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    (0..=DEPTH)
        .map(|times| times * 2)
        .take_while(move |at| (0..*at).step_by(2).all(|at| code(at) == Some(b'%')))
        .filter_map(move |at| (code(at) == Some(byte)).then_some(at + 3))
}

/// `&quot;`, `&#34;`, `&#x22;`.
fn entity(text: &str, c: char) -> Option<usize> {
    let (body, _) = text.strip_prefix('&')?.split_once(';')?;
    if body.len() > 8 {
        return None;
    }
    let same = match body.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.is_ok_and(|code| code == u32::from(c))
        }
        None => {
            matches!(
                (body, c),
                ("quot", '"')
                    | ("amp", '&')
                    | ("lt", '<')
                    | ("gt", '>')
                    | ("apos", '\'')
                    | ("nbsp", '\u{a0}')
            )
        }
    };
    same.then_some(body.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p\"w\\ä+<&' /é€𝄞%z";

    fn percent_encoded(plain: impl Fn(u8) -> bool, lower: bool) -> String {
        let code = |byte: u8| if lower { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
        SECRET
            .bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { code(byte) })
            .collect()
    }

    fn ascii_json(text: &str) -> String {
        let escape = |c: char| match c {
            '"' | '\\' | '/' => format!("\\{c}"),
            c if c.is_ascii() => c.to_string(),
            c => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .fold(String::new(), |all, unit| format!("{all}\\u{unit:04x}")),
        };
        text.chars().map(escape).collect()
    }

    fn html(text: &str, code: impl Fn(u32) -> String) -> String {
        let escape =
            |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { code(u32::from(c)) };
        text.chars().map(escape).collect()
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let inner = |text: String| {
            text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap().to_owned()
        };
        let named = SECRET
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('\'', "&#39;");
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let spellings = [
            SECRET.to_owned(),
            json(SECRET),
            json(&json(SECRET)),
            json(&json(&json(SECRET))),
            ascii_json(SECRET),
            json(SECRET).replace('<', "\\u003c").replace('&', "\\u0026").replace('\'', "\\u0027"),
            json(SECRET).replace('<', "\\u003C").replace('+', "\\u002B"),
            inner(format!("{SECRET:?}")),
            inner(format!("{:?}", json(SECRET))),
            SECRET.escape_default().to_string(),
            percent_encoded(word, false),
            percent_encoded(word, true),
            percent_encoded(|byte| byte.is_ascii_alphanumeric(), false),
            percent_encoded(word, false).replace("%20", "+"),
            percent_encoded(word, false).replace('%', "%25"),
            named.clone(),
            named.replace('&', "&amp;"),
            html(SECRET, |code| format!("&#{code};")),
            html(SECRET, |code| format!("&#x{code:x};")),
            html(SECRET, |code| format!("&#X{code:04X};")),
            SECRET.replace(['ä', 'é', '€', '𝄞'], "?"),
            SECRET.replace('ä', "\u{fffd}\u{fffd}"),
            SECRET.bytes().map(char::from).collect(),
        ];
        for spelling in spellings {
            assert_eq!(
                at_start(&format!("{spelling} tail"), SECRET),
                Some(spelling.len()),
                "{spelling}"
            );
        }
    }

    #[test]
    fn half_a_secret_is_found_at_the_end_and_nowhere_else() {
        assert_eq!(at_start("hunte", "hunter2"), Some(5));
        assert_eq!(at_start("hun", "hunter2"), None);
        assert_eq!(at_start("hunte or be hunted", "hunter2"), None);
        assert_eq!(at_start("", "hunter2"), None);
    }
}
