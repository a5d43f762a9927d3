//! Characters that two readers of one text see differently, or that nobody sees: one table for
//! the code that reads text or writes it.

/// What is wrong with a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
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
const TABLE: &[(char, char, Unseen, &str)] = &[
    ('\u{0}', '\u{8}', Unseen::Control, "a control character"),
    ('\u{b}', '\u{b}', Unseen::Break, "LINE TABULATION"),
    ('\u{c}', '\u{c}', Unseen::Break, "FORM FEED"),
    ('\u{d}', '\u{d}', Unseen::Break, "CARRIAGE RETURN"),
    ('\u{e}', '\u{1f}', Unseen::Control, "a control character"),
    ('\u{7f}', '\u{84}', Unseen::Control, "a control character"),
    ('\u{85}', '\u{85}', Unseen::Break, "NEXT LINE"),
    ('\u{86}', '\u{9f}', Unseen::Control, "a control character"),
    ('\u{a0}', '\u{a0}', Unseen::Blank, "NO-BREAK SPACE"),
    ('\u{ad}', '\u{ad}', Unseen::Invisible, "SOFT HYPHEN"),
    ('\u{34f}', '\u{34f}', Unseen::Invisible, "COMBINING GRAPHEME JOINER"),
    ('\u{61c}', '\u{61c}', Unseen::Direction, "ARABIC LETTER MARK"),
    ('\u{115f}', '\u{1160}', Unseen::Invisible, "HANGUL FILLER"),
    ('\u{1680}', '\u{1680}', Unseen::Blank, "OGHAM SPACE MARK"),
    ('\u{17b4}', '\u{17b5}', Unseen::Invisible, "KHMER VOWEL INHERENT"),
    ('\u{180b}', '\u{180f}', Unseen::Invisible, "MONGOLIAN SEPARATOR OR SELECTOR"),
    ('\u{2000}', '\u{200a}', Unseen::Blank, "a space of another width"),
    ('\u{200b}', '\u{200b}', Unseen::Invisible, "ZERO WIDTH SPACE"),
    ('\u{200c}', '\u{200c}', Unseen::Invisible, "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', '\u{200d}', Unseen::Invisible, "ZERO WIDTH JOINER"),
    ('\u{200e}', '\u{200e}', Unseen::Direction, "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', '\u{200f}', Unseen::Direction, "RIGHT-TO-LEFT MARK"),
    ('\u{2028}', '\u{2028}', Unseen::Break, "LINE SEPARATOR"),
    ('\u{2029}', '\u{2029}', Unseen::Break, "PARAGRAPH SEPARATOR"),
    ('\u{202a}', '\u{202a}', Unseen::Direction, "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', '\u{202b}', Unseen::Direction, "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', '\u{202c}', Unseen::Direction, "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', '\u{202d}', Unseen::Direction, "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', '\u{202e}', Unseen::Direction, "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', '\u{202f}', Unseen::Blank, "NARROW NO-BREAK SPACE"),
    ('\u{205f}', '\u{205f}', Unseen::Blank, "MEDIUM MATHEMATICAL SPACE"),
    ('\u{2060}', '\u{2060}', Unseen::Invisible, "WORD JOINER"),
    ('\u{2061}', '\u{2065}', Unseen::Invisible, "an invisible operator"),
    ('\u{2066}', '\u{2066}', Unseen::Direction, "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', '\u{2067}', Unseen::Direction, "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', '\u{2068}', Unseen::Direction, "FIRST STRONG ISOLATE"),
    ('\u{2069}', '\u{2069}', Unseen::Direction, "POP DIRECTIONAL ISOLATE"),
    ('\u{206a}', '\u{206f}', Unseen::Invisible, "an outdated control of text"),
    ('\u{2800}', '\u{2800}', Unseen::Blank, "BRAILLE PATTERN BLANK"),
    ('\u{3000}', '\u{3000}', Unseen::Blank, "IDEOGRAPHIC SPACE"),
    ('\u{3164}', '\u{3164}', Unseen::Invisible, "HANGUL FILLER"),
    ('\u{fe00}', '\u{fe0f}', Unseen::Invisible, "VARIATION SELECTOR"),
    ('\u{feff}', '\u{feff}', Unseen::Invisible, "BYTE ORDER MARK"),
    ('\u{ffa0}', '\u{ffa0}', Unseen::Invisible, "HALFWIDTH HANGUL FILLER"),
    ('\u{fff0}', '\u{fffb}', Unseen::Invisible, "an invisible mark"),
    ('\u{fffe}', '\u{ffff}', Unseen::Control, "no character"),
    ('\u{1d173}', '\u{1d17a}', Unseen::Invisible, "an invisible mark of music"),
    ('\u{e0000}', '\u{e00ff}', Unseen::Invisible, "TAG"),
    ('\u{e0100}', '\u{e01ef}', Unseen::Invisible, "VARIATION SELECTOR"),
    ('\u{e01f0}', '\u{e0fff}', Unseen::Invisible, "an invisible mark"),
];

fn row(c: char) -> Option<&'static (char, char, Unseen, &'static str)> {
    if matches!(c, ' '..='~') {
        return None;
    }
    let at = TABLE.partition_point(|(_, last, ..)| *last < c);
    TABLE.get(at).filter(|(first, ..)| *first <= c)
}

impl Unseen {
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
    c == '\n' || Unseen::of(c) == Some(Unseen::Break)
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
            assert_eq!((Unseen::of(*first), Unseen::of(*last)), (Some(*kind), Some(*kind)));
        }
        assert_eq!(['\t', '\n', ' ', '~', 'é', '東', '\u{1f600}'].map(Unseen::of), [None; 7]);
    }
}
