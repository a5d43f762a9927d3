//! What a manifest can say: the checks of single values, for the code that reads manifests and
//! for the code that writes them.

use std::fmt::Write as _;

use super::names::name_problem;
use crate::{
    foreign::acts,
    model::{ExtensionPrefix, Field, PhoneNumber, Upn, Value},
    yaml::HINT,
};

/// The longest number with its `+` that is too short for one of the world's: a prefix of two digits
/// and an extension of five.
const MAX_SHORT: usize = 8;

/// A number as a manifest writes it.
#[must_use]
pub fn written(number: &PhoneNumber) -> &str {
    if number.is_extension() { number.as_str() } else { number.normal() }
}

/// A value as a manifest writes it.
#[must_use]
pub fn as_yaml(value: &Value) -> String {
    match value {
        Value::Phone(number) => quoted(written(number)),
        Value::NoPhone => "none".to_owned(),
        Value::Gateway(id) => id.get().to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) => quoted(text),
    }
}

/// Text in double quotes, the same for every reader of YAML.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut before = ' ';
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            // Runners of workflows take `##[` for a command.
            '#' if before == '#' => write!(out, "\\u0023"),
            c if c == ' ' || is_plain(c) => write!(out, "{c}"),
            c if u32::from(c) <= 0xffff => write!(out, "\\u{:04X}", u32::from(c)),
            c => write!(out, "\\U{:08X}", u32::from(c)),
        };
        before = c;
    }
    out.push('"');
    out
}

/// Whether a character is seen, and is the same for every reader of YAML.
fn is_plain(c: char) -> bool {
    !(c.is_whitespace() || acts(c) || matches!(c, '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..))
}

/// Whether a manifest of a tenant with this prefix can say that `field` has `value`; if not, why.
pub fn can_say(
    field: Field,
    value: &Value,
    prefix: Option<&ExtensionPrefix>,
) -> Result<(), String> {
    match value {
        Value::Phone(number) => match PhoneNumber::parse(written(number), prefix) {
            Ok(read) if read == *number => Ok(()),
            Ok(read) => Err(format!("`{number}` would read as {read}")),
            Err(_) if prefix.is_none() && number.normal().len() <= MAX_SHORT => {
                Err("if this is an extension, the tenant has to say `numbers.extensionPrefix`"
                    .to_owned())
            }
            Err(why) => Err(why),
        },
        Value::Text(text) => {
            text_problem(field, text).map_or(Ok(()), |problem| Err(without_hint(&problem)))
        }
        Value::NoPhone | Value::Gateway(_) | Value::Flag(_) => Ok(()),
    }
}

/// Whether a manifest can name this user; if not, why.
pub fn can_name(user: &Upn) -> Result<(), String> {
    name_problem(user.as_str()).map_or(Ok(()), |problem| Err(problem.message))
}

/// What is wrong with a text as the value of a field, with advice.
pub(super) fn text_problem(field: Field, text: &str) -> Option<String> {
    let name = field.name().rsplit('.').next().unwrap_or("");
    if text.is_empty() {
        return Some(format!(
            "`{name}` is empty{HINT}leave the key out if it is not to be managed"
        ));
    }
    text.chars()
        .any(char::is_control)
        .then(|| format!("`{name}` holds a line break or another control character"))
}

fn without_hint(problem: &str) -> String {
    problem.split(HINT).next().unwrap_or_default().to_owned()
}
