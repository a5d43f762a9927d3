//! Whether a text reads the same for everybody: each character that does not, at its place.
//!
//! **Invariant:** what [`unreadable`] passes reads the same for a parser, an editor and a review.

use std::{borrow::Cow, iter::Peekable, str::CharIndices};

use super::{TextPlace, UnseenCharacter, character, lines::place_at};

/// Places that are told of one text, at most.
const MAX_TOLD: usize = 20;

/// A character as an escape in double quotes.
fn escape(c: char) -> String {
    match u32::from(c) {
        code @ 0..=0xff => format!("\\x{code:02X}"),
        code @ 0x100..=0xffff => format!("\\u{code:04X}"),
        code => format!("\\U{code:08X}"),
    }
}

/// A place that two readers of a text see differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmbiguousPlace {
    /// Where.
    pub place: TextPlace,
    /// What is there.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// The text without byte order marks where they mean nothing: at its own beginning and at that of
/// each document.
#[must_use]
pub fn without_marks(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for line in text.split_inclusive(['\n', '\r']) {
        let bare = line.trim_start_matches(MARK);
        let line = if begins || bare.starts_with("---") { bare } else { line };
        out.push_str(line);
        let rest =
            line.strip_prefix("---").or_else(|| line.strip_prefix("...")).unwrap_or(line).trim();
        let says_nothing = rest.is_empty() || rest.starts_with('#') || line.starts_with('%');
        begins = says_nothing && (begins || rest.len() < line.trim().len());
    }
    Cow::Owned(out)
}

const MARK: char = '\u{feff}';

/// The places of a text that two readers see differently, the first of them.
#[must_use]
pub fn unreadable(text: &str) -> Vec<AmbiguousPlace> {
    let mut found = Vec::new();
    if text.as_bytes().chunks(CHUNK).all(is_plain) {
        return found;
    }
    let mut around = CharacterContext::default();
    let mut chars = text.char_indices().peekable();
    let mut returns = 0;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if let Some(kind) = UnseenCharacter::of(c).filter(|kind| around.counts(*kind, c, next)) {
            returns += usize::from(c == '\r');
            // One line of many alike says enough.
            let alike =
                (c == '\r' && returns > 1) || (kind == UnseenCharacter::Blank && around.told);
            if !alike && found.len() < MAX_TOLD {
                found.push(told(text, at, c, kind, around.indents));
            }
            around.told = true;
        }
        around.pass(c, &mut chars);
    }
    found
}

/// Bytes that are looked at together.
const CHUNK: usize = 256;

/// Whether these are signs that everybody sees alike. All are looked at: that is quicker.
fn is_plain(bytes: &[u8]) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    bytes.iter().fold(true, |all, byte| all & plain(*byte))
}

fn told(text: &str, at: usize, c: char, kind: UnseenCharacter, indents: bool) -> AmbiguousPlace {
    let name = character(c);
    let message = match kind {
        UnseenCharacter::Break if c == '\r' => {
            format!("{name} without a line feed ends a line for some readers and not for others")
        }
        UnseenCharacter::Break => format!("{name} ends a line for some readers and not for others"),
        UnseenCharacter::Direction => {
            format!("{name} makes a line look different from what it says")
        }
        UnseenCharacter::Invisible => format!("{name} cannot be seen"),
        UnseenCharacter::Control => format!("{name} does not belong in text"),
        UnseenCharacter::Blank if indents => format!("this line is indented with {name}"),
        UnseenCharacter::Blank => format!("{name} looks like a space and is not one"),
    };
    let hint = match kind {
        UnseenCharacter::Break if c == '\r' => {
            "save the file with the line ends of Unix or Windows".to_owned()
        }
        UnseenCharacter::Blank => "use a space".to_owned(),
        _ if c == MARK => {
            "remove it: it belongs to the beginning of a file or of a document".to_owned()
        }
        _ => format!("remove it; if a text is to have it, write {} in double quotes", escape(c)),
    };
    AmbiguousPlace { place: place_at(text, at), message, hint }
}

/// What surrounds a character, as far as it matters: roughly, because a parser cannot be asked
/// about a text that it may refuse.
#[derive(Debug)]
struct CharacterContext {
    before: char,
    /// The quote that is open.
    quote: Option<char>,
    comment: bool,
    /// Only blanks come before it on its line.
    indents: bool,
    /// A blank of this line was told.
    told: bool,
}

impl Default for CharacterContext {
    fn default() -> Self {
        Self { before: '\n', quote: None, comment: false, indents: true, told: false }
    }
}

impl CharacterContext {
    /// Whether a character of this kind is wrong here.
    fn counts(&self, kind: UnseenCharacter, c: char, next: Option<char>) -> bool {
        let joins = matches!(c, '\u{200c}' | '\u{200d}');
        match kind {
            UnseenCharacter::Break => c != '\r' || next != Some('\n'),
            // Writing systems and emoji need them.
            UnseenCharacter::Invisible if joins => {
                self.before.is_ascii() || next.is_none_or(|next| next.is_ascii())
            }
            UnseenCharacter::Invisible if is_selector(c) => {
                self.before.is_ascii() || is_selector(self.before)
            }
            UnseenCharacter::Direction | UnseenCharacter::Invisible | UnseenCharacter::Control => {
                true
            }
            UnseenCharacter::Blank if self.comment || self.quote.is_some() => false,
            UnseenCharacter::Blank => is_edge(self.before) || next.is_none_or(is_edge),
        }
    }

    fn pass(&mut self, c: char, chars: &mut Peekable<CharIndices<'_>>) {
        let blank = c == ' ' || c == '\t' || UnseenCharacter::of(c) == Some(UnseenCharacter::Blank);
        match self.quote {
            _ if c == '\n' || c == '\r' => {
                (self.comment, self.indents, self.told) = (false, true, false);
            }
            Some('"') if c == '\\' => drop(chars.next_if(|(_, next)| *next != '\n')),
            // Two of them are one of the text.
            Some('\'') if c == '\'' && chars.next_if(|(_, next)| *next == '\'').is_some() => {}
            Some(quote) if c == quote => self.quote = None,
            None if self.comment => {}
            None if c == '#' && self.before.is_whitespace() => self.comment = true,
            None if matches!(c, '"' | '\'') && is_edge(self.before) => self.quote = Some(c),
            Some(_) | None => {}
        }
        self.indents &= blank || c == '\n' || c == '\r';
        self.before = c;
    }
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether a blank beside this character separates, and does not belong to a text.
fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            ':' | '-'
                | '?'
                | ','
                | '['
                | ']'
                | '{'
                | '}'
                | '#'
                | '"'
                | '\''
                | '|'
                | '>'
                | '&'
                | '*'
                | '!'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, usize, String)> {
        unreadable(text)
            .into_iter()
            .map(|it| (it.place.line, it.place.column, it.message))
            .collect()
    }

    #[test]
    fn what_readers_see_differently_is_found_wherever_it_stands() {
        let bad = "\u{1}\u{7}\u{b}\u{c}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0041}\u{fffe}";
        for c in bad.chars() {
            for text in [
                format!("a: 1\nb: 2 # so{c}so\n"),
                format!("a: 1\nb: \"2{c}3\"\n"),
                format!("a: 1\nb{c}: 2\n"),
            ] {
                let found = found(&text);
                assert_eq!(found.len(), 1, "{text:?}");
                assert!(
                    found[0].0 == 2 && found[0].2.contains(&format!("U+{:04X}", u32::from(c))),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn blanks_of_other_kinds_are_wrong_where_they_separate_and_right_inside_of_text() {
        for c in "\u{a0}\u{1680}\u{2000}\u{2003}\u{2009}\u{202f}\u{205f}\u{3000}".chars() {
            for text in [
                "a:\n@@b: 1\n",
                "a:@b\n",
                "a: b@\n",
                "-@a\n",
                "a: b@# c\n",
                "a: [b,@c]\n",
                "a: @b\n",
            ] {
                assert_eq!(found(&text.replace('@', &c.to_string())).len(), 1, "{text} {c:?}");
            }
            for text in [
                "a: Raum@3\n",
                "a: \"b@\"\n",
                "a: 'it''s@ '\n",
                "#@note\n",
                "a: b # c@\n",
                "a: \"\\\"@\"\n",
            ] {
                assert_eq!(found(&text.replace('@', &c.to_string())), [], "{text} {c:?}");
            }
        }
        assert_eq!(
            found("a:\n\u{a0}\u{a0}b: 1\n"),
            [(2, 1, "this line is indented with U+00A0 NO-BREAK SPACE".to_owned())]
        );
    }

    #[test]
    fn line_ends_of_windows_are_lines_and_those_of_old_macs_are_told_once() {
        assert_eq!(found("a: 1\r\nb: 2\r\n"), []);
        assert_eq!(found("a: 1\rb: 2\rc: 3\r").len(), 1);
        assert_eq!(found("a: 1 # no\rb: 2\n").len(), 1);
    }

    #[test]
    fn what_writing_needs_is_left_alone() {
        for text in [
            "a: \u{645}\u{6cc}\u{200c}\u{62e}\n",
            "# \u{1f469}\u{200d}\u{1f4bb}\n",
            "# \u{2764}\u{fe0f}\n",
            "a: \u{845b}\u{e0100}\n",
        ] {
            assert_eq!(found(text), [], "{text:?}");
        }
        assert_eq!(found("a\u{200d}b: 1\n").len(), 1);
    }

    #[test]
    fn byte_order_marks_mean_nothing_where_a_document_begins() {
        let m = MARK;
        for (text, read) in [
            (format!("{m}a: 1\n"), "a: 1\n"),
            (format!("a: 1\n---\n{m}b: 2\n"), "a: 1\n---\nb: 2\n"),
            (format!("a: 1\n{m}---\nb: 2\n"), "a: 1\n---\nb: 2\n"),
            (format!("a: 1\n...\n{m}# so\n{m}b: 2\n"), "a: 1\n...\n# so\nb: 2\n"),
            (format!("{m}{m}a: 1\r\n--- # x\r\n{m}b: 2\r\n"), "a: 1\r\n--- # x\r\nb: 2\r\n"),
        ] {
            assert_eq!(without_marks(&text), read);
        }
        for text in [format!("a: 1\n{m}b: 2\n"), format!("a: {m}1\n"), format!("--- {m}\nb: 2\n")] {
            assert_eq!(unreadable(&without_marks(&text)).len(), 1, "{text:?}");
        }
    }
}
