//! Two readers of YAML must understand a text in one way: where they do not, it is not known which
//! of them a person, or another program, agrees with.
//!
//! The second reader walks along with what the first has made of the text, and decides nothing.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_yaml::Value;

use super::{
    TextPlace,
    lines::{Lines, place_at},
};

/// Where a second reader understands a text in another way than `documents`, if it does.
#[must_use]
pub fn disagreement(text: &str, documents: &[Value]) -> Option<TextPlace> {
    let mut second = Second { events: Parser::new_from_str(text), at: Span::default() };
    let place = second.stream(documents).err().map(|Differs| Lines::new(text).place(second.at))?;
    // A mark may be after the end of the text.
    Some(place_at(text, place.bytes.start))
}

/// What is said where they disagree.
pub const DISAGREE: &str = "two readers of YAML do not understand this in the same way";

/// How to write what they do not agree on.
#[must_use]
pub fn plainer(text: &str, place: &TextPlace) -> &'static str {
    match text.lines().nth(place.line.saturating_sub(1)) {
        Some(line) if line.contains('\t') => "use spaces, and no tabs",
        Some(line) if line.contains(" !") => "write the value itself, without a tag",
        _ => {
            "write it more plainly: one key a line, text in double quotes, indented more than its \
                key"
        }
    }
}

/// Values, lists and mappings, at most: a file of so many takes some hundred MiB to read.
pub(super) const MAX_VALUES: usize = 2_000_000;

/// Whether a text is long enough to hold more values than are read.
pub(super) fn may_be_too_much(text: &str) -> bool {
    may_have_more_than(MAX_VALUES, text)
}

/// A value takes two characters at least.
fn may_have_more_than(most: usize, text: &str) -> bool {
    text.len() / 2 >= most
}

/// Whether a text holds more values than are read.
pub(super) fn is_too_much(text: &str) -> bool {
    has_more_than(MAX_VALUES, text)
}

fn has_more_than(most: usize, text: &str) -> bool {
    if !may_have_more_than(most, text) {
        return false;
    }
    let values = Parser::new_from_str(text).map_while(Result::ok).filter(|(event, _)| {
        matches!(
            event,
            Event::Scalar(..)
                | Event::Alias(_)
                | Event::SequenceStart(..)
                | Event::MappingStart(..)
        )
    });
    values.take(most + 1).count() > most
}

/// Tags of YAML's core schema say what a value is anyway. Others, such as `!!binary`, mean something
/// to one reader and nothing to the next.
const CORE: [&str; 7] = ["bool", "float", "int", "map", "null", "seq", "str"];

/// Whether all readers know what a tag means.
fn is_known(tag: Option<&Tag>) -> bool {
    tag.is_none_or(|tag| tag.handle == "tag:yaml.org,2002:" && CORE.contains(&tag.suffix.as_str()))
}

/// The second reader says something else.
struct Differs;

struct Second<'t> {
    events: Parser<'t, StrInput<'t>>,
    at: Span,
}

impl<'t> Second<'t> {
    fn next(&mut self) -> Result<Event<'t>, Differs> {
        match self.events.next() {
            Some(Ok((event, span))) => {
                self.at = span;
                Ok(event)
            }
            Some(Err(error)) => {
                self.at = Span::new(*error.marker(), *error.marker());
                Err(Differs)
            }
            None => Err(Differs),
        }
    }

    fn stream(&mut self, documents: &[Value]) -> Result<(), Differs> {
        self.expect(|event| matches!(event, Event::StreamStart))?;
        for document in documents {
            self.expect(|event| matches!(event, Event::DocumentStart(_)))?;
            self.value(document)?;
            self.expect(|event| matches!(event, Event::DocumentEnd))?;
        }
        self.expect(|event| matches!(event, Event::StreamEnd))
    }

    fn expect(&mut self, what: impl Fn(&Event<'t>) -> bool) -> Result<(), Differs> {
        if what(&self.next()?) { Ok(()) } else { Err(Differs) }
    }

    /// The first reader does not go deeper than 128 levels.
    fn value(&mut self, first: &Value) -> Result<(), Differs> {
        let (first, tagged) = match first {
            Value::Tagged(tagged) => (&tagged.value, true),
            value => (value, false),
        };
        let event = self.next()?;
        let tag = match &event {
            Event::Scalar(_, _, _, tag)
            | Event::SequenceStart(_, tag)
            | Event::MappingStart(_, tag) => tag.as_deref(),
            _ => None,
        };
        // Of a tag of somebody's own the first reader says itself that there is one.
        if !tagged && !is_known(tag) {
            return Err(Differs);
        }
        match (event, first) {
            // The first reader has put there what the name stands for.
            (Event::Alias(_), _) => Ok(()),
            (Event::Scalar(text, ..), Value::String(first)) if text == first.as_str() => Ok(()),
            (
                Event::Scalar(text, style, _, tag),
                Value::Null | Value::Bool(_) | Value::Number(_),
            ) => {
                let plain = style == ScalarStyle::Plain
                    && (text.is_empty() || !text.contains(char::is_whitespace));
                if plain || tagged || tag.is_some() { Ok(()) } else { Err(Differs) }
            }
            (Event::SequenceStart(..), Value::Sequence(elements)) => {
                elements.iter().try_for_each(|element| self.value(element))?;
                self.expect(|event| matches!(event, Event::SequenceEnd))
            }
            (Event::MappingStart(..), Value::Mapping(mapping)) => {
                mapping.iter().try_for_each(|(key, value)| {
                    self.value(key).and_then(|()| self.value(value))
                })?;
                self.expect(|event| matches!(event, Event::MappingEnd))
            }
            _ => Err(Differs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::documents;

    fn differs(text: &str) -> Option<usize> {
        disagreement(text, &documents(text).unwrap()).map(|place| place.line)
    }

    #[test]
    fn what_people_write_is_understood_by_both() {
        for text in [
            "a: 1\nb: [x, 'y', \"z\",]\nc: {d: ~, e: }\n",
            "a:\n- b\n- c: d\n  e: |\n    f\n    g\n\n- >-\n  h\n  i\n",
            "a: [\n  b,\n]\nc: { d: e\n  , f: g }\n",
            "x: &n {a: 1}\ny: *n\nz: !t {b: 2}\n",
            "---\n---\na: b\n...\n---\n# nothing\n",
            "? a\n: b\n\"c\" : 'it''s'\nd: \"e\\\n  f\\u2028\"\n",
            "a: 0x1F\nb: 1e3\nc: .inf\nd: True\ne: 12:30\nf: 2026-01-01\n\"1\": 007\n",
            "a: !!str 1\nb: !!map { c: !!int 1 }\nd: !!seq [ !!bool true, !!null ~, !!float 1.5 ]\n",
            "{\"a\":[1,2,{\"b\":null}],\"c\":\"\"}",
        ] {
            assert_eq!(differs(text), None, "{text}");
        }
    }

    #[test]
    fn what_only_one_of_them_understands_is_found() {
        for (text, line) in [
            ("a:\n  b: [c,\nd]\n", 3),
            ("a: 1\nb: { ?c: 1 }\n", 2),
            ("x: y\na:\tb\n", 2),
            ("-\n>", 2),
            ("a: 1\nb: !!binary YQ==\n", 2),
            ("a: 1\nb: !<tag:yaml.org,2002:timestamp> 2026-01-01\n", 2),
            ("a: 1\nb: !!set { c }\n", 2),
            ("a: !!omap [ b: 1 ]\n", 1),
        ] {
            assert_eq!(differs(text), Some(line), "{text}");
        }
    }

    #[test]
    fn a_text_of_many_values_is_too_much() {
        assert!(!is_too_much(&"a: b\n".repeat(10)));
        assert!(!has_more_than(1000, &"# nothing\n".repeat(500)));
        assert!(!has_more_than(1000, &"- a\n".repeat(999)));
        assert!(has_more_than(1000, &"- a\n".repeat(1001)));
    }
}
