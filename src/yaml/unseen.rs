//! Characters that two readers of one text see differently, or that nobody sees: one table for
//! the code that reads text or writes it.

/// What is wrong with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenCharacter {
    /// It ends a line for some readers and not for others.
    Break,
    /// It moves what surrounds it.
    Direction,
    /// Nothing is shown for it.
    Invisible,
    /// It is nothing that belongs to a text.
    Control,
    /// It looks like a space and is not one.
    Blank,
}

/// Characters by their first and last, and what is wrong with them.
const TABLE: &[(char, char, UnseenCharacter, &str)] = &[
    ('\u{0}', '\u{8}', UnseenCharacter::Control, "a control character"),
    ('\u{b}', '\u{b}', UnseenCharacter::Break, "LINE TABULATION"),
    ('\u{c}', '\u{c}', UnseenCharacter::Break, "FORM FEED"),
    ('\u{d}', '\u{d}', UnseenCharacter::Break, "CARRIAGE RETURN"),
    ('\u{e}', '\u{1f}', UnseenCharacter::Control, "a control character"),
    ('\u{7f}', '\u{84}', UnseenCharacter::Control, "a control character"),
    ('\u{85}', '\u{85}', UnseenCharacter::Break, "NEXT LINE"),
    ('\u{86}', '\u{9f}', UnseenCharacter::Control, "a control character"),
    ('\u{a0}', '\u{a0}', UnseenCharacter::Blank, "NO-BREAK SPACE"),
    ('\u{ad}', '\u{ad}', UnseenCharacter::Invisible, "SOFT HYPHEN"),
    ('\u{34f}', '\u{34f}', UnseenCharacter::Invisible, "COMBINING GRAPHEME JOINER"),
    ('\u{61c}', '\u{61c}', UnseenCharacter::Direction, "ARABIC LETTER MARK"),
    ('\u{115f}', '\u{1160}', UnseenCharacter::Invisible, "HANGUL FILLER"),
    ('\u{1680}', '\u{1680}', UnseenCharacter::Blank, "OGHAM SPACE MARK"),
    ('\u{17b4}', '\u{17b5}', UnseenCharacter::Invisible, "KHMER VOWEL INHERENT"),
    ('\u{180b}', '\u{180f}', UnseenCharacter::Invisible, "MONGOLIAN SEPARATOR OR SELECTOR"),
    ('\u{2000}', '\u{200a}', UnseenCharacter::Blank, "a space of another width"),
    ('\u{200b}', '\u{200b}', UnseenCharacter::Invisible, "ZERO WIDTH SPACE"),
    ('\u{200c}', '\u{200c}', UnseenCharacter::Invisible, "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', '\u{200d}', UnseenCharacter::Invisible, "ZERO WIDTH JOINER"),
    ('\u{200e}', '\u{200e}', UnseenCharacter::Direction, "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', '\u{200f}', UnseenCharacter::Direction, "RIGHT-TO-LEFT MARK"),
    ('\u{2028}', '\u{2028}', UnseenCharacter::Break, "LINE SEPARATOR"),
    ('\u{2029}', '\u{2029}', UnseenCharacter::Break, "PARAGRAPH SEPARATOR"),
    ('\u{202a}', '\u{202a}', UnseenCharacter::Direction, "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', '\u{202b}', UnseenCharacter::Direction, "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', '\u{202c}', UnseenCharacter::Direction, "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', '\u{202d}', UnseenCharacter::Direction, "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', '\u{202e}', UnseenCharacter::Direction, "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', '\u{202f}', UnseenCharacter::Blank, "NARROW NO-BREAK SPACE"),
    ('\u{205f}', '\u{205f}', UnseenCharacter::Blank, "MEDIUM MATHEMATICAL SPACE"),
    ('\u{2060}', '\u{2060}', UnseenCharacter::Invisible, "WORD JOINER"),
    ('\u{2061}', '\u{2065}', UnseenCharacter::Invisible, "an invisible operator"),
    ('\u{2066}', '\u{2066}', UnseenCharacter::Direction, "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', '\u{2067}', UnseenCharacter::Direction, "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', '\u{2068}', UnseenCharacter::Direction, "FIRST STRONG ISOLATE"),
    ('\u{2069}', '\u{2069}', UnseenCharacter::Direction, "POP DIRECTIONAL ISOLATE"),
    ('\u{206a}', '\u{206f}', UnseenCharacter::Invisible, "an outdated control of text"),
    ('\u{2800}', '\u{2800}', UnseenCharacter::Blank, "BRAILLE PATTERN BLANK"),
    ('\u{3000}', '\u{3000}', UnseenCharacter::Blank, "IDEOGRAPHIC SPACE"),
    ('\u{3164}', '\u{3164}', UnseenCharacter::Invisible, "HANGUL FILLER"),
    ('\u{fe00}', '\u{fe0f}', UnseenCharacter::Invisible, "VARIATION SELECTOR"),
    ('\u{feff}', '\u{feff}', UnseenCharacter::Invisible, "BYTE ORDER MARK"),
    ('\u{ffa0}', '\u{ffa0}', UnseenCharacter::Invisible, "HALFWIDTH HANGUL FILLER"),
    ('\u{fff0}', '\u{fffb}', UnseenCharacter::Invisible, "an invisible mark"),
    ('\u{fffe}', '\u{ffff}', UnseenCharacter::Control, "no character"),
    ('\u{1d173}', '\u{1d17a}', UnseenCharacter::Invisible, "an invisible mark of music"),
    ('\u{e0000}', '\u{e00ff}', UnseenCharacter::Invisible, "TAG"),
    ('\u{e0100}', '\u{e01ef}', UnseenCharacter::Invisible, "VARIATION SELECTOR"),
    ('\u{e01f0}', '\u{e0fff}', UnseenCharacter::Invisible, "an invisible mark"),
];

fn row(c: char) -> Option<&'static (char, char, UnseenCharacter, &'static str)> {
    if matches!(c, ' '..='~') {
        return None;
    }
    let at = TABLE.partition_point(|(_, last, ..)| *last < c);
    TABLE.get(at).filter(|(first, ..)| *first <= c)
}

impl UnseenCharacter {
    /// What is wrong with a character; nothing with one that is seen, nor with line feed, tab and
    /// space.
    #[must_use]
    pub fn of(c: char) -> Option<Self> {
        row(c).map(|(_, _, kind, _)| *kind)
    }
}

/// Whether some reader takes a character for the end of a line.
#[must_use]
pub fn ends_a_line(c: char) -> bool {
    c == '\n' || UnseenCharacter::of(c) == Some(UnseenCharacter::Break)
}

/// A character by number and name: `U+2028 LINE SEPARATOR`.
#[must_use]
pub fn character(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    match row(c) {
        // What has no name of its own is described.
        Some((.., name)) if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
            format!("{number} ({name})")
        }
        Some((.., name)) => format!("{number} {name}"),
        None => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_is_found() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{:?}", pair[1]);
        }
        for (first, last, kind, _) in TABLE {
            assert_eq!(
                (UnseenCharacter::of(*first), UnseenCharacter::of(*last)),
                (Some(*kind), Some(*kind))
            );
        }
        assert_eq!(
            ['\t', '\n', ' ', '~', 'é', '東', '\u{1f600}'].map(UnseenCharacter::of),
            [None; 7]
        );
    }
}
