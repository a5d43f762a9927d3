//! Text that is not YAML: what is wrong with it, as a kind.
//!
//! The parser has only sentences. This is the one place that reads them.

use super::{TextPlace, lines, places};

/// Text that is not valid YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What kind of mistake it is, as far as that is told apart.
    pub kind: SyntaxKind,
    /// What is wrong, in the parser's words.
    pub message: String,
    /// Where, if the parser said so.
    pub at: Option<TextPlace>,
    /// What the parser was reading there, and where that begins.
    pub inside: Option<Box<(TextPlace, String)>>,
}

/// The mistakes that people make most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxKind {
    /// More values than are read.
    TooMany,
    /// One mapping has a key twice.
    DuplicateKey,
    /// A number that no type holds.
    NumberTooLarge,
    /// Nested too deep.
    TooDeep,
    /// Aliases that multiply.
    Aliases,
    /// A tab in place of spaces.
    Tab,
    /// A character that begins nothing.
    NoToken,
    /// A second `: ` on a line.
    NestedMapping,
    /// An alias without its anchor.
    UnknownAnchor,
    /// A quote is not closed.
    OpenQuote,
    /// A `[` is not closed.
    OpenList,
    /// A `{` is not closed.
    OpenMapping,
    /// A key without `:`.
    NoColon,
    /// Most likely the indentation.
    Indentation,
    /// Anything else.
    Other,
}

impl SyntaxKind {
    /// Of the parser's sentence; `here` is the character that it stopped at.
    fn of(message: &str, here: &str) -> Self {
        const SENTENCES: [(&str, SyntaxKind); 14] = [
            ("duplicate entry", SyntaxKind::DuplicateKey),
            ("as u128", SyntaxKind::NumberTooLarge),
            ("as i128", SyntaxKind::NumberTooLarge),
            ("recursion limit", SyntaxKind::TooDeep),
            ("repetition limit", SyntaxKind::Aliases),
            ("tab character", SyntaxKind::Tab),
            ("cannot start any token", SyntaxKind::NoToken),
            ("mapping values are not allowed", SyntaxKind::NestedMapping),
            ("unknown anchor", SyntaxKind::UnknownAnchor),
            ("unexpected end of stream", SyntaxKind::OpenQuote),
            ("expected ',' or ']'", SyntaxKind::OpenList),
            ("expected ',' or '}'", SyntaxKind::OpenMapping),
            ("expected ':'", SyntaxKind::NoColon),
            ("did not find expected", SyntaxKind::Indentation),
        ];
        let found = SENTENCES.iter().find(|(words, _)| message.contains(words));
        match found.map_or(Self::Other, |(_, kind)| *kind) {
            Self::NoToken if here == "\t" => Self::Tab,
            kind => kind,
        }
    }
}

impl SyntaxError {
    /// A text with more values than are read.
    pub(super) fn too_many(text: &str, most: usize) -> Self {
        Self {
            kind: SyntaxKind::TooMany,
            message: format!("there are more than {most} values in this text"),
            at: Some(lines::place_at(text, 0)),
            inside: None,
        }
    }

    /// What the parser says.
    pub(super) fn of(text: &str, error: &serde_yaml::Error) -> Self {
        let sentence = error.to_string();
        let message = sentence.split(" at line ").next().unwrap_or(&sentence).to_owned();
        let place = error.location().map(|location| lines::place_at(text, location.index()));
        let here = place.as_ref().and_then(|place| text.get(place.bytes.clone())).unwrap_or("");
        let kind = SyntaxKind::of(&message, here);
        let at = match place {
            None if kind == SyntaxKind::Aliases => places::first_alias(text),
            place => place,
        };
        Self { kind, message, at, inside: inside(text, &sentence).map(Box::new) }
    }
}

/// The second half of the parser's sentence:
/// `..., while scanning a quoted scalar at line 17 column 20`.
fn inside(text: &str, sentence: &str) -> Option<(TextPlace, String)> {
    let (what, place) = sentence.split_once(", while ")?.1.split_once(" at line ")?;
    let (line, column) = place.split_once(" column ")?;
    let words = match what {
        "scanning a quoted scalar" => "the text in quotes begins here",
        "parsing a flow sequence" => "the list in `[ ]` begins here",
        "parsing a flow mapping" => "the mapping in `{ }` begins here",
        "parsing a block mapping" => "the mapping begins here",
        "parsing a block collection" => "the list begins here",
        "scanning a simple key" => "this looks like a key without `:`",
        _ => return None,
    };
    let place = lines::place_of(text, line.parse().ok()?, column.parse().ok()?);
    Some((place, words.to_owned()))
}
