//! Keys and values of one line.

use serde::de::Visitor;

use super::NotPlain;
use crate::yaml::UnseenCharacter;

/// The longest key: no name of ours comes near.
const MAX_KEY: usize = 64;

/// Signs beside letters and digits that a value without quotes may hold behind its first letter,
/// and those that it may hold between braces and brackets.
const SIGNS: &[u8] = b" -_.@/()+'&=*?$|~!^;,%";
const FLOW_SIGNS: &[u8] = b" -_.@/()+'";

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar<'t> {
    Flag(bool),
    Number(u64),
    Text(&'t str),
}

impl<'t> Scalar<'t> {
    pub(super) fn visit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        match self {
            Self::Flag(flag) => visitor.visit_bool(flag),
            Self::Number(number) => visitor.visit_u64(number),
            Self::Text(text) => visitor.visit_borrowed_str(text),
        }
    }
}

/// A key and what follows its colon.
pub(super) fn key(text: &str) -> Option<(&str, &str)> {
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let length = text.bytes().position(|byte| !fine(&byte))?;
    let (key, rest) = text.split_at_checked(length)?;
    let rest = rest.strip_prefix(':')?;
    let begins = key.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let ends = rest.is_empty() || rest.starts_with(' ');
    (begins && ends && length <= MAX_KEY && !is_word(key)).then_some((key, rest))
}

/// A value in quotes and what follows it.
pub(super) fn quoted(text: &str) -> Result<(Scalar<'_>, &str), NotPlain> {
    let quote = if text.starts_with('"') { '"' } else { '\'' };
    let inner = text.get(1..).ok_or(NotPlain)?;
    let (value, rest) = inner.split_once(quote).ok_or(NotPlain)?;
    // Two single quotes are one of the text.
    let escapes = if quote == '"' { value.contains('\\') } else { rest.starts_with('\'') };
    if escapes || !is_seen(value) { Err(NotPlain) } else { Ok((Scalar::Text(value), rest)) }
}

/// A value without quotes, to the end of its line.
pub(super) fn bare(text: &str) -> Result<Scalar<'_>, NotPlain> {
    let mut before = b' ';
    let mut end = text.len();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'#' if before == b' ' => {
                end = at;
                break;
            }
            b'#' => {}
            b':' if text.as_bytes().get(at + 1).is_some_and(|next| *next != b' ') => {}
            _ if byte.is_ascii_alphanumeric() || !byte.is_ascii() || SIGNS.contains(&byte) => {}
            _ => return Err(NotPlain),
        }
        before = byte;
    }
    meaning(text.get(..end).unwrap_or(text).trim_end_matches(' '))
}

/// A value without quotes between braces or brackets, and what follows it.
pub(super) fn bare_in_flow(text: &str) -> Result<(Scalar<'_>, &str), NotPlain> {
    let fine =
        |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || FLOW_SIGNS.contains(byte);
    let end = text.bytes().position(|byte| !fine(&byte)).ok_or(NotPlain)?;
    let (value, rest) = text.split_at_checked(end).ok_or(NotPlain)?;
    Ok((meaning(value.trim_end_matches(' '))?, rest))
}

/// Whether only a comment is there, after a value.
pub(super) fn is_end(rest: &str) -> bool {
    let text = rest.trim_start_matches(' ');
    text.is_empty() || (text.starts_with('#') && text.len() < rest.len())
}

/// What YAML takes a value without quotes for, where nobody can doubt it.
fn meaning(text: &str) -> Result<Scalar<'_>, NotPlain> {
    let first = *text.as_bytes().first().ok_or(NotPlain)?;
    if !first.is_ascii() || first.is_ascii_alphabetic() {
        return match text {
            "true" => Ok(Scalar::Flag(true)),
            "false" => Ok(Scalar::Flag(false)),
            _ if is_word(text) || !is_seen(text) => Err(NotPlain),
            _ => Ok(Scalar::Text(text)),
        };
    }
    // Phone numbers without quotes: a number without its sign.
    let text = match text.strip_prefix('+') {
        Some(digits) if is_whole(digits) => digits,
        _ => text,
    };
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NotPlain);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = is_whole(text).then(|| text.parse().ok()).flatten();
        return number.map(Scalar::Number).ok_or(NotPlain);
    }
    let hyphens = text.bytes().filter(|byte| *byte == b'-').count();
    let is_text = hyphens > 1 || text.bytes().any(is_of_no_number);
    let has_prefix = ["0x", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix));
    if is_text && !has_prefix && is_seen(text) { Ok(Scalar::Text(text)) } else { Err(NotPlain) }
}

/// Whether these are the digits of a number that every reader takes for the same.
fn is_whole(digits: &str) -> bool {
    let begins = digits.len() == 1 || !digits.starts_with('0');
    begins && (1..19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether no number in base ten holds this.
fn is_of_no_number(byte: u8) -> bool {
    !byte.is_ascii()
        || (byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E'))
        || b" @/()'&=*?$|~!^;,%:#".contains(&byte)
}

/// Whether YAML takes this for something else than text, in one spelling or another.
fn is_word(text: &str) -> bool {
    ["true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether every character can be seen. In some places others are right; the full reader knows.
fn is_seen(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~');
    text.bytes().all(plain) || !text.chars().any(|c| c == '\t' || UnseenCharacter::of(c).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_what_yaml_takes_them_for() {
        for (text, read) in [
            ("enabled", Scalar::Text("enabled")),
            ("true # so", Scalar::Flag(true)),
            ("805", Scalar::Number(805)),
            ("+14255550100", Scalar::Number(14_255_550_100)),
            ("Anna O'Neil 3", Scalar::Text("Anna O'Neil 3")),
            ("22:00", Scalar::Text("22:00")),
            ("9f86d081884c7d65", Scalar::Text("9f86d081884c7d65")),
            (
                "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
                Scalar::Text("87d349ed-44d7-43e1-9a83-5f2406dee5bd"),
            ),
            ("阿黛尔@contoso.com", Scalar::Text("阿黛尔@contoso.com")),
            ("a#EXT#@b.c", Scalar::Text("a#EXT#@b.c")),
        ] {
            assert_eq!(bare(text), Ok(read), "{text}");
        }
        let odd = "True|null|~|007|1e3|0x1F|0b1|0o7|1.5|-1|+01|++1|+1-2|+ 1|+1e3|a: b|a:|*a|&a|!a|[a]|a\tb|1-2|a\"b|a\u{a0}b";
        for text in odd.split('|') {
            assert_eq!(bare(text), Err(NotPlain), "{text}");
        }
    }

    #[test]
    fn quotes_hold_text_without_escapes() {
        assert_eq!(quoted("\"+1425 # a\" # b"), Ok((Scalar::Text("+1425 # a"), " # b")));
        assert_eq!(quoted("'a\\b'"), Ok((Scalar::Text("a\\b"), "")));
        for text in ["\"a", "\"a\\x20\"", "'it''s'", "\"\u{200b}\"", "'a\tb'"] {
            assert_eq!(quoted(text), Err(NotPlain), "{text}");
        }
    }

    #[test]
    fn keys_are_names() {
        assert_eq!(key("userTag: a"), Some(("userTag", " a")));
        assert_eq!(key("spec:"), Some(("spec", "")));
        for text in
            ["a b: c", "\"a\": b", "a:b", "null: a", "True: b", "1: a", "a", "<<: *a", ": a"]
        {
            assert_eq!(key(text), None, "{text}");
        }
    }
}
