//! Manifests as text. Written by hand and not by a serialiser, because people go on with these
//! files: keys in their order, comments where something is unknown.
//!
//! **Invariant:** every text of the service is in double quotes, with everything escaped that
//! YAML or an eye could take for something else.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{ManifestUser, NewUserSet, SortedTenant};
use crate::{
    foreign::line,
    manifest::{as_yaml, quoted},
    model::{Coverage, Field, LiveSource, LiveTenant, TenantName, Upn, Value},
    words::{list, many, time},
};

/// Names that a comment lists, at most.
const MAX_NAMED: usize = 50;

/// The document of a tenant.
pub(super) fn tenant(sorted: &SortedTenant<'_>, defaults: &BTreeMap<Field, Value>) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_tenant(&mut out, sorted, defaults);
    out
}

/// The document of a set of users.
pub(super) fn set(set: &NewUserSet, tenant: &TenantName) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_set(&mut out, set, tenant);
    out
}

fn write_tenant(
    out: &mut String,
    sorted: &SortedTenant<'_>,
    defaults: &BTreeMap<Field, Value>,
) -> fmt::Result {
    let shot = sorted.shot;
    writeln!(
        out,
        "# Imported from live state of {}, read by {}.",
        time(shot.at),
        line(&shot.reader)
    )?;
    if let Ok(LiveTenant { coverage: Coverage::Suspect(what), .. }) = shot.live.as_deref() {
        writeln!(out, "# The user list may be incomplete: {}", line(format_args!("{what:?}")))?;
    }
    if !sorted.unseen.is_empty() {
        let names = list(sorted.unseen.iter().map(|field| field.name()));
        writeln!(out, "# Not seen by this reader, so not managed: {names}")?;
    }
    if sorted.unseen.contains(&Field::SbcGatewayId) {
        writeln!(out, "# Every update names the user's gateway: say `sbcGatewayId` in `defaults`")?;
    }
    writeln!(
        out,
        "apiVersion: dialplane/v1\nkind: Tenant\nmetadata:\n  name: {}\nspec:",
        quoted_name(&shot.tenant.name)
    )?;
    writeln!(out, "  tenantId: \"{}\"", shot.tenant.id)?;
    writeln!(
        out,
        "  mode: report # nothing is written; `enforce` once a plan shows only what you want"
    )?;
    writeln!(out, "  prune: never # users that no manifest names are left alone")?;
    if let Some(account) = &shot.tenant.account {
        writeln!(out, "  account: {}", quoted(account.as_str()))?;
    }
    if shot.tenant.live != LiveSource::default() {
        writeln!(out, "  live: {}", shot.tenant.live.name())?;
    }
    if shot.tenant.confirm {
        writeln!(out, "  confirm: graph")?;
    }
    if let Some(prefix) = &shot.tenant.extension_prefix {
        writeln!(out, "  numbers:\n    extensionPrefix: {}", quoted(prefix.as_str()))?;
    }
    write_defaults(out, defaults)?;
    write_left_out(out, sorted)
}

fn write_left_out(out: &mut String, sorted: &SortedTenant<'_>) -> fmt::Result {
    if sorted.passed_over > 0 {
        writeln!(
            out,
            "# Not named: {} with calling off and no number",
            many(sorted.passed_over, "user")
        )?;
    }
    if sorted.platform > 0 {
        writeln!(
            out,
            "# Not named: {} that the platform made for itself",
            many(sorted.platform, "user")
        )?;
    }
    if !sorted.left_out.is_empty() {
        writeln!(out, "# Not named, because a manifest cannot say it:")?;
    }
    for (upn, why) in sorted.left_out.iter().take(MAX_NAMED) {
        writeln!(out, "#   {}: {}", name(upn), line(why))?;
    }
    match sorted.left_out.len().saturating_sub(MAX_NAMED) {
        0 => Ok(()),
        more => writeln!(out, "#   and {more} more"),
    }
}

fn write_set(out: &mut String, set: &NewUserSet, tenant: &TenantName) -> fmt::Result {
    let name = quoted(&set.name);
    let tenant = quoted_name(tenant);
    if let Some(why) = set.apart {
        writeln!(out, "# {}", line(why))?;
    }
    writeln!(
        out,
        "apiVersion: dialplane/v1\nkind: UserSet\nmetadata:\n  name: {name}\n  tenant: \
            {tenant}\nspec:"
    )?;
    write_defaults(out, &set.defaults)?;
    writeln!(out, "  users:")?;
    set.entries.iter().try_for_each(|entry| write_user(out, entry))
}

fn write_defaults(out: &mut String, defaults: &BTreeMap<Field, Value>) -> fmt::Result {
    if defaults.is_empty() {
        return Ok(());
    }
    writeln!(out, "  defaults:")?;
    write_fields(out, defaults, "    ")
}

fn write_user(out: &mut String, entry: &ManifestUser) -> fmt::Result {
    writeln!(
        out,
        "    - userPrincipalName: {}\n      calling: {}",
        name(&entry.upn),
        entry.calling
    )?;
    write_fields(out, &entry.fields, "      ")?;
    entry
        .remarks
        .iter()
        .try_for_each(|remark| writeln!(out, "      # not managed: {}", line(remark)))
}

/// The fields stand in the order of people; those of one group follow each other in it.
fn write_fields(out: &mut String, fields: &BTreeMap<Field, Value>, indent: &str) -> fmt::Result {
    let mut group = None;
    for (field, value) in fields {
        let value = as_yaml(value);
        match field.name().split_once('.') {
            None => writeln!(out, "{indent}{field}: {value}")?,
            Some((above, key)) => {
                if group != Some(above) {
                    writeln!(out, "{indent}{above}:")?;
                    group = Some(above);
                }
                writeln!(out, "{indent}  {key}: {value}")?;
            }
        }
    }
    Ok(())
}

/// A name of a user: bare where nobody can misread it.
fn name(upn: &Upn) -> String {
    let text = upn.as_str();
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'));
    if bare { text.to_owned() } else { quoted(text) }
}

/// A name of a tenant may look like a number.
fn quoted_name(name: &TenantName) -> String {
    if name.as_str().chars().any(|c| c.is_ascii_lowercase()) && !is_word(name.as_str()) {
        name.to_string()
    } else {
        quoted(name.as_str())
    }
}

/// Words and shapes that YAML takes for something else than text.
fn is_word(text: &str) -> bool {
    let word = matches!(text, "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n");
    word || text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_as_it_was() {
        for text in [
            "null",
            "~",
            "no",
            "0755",
            "+1425",
            "1e3",
            "a: b",
            "# x",
            "##[x]",
            " padded ",
            "it's \"so\"",
            "back\\slash",
            "emoji \u{1f600}",
            "no\u{a0}break",
            "sep\u{2028}arator",
            "\u{feff}mark",
            "nel\u{85}",
            "\u{e000}\u{fffe}",
            "{a: b}",
            "- x",
            "Zürich – 東京",
        ] {
            let read: serde_yaml::Value =
                serde_yaml::from_str(&format!("key: {}\n", quoted(text))).unwrap();
            assert_eq!(read["key"].as_str(), Some(text), "{}", quoted(text));
        }
    }

    #[test]
    fn names_that_look_like_something_else_are_quoted() {
        for (text, expected) in
            [("contoso", "contoso"), ("no", "\"no\""), ("123", "\"123\""), ("1e3", "\"1e3\"")]
        {
            assert_eq!(quoted_name(&TenantName::parse(text).unwrap()), expected);
        }
    }
}
