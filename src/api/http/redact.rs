//! Foreign text made fit for a message: secrets out, control characters out, short.
//!
//! **Invariant:** secrets are removed before the text is cut, so no half of one survives the
//! cut.

use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use super::spelling;

/// The most that a message repeats of what a service said, in characters.
const MAX_QUOTE: usize = 200;
/// The most that is repeated of a single value.
const MAX_VALUE: usize = 80;
/// What is shown in place of a secret.
const MARK: &str = "[redacted]";
/// A shorter secret is looked for as a word of its own only: inside of others it is everywhere.
const SHORT: usize = 4;
/// The least of a secret in base64 that is looked for: less may be anything.
const LEAST_CODED: usize = 8;

/// Knows the secrets that were last sent, and what secrets look like in general.
#[derive(Clone, Default)]
pub(in crate::api) struct Redactor {
    /// As they are, and in base64; the longest first: a short one inside of a long one would leave
    /// its pieces behind.
    secrets: Arc<[SecretString]>,
}

impl Redactor {
    /// Also removes the given secrets, in every spelling.
    pub(in crate::api) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut all = Vec::new();
        for secret in secrets {
            let bytes = secret.expose_secret().as_bytes();
            for coded in [coded(bytes, &STANDARD_NO_PAD), coded(bytes, &URL_SAFE_NO_PAD)]
                .into_iter()
                .flatten()
            {
                all.push(SecretString::from(coded));
            }
            all.push(secret);
        }
        Self::sorted(all)
    }

    fn sorted(mut all: Vec<SecretString>) -> Self {
        all.retain(|secret| !secret.expose_secret().is_empty());
        all.sort_by(|a, b| {
            let a = a.expose_secret();
            let b = b.expose_secret();
            b.len().cmp(&a.len()).then_with(|| a.cmp(b))
        });
        all.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
        Self { secrets: all.into() }
    }

    /// The same, and these as well.
    pub(in crate::api) fn and(&self, more: impl IntoIterator<Item = SecretString>) -> Self {
        let more = Self::new(more);
        Self::sorted(self.secrets.iter().chain(more.secrets.iter()).cloned().collect())
    }

    /// Text that a service sent, as a message may quote it.
    pub(in crate::api) fn quote(&self, text: &str) -> String {
        cut(&without_lookalikes(&self.without_secrets(text)), MAX_QUOTE)
    }

    /// Whether one of the secrets is in a text.
    pub(in crate::api) fn holds_secret(&self, text: &str) -> bool {
        self.without_secrets(text) != text
    }

    fn without_secrets(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let before = clean.chars().next_back();
            let found =
                self.secrets.iter().find_map(|secret| found(before, rest, secret.expose_secret()));
            if found.is_some() {
                clean.push_str(MARK);
            } else {
                clean.push(c);
            }
            rest = rest.get(found.unwrap_or(c.len_utf8())..).unwrap_or_default();
        }
        clean
    }
}

/// How long the secret is that the text begins with.
fn found(before: Option<char>, text: &str, secret: &str) -> Option<usize> {
    let length = spelling::at_start(text, secret)?;
    let of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let alone =
        || !of_word(before) && !of_word(text.get(length..).and_then(|rest| rest.chars().next()));
    (secret.chars().count() >= SHORT || alone()).then_some(length)
}

/// What all base64 of anything that holds these bytes has in common, for each of the three places
/// where they may begin.
fn coded(bytes: &[u8], engine: &impl base64::Engine) -> Vec<String> {
    let at = |before: usize| {
        let whole: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
        let text = engine.encode(&whole);
        // A letter that bytes outside have a part in is left out.
        let from = [0, 2, 3].get(before).copied()?;
        let until = text.len() - usize::from(!whole.len().is_multiple_of(3));
        text.get(from..until).filter(|text| text.len() >= LEAST_CODED).map(str::to_owned)
    };
    (0..3).filter_map(at).collect()
}

/// A single value that a service sent, as a message may quote it.
pub(in crate::api) fn value(text: &str) -> String {
    cut(text, MAX_VALUE)
}

/// At most `max` characters on one line.
fn cut(text: &str, max: usize) -> String {
    let mut flat = String::new();
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
    {
        if !flat.is_empty() {
            flat.push(' ');
        }
        flat.push_str(word);
    }
    match flat.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", flat[..end].trim_end()),
        None => flat,
    }
}

/// Text without what looks like a token: whatever follows `Bearer` or `Basic`, JWTs, and long runs
/// of mixed letters and digits.
fn without_lookalikes(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-_+/=.~".contains(c);
    let mut clean = String::with_capacity(text.len());
    let mut announced = false;
    for piece in text.split_inclusive(|c: char| !of_token(c)) {
        let run = piece.trim_end_matches(|c: char| !of_token(c));
        if run.is_empty() {
            clean.push_str(piece);
            continue;
        }
        let secret = (announced && run != "redacted") || looks_secret(run);
        clean.push_str(if secret { MARK } else { run });
        clean.push_str(&piece[run.len()..]);
        announced = ["bearer", "basic"].iter().any(|word| run.eq_ignore_ascii_case(word));
    }
    clean
}

fn looks_secret(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.bytes().any(|byte| kind(&byte));
    let mixed =
        has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    // Names of Java classes are long and mixed too, but they have dots.
    (run.starts_with("eyJ") && run.len() >= 16) || (run.len() >= 24 && mixed && !run.contains('.'))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    #[test]
    fn secrets_are_removed_and_the_rest_stays_readable() {
        let redactor = Redactor::new(["p@ss word!".to_owned().into(), "s3cret".to_owned().into()]);
        for (said, quoted) in [
            ("user adele@contoso.com not found", "user adele@contoso.com not found"),
            ("wrong: p@ss word! and s3cret", "wrong: [redacted] and [redacted]"),
            ("password=p%40ss%20word%21&x", "password=[redacted]&x"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("token eyJhbGciOiJIUzI1NiJ9.e30.sig bad", "token [redacted] bad"),
            ("key: Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRg==;", "key: [redacted];"),
            (
                "com.vendor.provisioning.UserNotFound2Exception",
                "com.vendor.provisioning.UserNotFound2Exception",
            ),
            (
                "tenant 87d349ed-44d7-43e1-9a83-5f2406dee5bd",
                "tenant 87d349ed-44d7-43e1-9a83-5f2406dee5bd",
            ),
            ("a\u{1b}[31m\r\n b\0c", "a [31m b c"),
        ] {
            assert_eq!(redactor.quote(said), quoted);
        }
    }

    #[test]
    fn a_secret_is_removed_in_each_spelling_and_in_base64() {
        let secret = "p\"w\\ hunter+2";
        let redactor = Redactor::new([secret.to_owned().into()]);
        let header = base64::engine::general_purpose::STANDARD.encode(format!("client:{secret}"));
        let form = base64::engine::general_purpose::URL_SAFE
            .encode(format!("username=u&password={secret}&grant_type=password"));
        for said in [
            serde_json::json!({ "code": 17, "detail": format!("login u/{secret}") }).to_string(),
            format!("password={}&x", "p%22w%5c+hunter%2b2"),
            format!("<b>{}</b>", "p&quot;w\\ hunter&#43;2"),
            format!("got {header}"),
            format!("got {form}"),
        ] {
            let quoted = redactor.quote(&said);
            assert!(quoted.contains(MARK) && !quoted.contains("hunter"), "{quoted}");
        }
        assert!(!redactor.quote(&format!("got {}", &header[8..])).contains(&header[16..24]));
    }

    #[test]
    fn a_very_short_secret_is_removed_where_it_is_a_word() {
        let redactor = Redactor::new(["a1".to_owned().into()]);
        assert_eq!(
            redactor.quote("banana1 said a1, and `a1`"),
            "banana1 said [redacted], and `[redacted]`"
        );
    }

    #[test]
    fn a_cut_never_leaves_half_a_secret() {
        let redactor = Redactor::new(["hunter2hunter2".to_owned().into()]);
        let quoted = redactor.quote(&format!("{}hunter2hunter2 tail", "x ".repeat(97)));
        assert!(!quoted.contains("hunter"), "{quoted}");
        assert!(redactor.quote(&"é".repeat(500)).chars().count() <= MAX_QUOTE + 3);
    }
}
