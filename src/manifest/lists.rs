//! Lists in a `Tenant` whose elements are read one by one, so each mistake has its place.

use serde_yaml::Value;

use super::{
    draft::MAX_PROBLEMS,
    names::{parse_name, parse_site},
};
use crate::{
    model::{ExtensionPrefix, PhoneNumber, Protect},
    yaml::{self, HINT, Mismatch, Path},
};

/// Who is protected: a user, a number, or `{ site: NAME }`.
pub(super) fn protect(
    values: &[Value],
    at: &Path,
    prefix: Option<&ExtensionPrefix>,
    wrongs: &mut Vec<Mismatch>,
) -> Protect {
    let mut protect = Protect::default();
    for (number, value) in values.iter().enumerate() {
        // The tenant is not used with a single one of them.
        if wrongs.len() > MAX_PROBLEMS {
            break;
        }
        let at = at.index(number);
        let done = match value {
            Value::String(text) if is_number(text) => {
                parse(text, prefix).map(|number| protect.numbers.insert(number))
            }
            Value::String(text) => parse_name(text).map(|user| protect.users.insert(user)),
            Value::Number(digits) => {
                wrongs.push(unquoted(at, digits));
                continue;
            }
            other => match site(other) {
                Some(text) => parse_site(text).map(|site| protect.sites.insert(site)),
                None => Err("a user principal name, a phone number in quotes or `{ site: NAME }` \
                    is expected, such as reception@contoso.com"
                    .to_owned()),
            },
        };
        wrongs.extend(done.err().map(|error| Mismatch::told(at, &error)));
    }
    protect
}

/// Parking numbers, each with its place in the list.
pub(super) fn parking(
    values: &[Value],
    at: &Path,
    prefix: Option<&ExtensionPrefix>,
    wrongs: &mut Vec<Mismatch>,
) -> Vec<(usize, PhoneNumber)> {
    let mut parking = Vec::new();
    for (number, value) in values.iter().enumerate() {
        // The tenant is not used with a single one of them.
        if wrongs.len() > MAX_PROBLEMS {
            break;
        }
        let done = match value {
            Value::String(text) => parse(text, prefix),
            Value::Number(digits) => {
                wrongs.push(unquoted(at.index(number), digits));
                continue;
            }
            _ => Err("a phone number in quotes is expected, such as \"+14255550100\"".to_owned()),
        };
        match done {
            Ok(place) => parking.push((number, place)),
            Err(error) => wrongs.push(Mismatch::told(at.index(number), &error)),
        }
    }
    parking
}

/// A number, or why it is none and what to do.
fn parse(text: &str, prefix: Option<&ExtensionPrefix>) -> Result<PhoneNumber, String> {
    PhoneNumber::parse(text, prefix).map_err(|error| {
        if PhoneNumber::is_short(text) {
            format!("{error}{HINT}set `numbers.extensionPrefix`, such as \"+1\"")
        } else {
            format!("{error}{HINT}{}", PhoneNumber::advice(text))
        }
    })
}

fn is_number(text: &str) -> bool {
    !text.contains('@') && text.starts_with(|c: char| c == '+' || c.is_ascii_digit())
}

fn unquoted(at: Path, digits: &serde_yaml::Number) -> Mismatch {
    let message = format!(
        "without quotes, YAML reads this as the number {digits}, and not as a phone number"
    );
    // The source is repeated only where it may be one.
    let example = if digits.is_f64() {
        "+14255550100".to_owned()
    } else {
        yaml::as_written(&format!("+{digits}"))
    };
    Mismatch::value(at, message)
        .hint(format!("put a phone number in quotes, such as \"{example}\""))
}

/// The name in `{ site: NAME }`.
fn site(value: &Value) -> Option<&str> {
    let mapping = value.as_mapping().filter(|mapping| mapping.len() == 1)?;
    mapping.get("site")?.as_str()
}
