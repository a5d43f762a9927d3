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

/// Whether a status says that the answer is, or may be, less than what was asked for: not begun
/// (202), a part (206), several answers in one (207, 208), changes alone (226).
pub(in crate::api) fn is_part(status: StatusCode) -> bool {
    matches!(status.as_u16(), 202 | 206..=208 | 226)
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

/// A name as it is compared: in small letters, and without what people put between words.
pub(in crate::api) fn plain_name(key: &str) -> String {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// A flag, also one that is written as text.
pub(in crate::api) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also one that is written as text.
pub(in crate::api) fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(count_in))
}

/// A whole number that a text is.
pub(in crate::api) fn count_in(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

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

/// Flags that say that it went wrong.
const FAILED: [&str; 5] = ["failed", "faulted", "haserror", "haserrors", "iserror"];
/// Flags that say that it went well.
const DONE: [&str; 7] =
    ["issuccess", "issuccessful", "ok", "result", "succeeded", "success", "successful"];
/// Words and numbers of how it went.
const STATE: [&str; 10] = [
    "errorcode",
    "httpcode",
    "httpstatus",
    "httpstatuscode",
    "outcome",
    "responsecode",
    "result",
    "resultcode",
    "status",
    "statuscode",
];
/// What went wrong.
const WRONG: [&str; 14] = [
    "error",
    "errorcode",
    "errordescription",
    "errordetail",
    "errordetails",
    "errorlist",
    "errormessage",
    "errormessages",
    "errors",
    "exception",
    "exceptions",
    "failures",
    "fault",
    "faultstring",
];

/// Whether a key is one that [`error_inside`] looks at: an answer without any tells of no error.
pub(in crate::api) fn may_tell(key: &str) -> bool {
    let name = plain_name(key);
    let name = name.as_str();
    matches!(name, "userdata" | "code")
        || [&FAILED[..], &DONE, &STATE, &WRONG].iter().any(|names| names.contains(&name))
}

fn is_error(object: &Map<String, Value>) -> bool {
    let tells = |(key, value): (&String, &Value)| {
        let name = plain_name(key);
        let name = name.as_str();
        (FAILED.contains(&name) && says_something(value))
            || (DONE.contains(&name) && flag(value) == Some(false))
            || (STATE.contains(&name) && is_bad(value))
            || (WRONG.contains(&name) && says_something(value))
            || (name == "code" && is_refusal(value) && message_in(object).is_some())
    };
    object.iter().any(tells) || has_user_errors(object)
}

/// Whether a state is that of a failure.
fn is_bad(value: &Value) -> bool {
    let failed = |text: &str| {
        ["error", "failed", "failure", "fail", "denied", "rejected"]
            .iter()
            .any(|word| text.trim().eq_ignore_ascii_case(word))
    };
    value.as_str().is_some_and(failed) || is_refusal(value)
}

/// Whether this is the number of an HTTP status that refuses.
fn is_refusal(value: &Value) -> bool {
    count(value).is_some_and(|status| (400..600).contains(&status))
}

/// Whether a value is more than a way to say "no error".
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => {
            let nothing = [
                "",
                "false",
                "n/a",
                "no error",
                "no errors",
                "none",
                "null",
                "ok",
                "success",
                "successful",
            ];
            let is_nothing = |word: &&str| text.trim().eq_ignore_ascii_case(word);
            count_in(text) != Some(0) && !nothing.iter().any(is_nothing)
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn has_user_errors(object: &Map<String, Value>) -> bool {
    let users = under(object, "userdata").and_then(Value::as_array);
    users.is_some_and(|users| {
        users
            .iter()
            .filter_map(Value::as_object)
            .any(|user| under(user, "errorlist").is_some_and(says_something))
    })
}

/// The most telling text of an error object: the specific before the general.
fn message_in(object: &Map<String, Value>) -> Option<String> {
    let field = |name: &str| under(object, name).and_then(text_of);
    let of_users = || {
        let mut users = under(object, "userdata")?.as_array()?.iter().filter_map(Value::as_object);
        users.find_map(|user| under(user, "errorlist").and_then(text_of))
    };
    field("message")
        .or_else(|| field("errordescription"))
        .or_else(|| field("errormessage"))
        .or_else(|| field("errors"))
        .or_else(|| field("errorlist"))
        .or_else(of_users)
        .or_else(|| field("error"))
        .or_else(|| WRONG.iter().find_map(|name| field(name)))
}

/// The value of a plain name.
fn under<'o>(object: &'o Map<String, Value>, name: &str) -> Option<&'o Value> {
    object.iter().find(|(key, _)| plain_name(key) == name).map(|(_, value)| value)
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
            // In any spelling of names, flags and numbers.
            (json!({"Success": "False", "Message": "busy"}), Some("busy")),
            (json!({"is_success": false, "Error-Message": "busy"}), Some("busy")),
            (json!({"ok": false}), Some("the answer says that it failed and not why")),
            (json!({"statusCode": "403", "message": "no"}), Some("no")),
            (
                json!({"status": 500, "title": "x"}),
                Some("the answer says that it failed and not why"),
            ),
            (json!({"code": 404, "message": "gone"}), Some("gone")),
            (json!({"exception": "java.lang.Trouble"}), Some("java.lang.Trouble")),
            (json!({"errorCode": "E17"}), Some("E17")),
            (json!({"HasErrors": "true"}), Some("the answer says that it failed and not why")),
            (json!({"code": 404, "name": "Berlin"}), None),
            (json!({"code": 200, "status": 200, "message": "done", "errorCode": 0}), None),
            (json!({"errorCode": "0", "errorMessage": "Success", "error": "none"}), None),
            (json!({"errorCode": "0000", "errorMessage": "No error"}), None),
            (json!({"success": "true", "result": "enabled", "status": "ACTIVE"}), None),
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
