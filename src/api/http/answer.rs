//! What a body says: JSON or not, and an error inside it. No error format is documented (contract
//! 1), so all shapes that were seen or are usual are looked for.

use reqwest::StatusCode;
use serde_json::{Map, Value};

/// An answer, whatever its status; never a redirect and never 429.
#[derive(Debug)]
pub(in crate::api) struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The whole body of a success; of anything else, as much as could be had.
    pub body: Vec<u8>,
}

/// Reads a body as JSON. The error says what came instead, and never repeats it.
pub(in crate::api) fn json(body: &[u8]) -> Result<Value, String> {
    let body = without_mark(body);
    match first(body) {
        None => Err("an empty answer".to_owned()),
        Some(b'<') => Err("a web page instead of JSON".to_owned()),
        Some(_) => super::json::read(body).map_err(|error| {
            if error.is_eof() {
                format!("an answer that breaks off after {} bytes", body.len())
            } else {
                format!("an answer that is not JSON ({error})")
            }
        }),
    }
}

/// The body without the byte order mark that some put before it: RFC 8259, 8.1 lets a reader skip
/// it.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn first(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Whether there is nothing in it.
pub(in crate::api) fn is_blank(body: &[u8]) -> bool {
    first(without_mark(body)).is_none()
}

/// Whether this is a page for people: a proxy or a login sends one, and the service does not.
pub(in crate::api) fn is_page(body: &[u8]) -> bool {
    first(without_mark(body)) == Some(b'<')
}

/// Whether this begins as JSON and does not end as it. Nothing else tells that half of it is
/// missing where the length was not announced.
pub(in crate::api) fn breaks_off(body: &[u8]) -> bool {
    let last = body.iter().copied().rfind(|byte| !byte.is_ascii_whitespace());
    match first(without_mark(body)) {
        Some(b'{') => last != Some(b'}'),
        Some(b'[') => last != Some(b']'),
        _ => false,
    }
}

/// Whether a bare text speaks of something that went wrong.
pub(in crate::api) fn complains(text: &str) -> bool {
    let text = text.to_lowercase();
    ["error", "fail", "exception", "denied", "invalid", "unable", "not "]
        .iter()
        .any(|word| text.contains(word))
}

/// The keys that [`error_inside`] looks at: an answer without them tells of no error.
pub(in crate::api) const TELLING: [&str; 8] =
    ["hasErrors", "success", "status", "error", "errors", "errorList", "errorMessage", "userData"];

/// The error that an answer with a good status carries inside, if it does (contract 1: HTTP 200 is
/// no proof of success). Elements of a list are not looked into: in a list of users, an error is a
/// property of one of them.
pub(in crate::api) fn error_inside(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| is_error(object))?;
    Some(
        message_in(object)
            .unwrap_or_else(|| "the answer says that it failed and not why".to_owned()),
    )
}

/// What the body of a refusal says, as text for people; `None` if it is empty or a web page.
pub(in crate::api) fn message(body: &[u8]) -> Option<String> {
    match json(body) {
        Ok(Value::Object(object)) => {
            message_in(&object).or_else(|| Some(Value::Object(object).to_string()))
        }
        Ok(Value::Array(items)) => {
            items.iter().find_map(|item| item.as_object().and_then(message_in))
        }
        Ok(Value::String(text)) => said(&text),
        Ok(_) => None,
        Err(_) if is_page(body) => None,
        Err(_) => said(&String::from_utf8_lossy(without_mark(body))),
    }
}

fn is_error(object: &Map<String, Value>) -> bool {
    let failed = |text: &str| {
        ["error", "failed", "failure", "fail"].iter().any(|word| text.eq_ignore_ascii_case(word))
    };
    let told = |name: &str, wanted: bool| object.get(name).and_then(Value::as_bool) == Some(wanted);
    told("hasErrors", true)
        || told("success", false)
        || object.get("status").and_then(Value::as_str).is_some_and(failed)
        || ["error", "errors", "errorList", "errorMessage"]
            .iter()
            .any(|name| object.get(*name).is_some_and(says_something))
        || has_user_errors(object)
}

/// Whether a value is more than an empty way to say "no error".
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn has_user_errors(object: &Map<String, Value>) -> bool {
    let users = object.get("userData").and_then(Value::as_array);
    users.is_some_and(|users| {
        users.iter().any(|user| user.get("errorList").is_some_and(says_something))
    })
}

/// The most telling text of an error object: the specific before the general.
fn message_in(object: &Map<String, Value>) -> Option<String> {
    let field = |name: &str| object.get(name).and_then(text_of);
    field("message")
        .or_else(|| field("error_description"))
        .or_else(|| field("errorMessage"))
        .or_else(|| field("errors"))
        .or_else(|| field("errorList"))
        .or_else(|| {
            object
                .get("userData")?
                .as_array()?
                .iter()
                .find_map(|user| user.get("errorList").and_then(text_of))
        })
        .or_else(|| field("error"))
}

/// The text of a string, of the first telling element of a list, or of an error object.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => said(text),
        Value::Array(items) => items.iter().find_map(text_of),
        Value::Object(fields) => {
            ["errorMessage", "message", "defaultMessage", "description", "error"]
                .iter()
                .find_map(|name| fields.get(*name).and_then(text_of))
        }
        _ => None,
    }
}

fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_inside_good_answers_are_found() {
        for (value, expected) in [
            (json!({}), None),
            (json!({"message": "ok"}), None),
            (
                json!({"status": "OK", "errors": [], "error": null, "hasErrors": false, "success": true}),
                None,
            ),
            (json!({"error": "", "errorList": [], "errorMessage": " "}), None),
            (json!({"error": false}), None),
            (json!([{"id": 1}, 2]), None),
            (json!({"userData": [{"errorList": []}]}), None),
            (json!({"hasErrors": true}), Some("the answer says that it failed and not why")),
            (json!({"success": false, "message": "user unknown"}), Some("user unknown")),
            (json!({"status": "error", "error_description": "no"}), Some("no")),
            (json!({"status": "FAILED"}), Some("the answer says that it failed and not why")),
            (json!({"error": "Bad Request", "message": "number taken"}), Some("number taken")),
            (json!({"error": {"code": 7, "message": "number taken"}}), Some("number taken")),
            (json!({"errors": [{"errorMessage": "a"}, {"errorMessage": "b"}]}), Some("a")),
            (json!({"errors": ["a"]}), Some("a")),
            (
                json!({"userData": [{"errorList": [{"errorMessage": ["bad \
                    number"], "fieldName": "x"}]}]}),
                Some("bad number"),
            ),
            (json!([{"id": 1}, {"error": "no", "status": "FAILED"}]), None),
        ] {
            assert_eq!(error_inside(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_are_found() {
        for (body, expected) in [
            ("", None),
            ("  \n", None),
            ("<html>gone</html>", None),
            ("42", None),
            ("plain words", Some("plain words")),
            ("\"quoted words\"", Some("quoted words")),
            (
                r#"{"error":"invalid_grant","error_description":"Bad credentials"}"#,
                Some("Bad credentials"),
            ),
            (r#"{"timestamp":1,"error":"Bad Request","message":""}"#, Some("Bad Request")),
            (r#"{"code":17}"#, Some(r#"{"code":17}"#)),
        ] {
            assert_eq!(message(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert!(message(b"\xff\xfe words").is_some());
    }
}
