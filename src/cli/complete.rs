//! What a shell is offered for a word that is not finished: commands and options by themselves,
//! tenants and users from the manifests, receivers of notices from the configuration.
//!
//! **Invariant:** offline and silent. It reads files and asks nobody; whatever is wrong with them,
//! it offers less and says nothing: the terminal belongs to the line that somebody is typing.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::Command;
use clap_complete::{
    CompleteEnv, Shell,
    engine::{ArgValueCompleter, CompletionCandidate},
    env::Shells,
};

use super::{configuration, out};
use crate::{
    config::Settings,
    foreign,
    guide::PAGES,
    manifest::Role,
    model::{TenantName, Upn},
    source::{KnownSources, Sources},
};

/// The variable by which the script of a shell asks.
const VARIABLE: &str = "_DIALPLANE_COMPLETE";
/// What the program is called.
const NAME: &str = "dialplane";
/// More than this is nothing that anybody chooses from.
const MOST: usize = 500;

/// For the help of `completions`.
pub(super) const EXAMPLES: &str = "\
Examples:
  source <(dialplane completions bash)       in ~/.bashrc; zsh: the same in ~/.zshrc
  dialplane completions fish | source        in ~/.config/fish/config.fish
";

/// Answers a shell about the commands of `program`, if one asks.
pub(super) fn answer(program: impl Fn() -> Command) -> bool {
    let here = env::current_dir().ok();
    let asked = env::var_os(VARIABLE).is_some_and(|shell| !shell.is_empty());
    // What cannot be completed is not completed.
    asked
        && CompleteEnv::with_factory(program)
            .var(VARIABLE)
            .bin(NAME)
            .completer(NAME)
            .try_complete(env::args_os(), here.as_deref())
            .unwrap_or(true)
}

/// Prints what a shell is to run at its start.
pub(super) fn print(shell: Shell) {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&shell.to_string()) {
        // Writing to memory does not fail.
        let _ = shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script);
    }
    out::raw(&String::from_utf8_lossy(&script));
}

/// Completes names of tenants.
pub(super) fn tenants() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        offer(begun, Names::read().tenants.into_iter().map(|tenant| (tenant, None)))
    })
}

/// Completes names of users.
pub(super) fn users() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        let users = Names::read().users.into_iter();
        offer(begun, users.map(|(user, tenant)| (user, Some(tenant))))
    })
}

/// Completes receivers of notices.
pub(super) fn receivers() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        let receivers = settings(env::args_os()).notices.receivers;
        offer(begun, receivers.into_keys().map(|name| (name, None)))
    })
}

/// Completes pages of the guide.
pub(super) fn pages() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        offer(begun, PAGES.iter().map(|page| (page.name.to_owned(), Some(page.title().to_owned()))))
    })
}

/// Those that begin so, with what is said beside each; nothing if they are too many.
fn offer(
    begun: &OsStr,
    all: impl Iterator<Item = (String, Option<String>)>,
) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy().to_lowercase();
    let candidate = |(value, help): (String, Option<String>)| {
        CompletionCandidate::new(value).help(help.map(Into::into))
    };
    let offered: Vec<CompletionCandidate> = all
        .filter(|(value, _)| value.to_lowercase().starts_with(&begun))
        .map(candidate)
        .take(MOST + 1)
        .collect();
    if offered.len() > MOST { Vec::new() } else { offered }
}

/// The names in the manifests. They are found line by line, so broken files offer theirs as well.
#[derive(Debug, Default)]
struct Names {
    tenants: BTreeSet<String>,
    /// With the tenant of each.
    users: BTreeMap<String, String>,
}

impl Names {
    /// Those of the configured manifests.
    fn read() -> Self {
        let mut names = Self::default();
        let sources = sources(env::args_os());
        // Nobody waits for a server while a line is completed.
        if sources.take_kept(false).is_err() {
            return names;
        }
        sources.look_by(&mut KnownSources::default(), |file| {
            if let (Role::Manifest, Some(text)) = (file.role, file.at_hand()) {
                text.split("\n---").for_each(|document| names.add(document));
            }
        });
        names
    }

    fn add(&mut self, document: &str) {
        let value = |key: &str| document.lines().find_map(|line| value_of(key, line));
        let is_tenant = value("kind").is_some_and(|kind| kind == "Tenant");
        let metadata = document.find("metadata:").map_or("", |at| &document[at..]);
        let of = |key: &str| metadata.lines().find_map(|line| value_of(key, line));
        let tenant = if is_tenant { of("name") } else { of("tenant") };
        let Some(tenant) = tenant.filter(|name| TenantName::parse(name).is_ok()) else { return };
        if is_tenant {
            self.tenants.insert(tenant.to_owned());
        }
        for user in document.lines().filter_map(|line| value_of("userPrincipalName", line)) {
            if Upn::parse(user).is_ok() && foreign::line(user) == user {
                self.users.insert(user.to_owned(), tenant.to_owned());
            }
        }
    }
}

/// What a line says of a key, in block or flow style.
fn value_of<'t>(key: &str, line: &'t str) -> Option<&'t str> {
    let (before, value) = line.split_once(key)?;
    let begins = before.chars().next_back().is_none_or(|c| " {,-".contains(c));
    let value = value.strip_prefix(':')?.trim_start();
    let end = value.find([' ', ',', '}', '#']).unwrap_or(value.len());
    let value = value[..end].trim_matches(['"', '\'']);
    (begins && !before.contains('#') && !value.is_empty()).then_some(value)
}

/// Where the manifests are.
fn sources(arguments: impl Iterator<Item = OsString>) -> Sources {
    Sources::of(&settings(arguments))
}

/// The settings of the configuration that the unfinished line names.
fn settings(mut arguments: impl Iterator<Item = OsString>) -> Settings {
    let mut config = None;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--config" {
            config = arguments.next().map(PathBuf::from);
        } else if let Some(path) = text.strip_prefix("--config=") {
            config = Some(PathBuf::from(path));
        }
    }
    configuration::read(config.as_deref()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_either_style_and_in_broken_files() {
        let mut names = Names::default();
        names.add("kind: Tenant\nmetadata:\n  name: contoso # ours\nspec: [broken");
        names.add("kind: Tenant\nmetadata: { name: fabrikam }\nspec: {}");
        names.add(
            "kind: UserSet\nmetadata: { name: office, tenant: contoso }\nspec:\n  users:\n    - \
                userPrincipalName: \"adele@contoso.com\"\n    - { userPrincipalName: \
                bert@contoso.com, calling: enabled }\n    # userPrincipalName: gone@contoso.com\n",
        );
        assert_eq!(names.tenants.iter().collect::<Vec<_>>(), ["contoso", "fabrikam"]);
        let users: Vec<(&str, &str)> =
            names.users.iter().map(|(user, tenant)| (user.as_str(), tenant.as_str())).collect();
        assert_eq!(users, [("adele@contoso.com", "contoso"), ("bert@contoso.com", "contoso")]);
    }

    #[test]
    fn too_many_are_not_offered() {
        let all = |count: usize| (0..count).map(|number| (format!("user{number}"), None));
        assert_eq!(offer(OsStr::new(""), all(MOST)).len(), MOST);
        assert!(offer(OsStr::new(""), all(MOST + 1)).is_empty());
        assert_eq!(offer(OsStr::new("USER1"), all(20)).len(), 11);
    }
}
