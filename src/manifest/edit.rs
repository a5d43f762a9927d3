//! Other values for one user, in the text of a manifest: the least edit, as a person would make it.
//! Pure.
//!
//! It goes by lines and knows the two ways in which people write users: a key a line, or all of
//! them between braces. Its callers read the result again, and take it only if it says what was
//! wanted and nothing else.

use std::sync::Arc;

use super::as_yaml;
use crate::model::{Calling, Dates, DesiredUser, Field, Value};

/// A key of a user and its new value.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    what: EditKind,
    key: &'static str,
    /// The key below it, if there are two.
    below: Option<&'static str>,
    /// As YAML.
    value: String,
}

/// What a user is to be.
#[derive(Debug, Clone, PartialEq)]
enum EditKind {
    Calling(Calling),
    Field(Field, Value),
    NoEnd,
}

impl Edit {
    /// Whether the user has calling.
    #[must_use]
    pub fn calling(calling: Calling) -> Self {
        let value = match calling {
            Calling::Enabled => "enabled",
            Calling::Disabled => "disabled",
        };
        let what = EditKind::Calling(calling);
        Self { what, key: "calling", below: None, value: value.to_owned() }
    }

    /// One of the other fields.
    #[must_use]
    pub fn field(field: Field, value: &Value) -> Self {
        let what = EditKind::Field(field, value.clone());
        let key = field.name();
        let value = as_yaml(value);
        match key.split_once('.') {
            None => Self { what, key, below: None, value },
            Some((key, below)) => Self { what, key, below: Some(below), value },
        }
    }

    /// Calling does not end any more. What is there instead is for a person to say.
    #[must_use]
    pub fn no_end() -> Self {
        let value = "none, or a later time".to_owned();
        Self { what: EditKind::NoEnd, key: "until", below: None, value }
    }

    /// Makes it in what is wanted.
    pub fn make(&self, user: &mut DesiredUser) {
        match &self.what {
            EditKind::Calling(calling) => user.calling = *calling,
            EditKind::Field(field, value) => user.details.set(*field, value.clone()),
            EditKind::NoEnd => {
                let dates = Dates { until: None, ..user.dates() };
                user.dates = dates.from.map(|_| Arc::new(dates));
            }
        }
    }

    /// Whether a user is wanted so.
    #[must_use]
    pub fn is_said_by(&self, user: &DesiredUser) -> bool {
        match &self.what {
            EditKind::Calling(calling) => user.calling == *calling,
            EditKind::Field(field, value) => user.details.get(*field) == Some(value),
            EditKind::NoEnd => user.dates().until.is_none(),
        }
    }

    /// `calling: disabled`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.below {
            None => format!("{}: {}", self.key, self.value),
            Some(below) => format!("{}: {{ {below}: {} }}", self.key, self.value),
        }
    }
}

/// The text with the edit made to the user who is written at `line`, counted from 1. Nothing if the
/// user is written in a way that is not understood here.
#[must_use]
pub fn edited(text: &str, line: u32, edit: &Edit) -> Option<String> {
    if edit.what == EditKind::NoEnd {
        return None;
    }
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    let first = (0..=at).rev().find(|line| is_item(&lines, *line))?;
    let body = lines.get(first)?.trim_start().strip_prefix('-')?.trim_start();
    if body.starts_with('{') {
        let changed = in_braces(lines.get(first)?, edit)?;
        *lines.get_mut(first)? = changed;
        return Some(lines.concat());
    }
    let column = lines.get(first)?.len() - body.len();
    let end = (first + 1..lines.len()).find(|line| !belongs(&lines, *line, column));
    let own = first..end.unwrap_or(lines.len());
    let is_key = |line: &usize| {
        let text = lines.get(*line).and_then(|text| text.get(column..)).unwrap_or_default();
        key_of(text) == Some(edit.key) && indent(&lines, *line, first) == column
    };
    if let Some(found) = own.clone().find(is_key) {
        let (before, rest) = lines.get(found)?.split_at(column);
        let changed = format!("{before}{}", changed_line(rest, edit)?);
        *lines.get_mut(found)? = changed;
        return Some(lines.concat());
    }
    // Behind the name of the user.
    let is_name =
        |line: &usize| lines.get(*line).is_some_and(|text| text.contains("userPrincipalName:"));
    let place = own.clone().find(is_name)? + 1;
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if place == lines.len() && !text.ends_with('\n') {
        lines.last_mut()?.push_str(ending);
    }
    lines.insert(place, format!("{}{}{ending}", " ".repeat(column), edit.words()));
    Some(lines.concat())
}

/// Whether a line begins an item of a list.
fn is_item(lines: &[String], line: usize) -> bool {
    lines.get(line).is_some_and(|line| line.trim_start().starts_with("- "))
}

/// Whether a line belongs to the item whose keys are in that column.
fn belongs(lines: &[String], line: usize, column: usize) -> bool {
    let Some(text) = lines.get(line) else { return false };
    let body = text.trim_start_matches(' ');
    body.trim().is_empty() || text.len() - body.len() >= column
}

/// The column in which the first key of a line is; that of the first line of an item is behind its
/// dash.
fn indent(lines: &[String], line: usize, first: usize) -> usize {
    let Some(text) = lines.get(line) else { return 0 };
    let body = text.trim_start_matches(' ');
    let body =
        if line == first { body.trim_start_matches('-').trim_start_matches(' ') } else { body };
    text.len() - body.len()
}

fn key_of(text: &str) -> Option<&str> {
    let (key, rest) = text.split_once(':')?;
    rest.is_empty().then_some(()).or_else(|| rest.starts_with([' ', '\n', '\r']).then_some(()))?;
    Some(key.trim())
}

/// `key: value # comment` with another value.
fn changed_line(text: &str, edit: &Edit) -> Option<String> {
    let (key, rest) = text.split_once(':')?;
    let body = rest.trim_end_matches(['\n', '\r']);
    let ending = rest.get(body.len()..)?;
    let (value, comment) = body.find(" #").map_or((body, ""), |at| body.split_at(at));
    if let Some(below) = edit.below {
        // Below it only what is between braces is understood.
        let inside = value.trim();
        let changed = in_braces(inside, &Edit { key: below, below: None, ..edit.clone() })?;
        return Some(format!("{key}: {changed}{comment}{ending}"));
    }
    (!value.trim().is_empty()).then(|| format!("{key}: {}{comment}{ending}", edit.value))
}

/// `{ a: 1, b: 2 }` with another value, or one more.
fn in_braces(text: &str, edit: &Edit) -> Option<String> {
    let open = text.find('{')?;
    let close = text.rfind('}')?;
    let (before, inside, behind) =
        (text.get(..=open)?, text.get(open + 1..close)?, text.get(close..)?);
    if inside.contains(['{', '[', '#']) {
        return None;
    }
    // A comma between quotes ends nothing.
    let is_cut = |part: &str| part.matches(['"', '\'']).count() % 2 == 1;
    if inside.split(',').any(is_cut) {
        return None;
    }
    let is_it = |part: &str| key_of(part) == Some(edit.key);
    let inside = if inside.split(',').any(is_it) {
        let part = |part| if is_it(part) { with_value(part, edit) } else { part.to_owned() };
        inside.split(',').map(part).collect::<Vec<String>>().join(",")
    } else {
        format!("{}, {} ", inside.trim_end(), edit.words())
    };
    Some(format!("{before}{inside}{behind}"))
}

/// A part between two commas with another value, and with the blanks around it as they are.
fn with_value(part: &str, edit: &Edit) -> String {
    let written = part.trim();
    let lead = part.len() - part.trim_start().len();
    let (ahead, rest) = part.split_at(lead);
    let behind = &rest[written.len()..];
    format!("{ahead}{}: {}{behind}", edit.key, edit.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PhoneNumber;

    const TEXT: &str = "spec:
  users:
    - userPrincipalName: adele@contoso.com # since May
      calling: enabled # on purpose
      callPolicy: { name: Global }
    - { userPrincipalName: bert@contoso.com, calling: enabled }
    -   calling: disabled
        userPrincipalName: carl@contoso.com
";

    fn changed(line: u32, edit: &Edit) -> String {
        let after = edited(TEXT, line, edit).unwrap();
        let (before, after): (Vec<&str>, Vec<&str>) =
            (TEXT.lines().collect(), after.lines().collect());
        let new = after.iter().filter(|line| !before.contains(line));
        new.copied().collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_value_is_changed_where_it_is_written_and_a_comment_stays() {
        let off = Edit::calling(Calling::Disabled);
        assert_eq!(changed(3, &off), "      calling: disabled # on purpose");
        assert_eq!(
            changed(6, &off),
            "    - { userPrincipalName: bert@contoso.com, calling: disabled }"
        );
        assert_eq!(changed(8, &Edit::calling(Calling::Enabled)), "    -   calling: enabled");
        let policy = Edit::field(Field::CallPolicyName, &Value::Text("Local".into()));
        assert_eq!(changed(3, &policy), "      callPolicy: { name: \"Local\" }");
    }

    #[test]
    fn a_text_with_a_comma_is_left_to_a_person() {
        let text = r#"    - { userPrincipalName: a@contoso.com, calling: enabled, userTag: "x,calling: enabled,y" }"#;
        assert_eq!(edited(text, 1, &Edit::calling(Calling::Disabled)), None);
    }

    #[test]
    fn a_value_that_is_not_written_is_added_behind_the_name() {
        let number = PhoneNumber::parse("+14255550100", None).unwrap();
        let number = Edit::field(Field::PhoneNumber, &Value::Phone(number));
        assert_eq!(changed(3, &number), "      phoneNumber: \"+14255550100\"");
        assert_eq!(
            changed(6, &number),
            "    - { userPrincipalName: bert@contoso.com, calling: enabled, phoneNumber: \"+14255550100\" }"
        );
        assert_eq!(changed(7, &number), "        phoneNumber: \"+14255550100\"");
    }
}
