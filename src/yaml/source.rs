//! Advice that repeats a value shows what is in the text, never what a parser made of it: `1E6`
//! is not `1000000.0`.
//!
//! The writer of a message knows only the value and marks it with [`as_written`]; the one who knows
//! the place puts in the text that is there with [`in_source`].

/// Characters of a value that an error repeats, at most.
const MAX_REPEATED: usize = 60;

/// What surrounds a value that a message repeats. Texts cannot hold these characters.
const BEGIN: char = '\u{1}';
const END: char = '\u{2}';

/// A value as the parser has it, for a message that repeats it. One that begins with `+` is a phone
/// number: digits alone get the `+`.
#[must_use]
pub fn as_written(value: &str) -> String {
    format!("{BEGIN}{value}{END}")
}

/// A message with the text from its place in the place of the value; without a text, the value as
/// it is.
#[must_use]
pub fn in_source(message: &str, source: Option<&str>) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    let source = source.map(cut);
    while let Some((before, value, behind)) = next(rest) {
        out.push_str(before);
        match &source {
            Some(source)
                if value.starts_with('+') && source.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                out.push('+');
                out.push_str(source);
            }
            Some(source) => out.push_str(source),
            None => out.push_str(value),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The beginning of a long value.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_REPEATED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}

fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (value, behind) = rest.split_once(END)?;
    Some((before, value, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_what_stands_there() {
        let message = format!("the number {} | \"{}\"", as_written("31"), as_written("+31"));
        assert_eq!(in_source(&message, Some("0x1F")), "the number 0x1F | \"0x1F\"");
        assert_eq!(in_source(&message, Some("31")), "the number 31 | \"+31\"");
        assert_eq!(in_source(&message, Some("+31")), "the number +31 | \"+31\"");
        assert_eq!(in_source(&message, None), "the number 31 | \"+31\"");
        assert_eq!(in_source("nothing", Some("x")), "nothing");
    }
}
