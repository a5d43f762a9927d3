//! What is wrong with a settings file in which no structure can be read, without the secrets that
//! it may hold.

use std::sync::Arc;

use crate::yaml::{self, Diagnostic, SyntaxKind, TextPlace};

/// Keys that appear twice and are told, at most.
const MAX_TOLD: usize = 100;

/// Why a text is not valid YAML: each key that appears twice, or else what the parser says.
pub(super) fn no_yaml(name: &str, text: &str, error: yaml::SyntaxError) -> Vec<Diagnostic> {
    let twice = if error.kind == SyntaxKind::DuplicateKey {
        yaml::duplicate_keys(text, MAX_TOLD)
    } else {
        Vec::new()
    };
    let text: Arc<str> = without_secrets(text).into();
    let told = |message: String, hint: Option<String>, place| Diagnostic {
        place,
        text: Arc::clone(&text),
        ..Diagnostic::of_file(name, message, hint)
    };
    if twice.is_empty() {
        return vec![told(format!("not valid YAML: {}", error.message), None, error.at)];
    }
    let hint = || Some("keep one of them".to_owned());
    twice
        .into_iter()
        .map(|(key, _, place)| {
            told(format!("`{key}` is there twice in one mapping"), hint(), Some(place))
        })
        .collect()
}

/// Where two readers of YAML do not understand a text in the same way.
pub(super) fn two_ways(name: &str, text: &str, place: TextPlace) -> Diagnostic {
    let hint = yaml::plainer(text, &place).to_owned();
    Diagnostic {
        place: Some(place),
        text: without_secrets(text).into(),
        ..Diagnostic::of_file(name, yaml::DISAGREE.to_owned(), Some(hint))
    }
}

/// The same text, as long in bytes and in characters, without what follows the key of a
/// secret: where no structure can be read, a line that is shown may hold one.
fn without_secrets(text: &str) -> String {
    const KEYS: [&str; 4] = ["clientSecret", "password", "credentials", "msal"];
    let mut clean = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let key = KEYS.iter().filter_map(|key| Some(line.find(key)? + key.len())).min();
        let (shown, hidden) = line.split_at(key.unwrap_or(line.len()));
        clean.push_str(shown);
        for c in hidden.chars() {
            let structure = c.is_ascii() && (c.is_ascii_whitespace() || c == ':');
            clean.push(if structure { c } else { star(c.len_utf8()) });
        }
    }
    clean
}

/// A star of as many bytes, so places mean the same in the clean text, counted in bytes and in
/// characters.
fn star(bytes: usize) -> char {
    match bytes {
        1 => '*',
        2 => '×',
        3 => '＊',
        _ => '🞶',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_shown_never_holds_a_secret() {
        let text = "connectToTeams:\n  password: hünter2 x\n  password: hunter3\n  username: u\n";
        let clean = without_secrets(text);
        assert_eq!(clean.len(), text.len());
        assert_eq!(
            clean,
            "connectToTeams:\n  password: *×***** *\n  password: *******\n  username: u\n"
        );
        let told = no_yaml("dialplane.yaml", text, yaml::documents(text).unwrap_err());
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].message.as_str(), told[0].position()),
            ("`password` is there twice in one mapping", Some((3, 3)))
        );
        assert!(!yaml::render(&told[0]).contains("hunter3"));
    }
}
