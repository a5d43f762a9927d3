//! Problems of a text itself: characters that readers see differently, and what is not valid
//! YAML.

use std::sync::Arc;

use serde_yaml::Value;

use super::{
    draft::{FileProblem, FileRead, MAX_PROBLEMS, ProblemDetail},
    plain::{self, Plain},
};
use crate::yaml::{self, SyntaxKind, TextPlace};

/// Where a `UserSet` lists its users.
const USERS: [&str; 2] = ["spec", "users"];

impl FileRead {
    /// The documents of the text, or nothing, with the reasons among the problems. The users of
    /// those that are plainly written, and their lines, are kept.
    pub(super) fn documents(&mut self) -> Option<Vec<Value>> {
        if self.is_unreadable() {
            return None;
        }
        let Some(Plain { documents, users, rest }) = plain::read(&self.text) else {
            return self.all_documents_fully();
        };
        let full = match &rest {
            Some(rest) => self.fully(rest)?,
            None => vec![Value::Null; documents.len()],
        };
        if full.len() != documents.len() {
            return self.all_documents_fully();
        }
        self.lines = rest.map(|rest| yaml::item_lines(&rest, USERS)).unwrap_or_default();
        self.lines.resize_with(documents.len(), Vec::new);
        for (number, mut users) in users {
            self.lines.get_mut(number)?.append(&mut users.lines);
            self.plain.insert(number, users);
        }
        let both = documents.into_iter().zip(full);
        Some(both.map(|(plain, full)| plain.unwrap_or(full)).collect())
    }

    /// The same without a plain reader.
    pub(super) fn all_documents_fully(&mut self) -> Option<Vec<Value>> {
        if self.is_unreadable() {
            return None;
        }
        let text = Arc::clone(&self.text);
        let documents = self.fully(&text)?;
        self.lines = yaml::item_lines(&text, USERS);
        Some(documents)
    }

    /// Whether two readers see the characters of the text differently.
    fn is_unreadable(&mut self) -> bool {
        let unreadable = yaml::unreadable(&self.text);
        let is_unreadable = !unreadable.is_empty();
        for yaml::AmbiguousPlace { place, message, hint } in unreadable {
            self.unclear(message, Some(hint), Some(place));
        }
        is_unreadable
    }

    /// The documents of a text as the full reader understands them.
    fn fully(&mut self, text: &str) -> Option<Vec<Value>> {
        match yaml::documents(text) {
            Err(error) => self.syntax(&error),
            Ok(documents) => match yaml::disagreement(text, &documents) {
                None => return Some(documents),
                Some(place) => {
                    let hint = yaml::plainer(text, &place);
                    self.unclear(yaml::DISAGREE.to_owned(), Some(hint.to_owned()), Some(place));
                }
            },
        }
        None
    }

    /// A problem that may concern any user.
    fn unclear(&mut self, message: String, hint: Option<String>, place: Option<TextPlace>) {
        let what = ProblemDetail::Placed { message, hint, place, other: None };
        self.problems.push(FileProblem::of(what, Vec::new()));
    }

    /// Problems of the text itself. The parser says where a mapping with a double key starts;
    /// people want the key.
    fn syntax(&mut self, error: &yaml::SyntaxError) {
        let twice = if error.kind == SyntaxKind::DuplicateKey {
            yaml::duplicate_keys(&self.text, MAX_PROBLEMS)
        } else {
            Vec::new()
        };
        for (key, first, place) in &twice {
            let what = ProblemDetail::Placed {
                message: format!("`{key}` is there twice in one mapping"),
                hint: Some("keep one of them".to_owned()),
                place: Some(place.clone()),
                other: Some((first.clone(), "first here".to_owned())),
            };
            self.problems.push(FileProblem::of(what, Vec::new()));
        }
        if twice.is_empty() {
            let place = error.at.clone();
            let here =
                place.as_ref().and_then(|place| self.text.get(place.bytes.clone())).unwrap_or("");
            let (message, mut hint) = syntax_words(error, here);
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
            self.problems.push(FileProblem::of(
                ProblemDetail::Placed { message, hint, place, other },
                Vec::new(),
            ));
        }
    }
}

/// What is wrong, and advice for the mistakes that people make most. `here` is the character that
/// the parser stopped at.
fn syntax_words(error: &yaml::SyntaxError, here: &str) -> (String, Option<String>) {
    let hint = match error.kind {
        SyntaxKind::TooMany => return (error.message.clone(), Some("split it".to_owned())),
        SyntaxKind::NumberTooLarge => {
            let hint = "put it in quotes if it is text".to_owned();
            return ("this number is too large".to_owned(), Some(hint));
        }
        SyntaxKind::NoToken => Some(format!("put text that begins with `{here}` in quotes")),
        kind => advice(kind).map(str::to_owned),
    };
    (format!("not valid YAML: {}", error.message), hint)
}

fn advice(kind: SyntaxKind) -> Option<&'static str> {
    Some(match kind {
        SyntaxKind::TooDeep => "documents may be nested 128 levels deep at most",
        SyntaxKind::Aliases => {
            "aliases (`*name`) may not be multiplied like this: write the values out"
        }
        SyntaxKind::Tab => "a tab cannot indent: use spaces",
        SyntaxKind::NestedMapping => {
            "check the indentation, and put text that contains `: ` in quotes"
        }
        SyntaxKind::UnknownAnchor => {
            "an alias (`*name`) needs its anchor (`&name`) earlier in the same document"
        }
        SyntaxKind::OpenQuote => "close the quote",
        SyntaxKind::OpenList => "close the list with `]`",
        SyntaxKind::OpenMapping => "close the mapping with `}`",
        SyntaxKind::NoColon => "a key ends in `:` and a space",
        SyntaxKind::Indentation => {
            "check the indentation: keys of one mapping, and elements of one list, begin in the \
                same column"
        }
        SyntaxKind::TooMany
        | SyntaxKind::DuplicateKey
        | SyntaxKind::NumberTooLarge
        | SyntaxKind::NoToken
        | SyntaxKind::Other => return None,
    })
}
