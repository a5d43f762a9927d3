//! Problems of a text itself: characters that readers see differently, and what is no YAML.

use serde_yaml::Value;

use super::read::{FileRead, MAX_PROBLEMS, Problem, What};
use crate::yaml::{self, Place};

impl FileRead {
    /// The documents of the text, or nothing, with the reasons among the problems.
    pub(super) fn documents(&mut self) -> Option<Vec<Value>> {
        let unreadable = yaml::unreadable(&self.text);
        if !unreadable.is_empty() {
            for yaml::Unreadable { place, message, hint } in unreadable {
                self.unclear(message, Some(hint), Some(place));
            }
            return None;
        }
        match yaml::documents(&self.text) {
            Err(error) => self.syntax(&error),
            Ok(documents) => match yaml::disagreement(&self.text, &documents) {
                None => return Some(documents),
                Some(place) => {
                    let message =
                        "two readers of YAML do not understand this in the same way".to_owned();
                    let hint = match self.text.lines().nth(place.line.saturating_sub(1)) {
                        Some(line) if line.contains('\t') => "use spaces, and no tabs",
                        _ => {
                            "write it more plainly: one key a line, text in double quotes, \
                                indented more than its key"
                        }
                    };
                    self.unclear(message, Some(hint.to_owned()), Some(place));
                }
            },
        }
        None
    }

    /// A problem of which nobody knows whom it concerns.
    fn unclear(&mut self, message: String, hint: Option<String>, place: Option<Place>) {
        let what = What::Placed { message, hint, place, other: None };
        self.problems.push(Problem::of(what, Vec::new()));
    }

    /// Problems of the text itself. The parser says where a mapping with a double key starts;
    /// people want the key.
    fn syntax(&mut self, error: &yaml::SyntaxError) {
        let twice = if error.message.contains("duplicate entry") {
            yaml::duplicate_keys(&self.text)
        } else {
            Vec::new()
        };
        for (key, first, place) in twice.iter().take(MAX_PROBLEMS) {
            let what = What::Placed {
                message: format!("`{key}` stands twice in one mapping"),
                hint: Some("keep one of them".to_owned()),
                place: Some(place.clone()),
                other: Some((first.clone(), "first here".to_owned())),
            };
            self.problems.push(Problem::of(what, Vec::new()));
        }
        if twice.is_empty() {
            let place = error.at.clone();
            let here =
                place.as_ref().and_then(|place| self.text.get(place.bytes.clone())).unwrap_or("");
            let (message, mut hint) = match &error.hint {
                Some(hint) => (error.message.clone(), Some(hint.clone())),
                None => syntax_words(&error.message, here),
            };
            if self.text.lines().any(|line| line.starts_with("<<<<<<< ")) {
                hint = Some(
                    "the file holds conflict marks of git (`<<<<<<<`, `=======`, `>>>>>>>`): \
                        resolve them"
                        .to_owned(),
                );
            }
            let other = error
                .inside
                .as_deref()
                .cloned()
                .filter(|(inside, _)| Some(inside) != place.as_ref());
            self.problems
                .push(Problem::of(What::Placed { message, hint, place, other }, Vec::new()));
        }
    }
}

/// The parser's sentence, and advice for the mistakes that people make most. `here` is the
/// character that it stopped at.
fn syntax_words(message: &str, here: &str) -> (String, Option<String>) {
    if message.contains("as u128") || message.contains("as i128") {
        return (
            "this number is too large".to_owned(),
            Some("put it in quotes if it is text".to_owned()),
        );
    }
    let has = |words: &str| message.contains(words);
    let hint = if has("recursion limit") {
        "documents may be nested 128 levels deep at most"
    } else if has("repetition limit") {
        "aliases (`*name`) may not be multiplied like this: write the values out"
    } else if has("tab character") || (has("cannot start any token") && here == "\t") {
        "a tab cannot indent: use spaces"
    } else if has("cannot start any token") {
        return (
            format!("this is no YAML: {message}"),
            Some(format!("put text that begins with `{here}` in quotes")),
        );
    } else if has("mapping values are not allowed") {
        "check the indentation, and put text that contains `: ` in quotes"
    } else if has("unknown anchor") {
        "an alias (`*name`) needs its anchor (`&name`) earlier in the same document"
    } else if has("unexpected end of stream") {
        "close the quote"
    } else if has("expected ',' or ']'") {
        "close the list with `]`"
    } else if has("expected ',' or '}'") {
        "close the mapping with `}`"
    } else if has("expected ':'") {
        "a key ends in `:` and a space"
    } else if has("did not find expected") {
        "check the indentation: keys of one mapping, and elements of one list, begin in the same \
            column"
    } else {
        return (format!("this is no YAML: {message}"), None);
    };
    (format!("this is no YAML: {message}"), Some(hint.to_owned()))
}
