//! Whether the settings have the secrets that manifests name (`secretsFrom`): found out before
//! somebody is to be set up, and told where they are named.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    config::Settings,
    manifest::ManifestFile,
    model::{Desired, DesiredUser},
    words::{list, many},
    yaml::{self, Diagnostic, TextPlace},
};

/// The key that names them.
const KEY: &str = "secretsFrom";

/// Names that the settings do not have, each told once, at the first user who is to be set up with
/// it. The texts are asked for only to show a place.
pub(super) fn unknown(
    desired: &Desired,
    settings: &Settings,
    texts: impl FnOnce() -> Vec<ManifestFile>,
) -> Vec<Diagnostic> {
    let mut unknown: BTreeMap<(String, Arc<str>), (DesiredUser, usize)> = BTreeMap::new();
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tenant in desired.tenants.values() {
        let Some((section, account)) = settings.account_of(tenant.account.as_ref()) else {
            continue;
        };
        let names = || account.user_secrets.keys().cloned().collect();
        let of_account = known.entry(section.clone()).or_insert_with(names);
        // Looked at in a copy: the tenant itself is at rest.
        for user in tenant.users.clone().values() {
            let named = user.onboard.as_ref().and_then(|onboard| onboard.secrets.as_ref());
            let Some(name) =
                named.filter(|name| !of_account.iter().any(|known| **known == ***name))
            else {
                continue;
            };
            let key = (section.clone(), Arc::clone(name));
            unknown.entry(key).or_insert_with(|| (user.clone(), 0)).1 += 1;
        }
    }
    let texts = if unknown.is_empty() { Vec::new() } else { texts() };
    let mut told = Vec::with_capacity(unknown.len());
    for ((section, name), (user, users)) in unknown {
        let there = known.get(&section).filter(|names| !names.is_empty()).map(list);
        let there = there.unwrap_or_else(|| "none".to_owned());
        let whom = many(users, "user");
        let message = format!(
            "the settings have no secrets called `{name}`, with which {whom} would be set up"
        );
        let hint = format!(
            "add `{section}.userSecrets.{name}` to the settings, or correct `{KEY}`; there are: \
                {there}"
        );
        let (place, text) = place(&user, &texts).unzip();
        told.push(Diagnostic {
            place,
            text: text.unwrap_or_else(|| "".into()),
            ..Diagnostic::of_file(&user.origin.file, message, Some(hint))
        });
    }
    told
}

/// Where a user's secrets are named, or the user where a default says it.
fn place(user: &DesiredUser, texts: &[ManifestFile]) -> Option<(TextPlace, Arc<str>)> {
    let file = texts.iter().find(|file| file.path == user.origin.file)?;
    let text = file.at_hand()?;
    let first = usize::try_from(user.origin.line?).ok()?;
    let lines = text.lines().enumerate().skip(first.saturating_sub(1));
    let own = lines.enumerate().take_while(|(nth, (_, line))| {
        *nth == 0 || !line.trim_start().starts_with("- ") && !line.starts_with("---")
    });
    let mut named = own.filter_map(|(_, (number, line))| Some((number + 1, line.find(KEY)?)));
    let (line, before) = named.next().unwrap_or((first, 0));
    let column = text.lines().nth(line - 1)?.get(..before)?.chars().count() + 1;
    Some((yaml::place_of(text, line, column), Arc::clone(text)))
}
