//! From a file and the environment to settings, with all problems at once.
//!
//! A variable with `__` in its name sets one value: `DIALPLANE_EXECUTION__USERS_PER_TENANT=8` is
//! `execution.usersPerTenant: 8`. Its text is read as YAML. Other variables that start with
//! `DIALPLANE_` are free for secrets. A relative path is meant from the folder of the file that
//! holds it; in a variable, from where the program was started.

use std::{collections::BTreeMap, fmt, path::Path as FilePath, sync::Arc};

use serde_yaml::{Mapping, Value};

use super::{
    Settings,
    limits::{accounts, counts, graph, intervals, missing},
    syntax::{no_yaml, plain},
};
use crate::{
    file,
    yaml::{self, At, Diagnostic, Path, Segment, Wrong},
};

/// What variables that set values start with.
const PREFIX: &str = "DIALPLANE_";

/// Configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// All problems, each at its place.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.diagnostics.len() {
            1 => f.write_str("the configuration cannot be used: 1 error"),
            errors => write!(f, "the configuration cannot be used: {errors} errors"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads the file at `path` and the variables. An absent path means an empty file.
pub fn load(
    path: Option<&FilePath>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, ConfigError> {
    let Some(path) = path else { return parse("dialplane.yaml", "", variables) };
    let name = path.display().to_string();
    let beside = path.parent().unwrap_or(FilePath::new(""));
    match file::read_text(path, yaml::MAX_BYTES) {
        Ok(text) => read(&name, &text, variables, beside),
        Err(reason) => Err(ConfigError {
            diagnostics: vec![plain(&name, format!("cannot be read: {reason}"), None)],
        }),
    }
}

/// Reads a text and the variables. `name` stands for the file in problems.
pub fn parse(
    name: &str,
    text: &str,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, ConfigError> {
    read(name, text, variables, FilePath::new(""))
}

/// Relative paths in the text are meant from the folder `beside`; those in variables from where the
/// program was started.
fn read(
    name: &str,
    text: &str,
    variables: impl Iterator<Item = (String, String)>,
    beside: &FilePath,
) -> Result<Settings, ConfigError> {
    let text = &*yaml::without_marks(text);
    let unreadable: Vec<Diagnostic> = yaml::unreadable(text)
        .into_iter()
        .map(|it| Diagnostic {
            place: Some(it.place),
            text: text.into(),
            ..plain(name, it.message, Some(it.hint))
        })
        .collect();
    if !unreadable.is_empty() {
        return Err(ConfigError { diagnostics: unreadable });
    }
    let mut value = match yaml::documents(text) {
        Ok(mut documents) if documents.len() <= 1 => documents.pop().unwrap_or(Value::Null),
        Ok(_) => {
            return Err(ConfigError {
                diagnostics: vec![plain(name, "one document is expected".to_owned(), None)],
            });
        }
        Err(error) => return Err(ConfigError { diagnostics: no_yaml(name, text, error) }),
    };
    if value.is_null() {
        value = Value::Mapping(Mapping::new());
    }
    let in_file = value.clone();
    let mut sources: BTreeMap<Vec<Segment>, String> = BTreeMap::new();
    for (variable, text) in variables {
        // A variable that is set and empty is as good as none: many who set variables cannot leave
        // one unset.
        if let Some(path) = path_of(&variable).filter(|_| !text.trim().is_empty()) {
            overlay(&mut value, &path, serde_yaml::from_str(&text).unwrap_or(Value::String(text)));
            sources.insert(path, variable);
        }
    }
    let (settings, mut wrongs) = yaml::decode::<Settings>(&value, &Path::root(0));
    wrongs.extend(missing(&value, &wrongs));
    wrongs.extend(settings.iter().flat_map(accounts));
    wrongs.extend(settings.iter().flat_map(graph));
    wrongs.extend(settings.iter().flat_map(counts));
    wrongs.extend(settings.iter().flat_map(intervals));
    wrongs.extend(settings.iter().flat_map(|settings| settings.live.problems()));
    for wrong in &mut wrongs {
        // What is wrong with something absent is told at what would hold it.
        while wrong.at == At::Value
            && !within(&value, &wrong.path.segments)
            && wrong.path.segments.pop().is_some()
        {}
    }
    match settings {
        Some(mut settings) if wrongs.is_empty() => {
            settings.note_sync_rows();
            settings.beside(beside, |path| sources.keys().any(|set| set.starts_with(path)));
            Ok(settings)
        }
        _ => {
            // A key that only a variable names is that variable's mistake.
            let named = |path: &[Segment]| within(&in_file, path);
            Err(ConfigError { diagnostics: diagnostics(name, text, wrongs, &sources, named) })
        }
    }
}

/// Whether a value has something at a path.
fn within(value: &Value, path: &[Segment]) -> bool {
    path.iter()
        .try_fold(value, |value, step| match step {
            Segment::Key(key) => value.get(key.as_str()),
            Segment::Index(index) => value.get(*index),
        })
        .is_some()
}

/// `DIALPLANE_CONNECT_TO_TEAMS__BASE_URL` is `connectToTeams`, `baseUrl`.
fn path_of(variable: &str) -> Option<Vec<Segment>> {
    let rest = variable.strip_prefix(PREFIX)?;
    if !rest.contains("__") && !["MANIFESTS", "STOP", "STOP_FILE"].contains(&rest) {
        return None;
    }
    let camel = |words: &str| {
        let mut words = words.split('_').map(str::to_lowercase);
        let first = words.next().unwrap_or_default();
        words.fold(first, |mut key, word| {
            let mut letters = word.chars();
            key.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            key.push_str(letters.as_str());
            key
        })
    };
    Some(rest.split("__").map(|level| Segment::Key(camel(level))).collect())
}

fn overlay(value: &mut Value, path: &[Segment], new: Value) {
    let Some((Segment::Key(first), rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    if let Value::Mapping(mapping) = value {
        overlay(mapping.entry(Value::String(first.clone())).or_insert(Value::Null), rest, new);
    }
}

fn diagnostics(
    name: &str,
    text: &str,
    wrongs: Vec<Wrong>,
    sources: &BTreeMap<Vec<Segment>, String>,
    in_file: impl Fn(&[Segment]) -> bool,
) -> Vec<Diagnostic> {
    let wanted = wrongs.iter().map(|wrong| wrong.path.clone()).collect();
    let found = yaml::locate(text, &wanted);
    let secrets = wrongs.iter().filter(|wrong| wrong.at == At::Hidden).map(|wrong| &wrong.path);
    let text: Arc<str> = found.masked(text, secrets).as_deref().unwrap_or(text).into();
    let mut diagnostics: Vec<Diagnostic> = wrongs
        .into_iter()
        .map(|wrong| {
            let at = &wrong.path.segments;
            let made = |path: &[Segment]| {
                at.starts_with(path) || (path.starts_with(at) && !at.is_empty() && !in_file(at))
            };
            let source = found.source(&text, &wrong.path);
            let variable =
                sources.iter().find(|(path, _)| made(path)).map(|(_, variable)| variable);
            let told = |file: &str, source| {
                let hint = wrong.hint.as_ref().map(|hint| yaml::in_source(hint, source));
                plain(file, yaml::in_source(&wrong.message, source), hint)
            };
            match (variable, found.get(&wrong.path, wrong.at)) {
                (Some(variable), _) => told(&format!("environment variable {variable}"), None),
                (None, Some(place)) => Diagnostic {
                    place: Some(place.clone()),
                    text: Arc::clone(&text),
                    ..told(name, source)
                },
                (None, None) => told(name, None),
            }
        })
        .collect();
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecretSource;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        parse("dialplane.yaml", text, variables).map_err(|error| {
            error
                .diagnostics
                .iter()
                .map(|d| format!("{} {:?} {}", d.file, d.position(), d.message))
                .collect()
        })
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let settings = read(
            "execution: {usersPerTenant: 2}\n",
            &[("DIALPLANE_EXECUTION__USERS_PER_TENANT", "8"), ("DIALPLANE_PASSWORD", "x")],
        );
        assert_eq!(settings.unwrap().execution.users_per_tenant, 8);
        let settings =
            read("", &[("DIALPLANE_MANIFESTS", "[a, b]"), ("DIALPLANE_RUN__RESYNC", "5m")])
                .unwrap();
        assert_eq!((settings.manifests.len(), settings.run.resync.as_secs()), (2, 300));
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_places() {
        let text = "execution:\n  usersPerTenants: 2\nrun:\n  resync: \
            soon\nconnectToTeams:\n  clientId: a\n  clientSecret: {env: A}\n  username: \
            u\n  password: {env: B}\n  endpoints:\n    disable: \
            {method: POST, path: /provisioning/disableUsers}\n";
        let problems = read(text, &[("DIALPLANE_EXECUTION__TENANTS", "many")]).unwrap_err();
        insta::assert_snapshot!(problems.join("\n"), @r#"
        dialplane.yaml Some((2, 3)) unknown key `usersPerTenants`
        dialplane.yaml Some((4, 11)) `soon` is not a duration such as 30s, 10m or 4h: expected number at 0
        dialplane.yaml Some((11, 35)) path `/provisioning/disableUsers` does not say where {userPrincipalName} goes
        dialplane.yaml Some((11, 35)) path `/provisioning/disableUsers` names `disableUsers`, a call that dialplane never makes
        environment variable DIALPLANE_EXECUTION__TENANTS None `tenants` is the text "many": a whole number, 0 or more, is expected
        "#);
    }

    /// The settings of a whole account, with `line` for the password.
    fn account(line: &str) -> String {
        format!(
            "connectToTeams:\n  clientId: a\n  clientSecret: {{env: A}}\n  username: u\n  {line}\n"
        )
    }

    #[test]
    fn a_secret_has_one_source() {
        let password = |line: &str| {
            read(&account(line), &[]).map(|settings| settings.connect_to_teams.unwrap().password)
        };
        assert_eq!(password("password: {env: B}"), Ok(SecretSource::Env("B".into())));
        assert_eq!(
            password("password: {file: /run/secrets/b}"),
            Ok(SecretSource::File("/run/secrets/b".into()))
        );
        assert_eq!(
            password("password: {command: [pass, b]}"),
            Ok(SecretSource::Command {
                words: vec!["pass".into(), "b".into()],
                variables: Vec::new()
            })
        );
        let lines = [
            "password: {env: B, file: b}",
            "password: {}",
            "password: {command: []}",
            "password: {command: pass}",
            "password: {env: }",
            "password: [b]",
            "password:",
            "passwort: {env: B}",
        ];
        let problems = lines.map(|line| password(line).unwrap_err().join("\n"));
        insta::assert_snapshot!(problems.join("\n"), @r#"
        dialplane.yaml Some((5, 13)) two sources for one secret
        dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
        dialplane.yaml Some((5, 13)) the command has no words
        dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
        dialplane.yaml Some((5, 23)) `command` is the text "pass": a list is expected
        dialplane.yaml Some((5, 13)) a secret comes from one of {env: NAME}, {file: PATH} and {command: [PROGRAM, ARGUMENT]}
        dialplane.yaml Some((5, 17)) `env` has no value; `null` is not accepted
        dialplane.yaml Some((5, 3)) a secret is never written here itself
        dialplane.yaml Some((5, 11)) `password` has no value; `null` is not accepted
        dialplane.yaml Some((1, 1)) `password` is missing
        dialplane.yaml Some((5, 3)) unknown key `passwort`
        "#);
    }

    #[test]
    fn a_secret_that_stands_inline_is_refused_and_never_repeated() {
        for line in [
            "password: hunter2",
            "password: \"hunter2\"",
            "password: {value: hunter2}",
            "password:\n    inline: hunter2",
            "password: |\n    hunter2",
            "password: 20252026",
            "password: [hunter2]",
            "password: !vault hunter2",
        ] {
            let error = parse("dialplane.yaml", &account(line), std::iter::empty()).unwrap_err();
            let [problem] = error.diagnostics.as_slice() else { panic!("{line}: {error:?}") };
            let told = anstream::adapter::strip_str(&yaml::render(problem)).to_string();
            assert!(!told.contains("hunter2") && !told.contains("20252026"), "{told}");
            assert_eq!(problem.position(), Some((5, 3)), "{told}");
            assert!(told.contains("secret") && told.contains("{env: NAME}"), "{told}");
        }
        let variable = ("DIALPLANE_CONNECT_TO_TEAMS__PASSWORD".to_owned(), "hunter2".to_owned());
        let error =
            parse("dialplane.yaml", &account("password: {env: B}"), std::iter::once(variable))
                .unwrap_err();
        let told = error.diagnostics.iter().map(yaml::render).collect::<String>();
        assert!(
            !told.contains("hunter2") && told.contains("DIALPLANE_CONNECT_TO_TEAMS__PASSWORD"),
            "{told}"
        );
    }

    #[test]
    fn poor_settings_are_told_in_plain_words() {
        let cases = [
            "run: {resync: 30}",
            "run: {resync: \"30\"}",
            "run: {resync: 10 parsecs}",
            "run: {resync: }",
            "run: {poll: -5s}",
            "run: fast",
            "runs: {}",
            "favourite: 1",
            "run: {resync: 1ms, backoff: 1h}",
            "manifests: 1",
            "manifests: [1]",
            "execution: {usersPerTenant: 0, tenants: 65}",
            "execution: {usersPerTenant: -1}",
            "execution: {usersPerTenant: \"4\"}",
            "connectToTeams: {}",
            "connectToTeams: {clientId: 12, endpoints: {sync: {method: DELETE, path: /x}}}",
            "live: {portal: {fields: {phone: Number}, calling: {column: a, enabled: [b], disabled: [b]}}}",
            "- a",
            "a: [",
            "a: 1\n---\nb: 2",
        ];
        let told: Vec<String> = cases
            .into_iter()
            .map(|text| {
                let error = parse("dialplane.yaml", text, std::iter::empty()).unwrap_err();
                let words = error.diagnostics.iter().map(|d| {
                    let hint =
                        d.hint.as_deref().map(|hint| format!(" | {hint}")).unwrap_or_default();
                    format!("  {:?} {}{hint}\n", d.position(), d.message)
                });
                format!("{text}\n{}", words.collect::<String>())
            })
            .collect();
        insta::assert_snapshot!(told.join(""), @r#"
        run: {resync: 30}
          Some((1, 15)) a duration with its unit is expected, such as 30s, 10m or 4h
        run: {resync: "30"}
          Some((1, 15)) `30` is not a duration such as 30s, 10m or 4h: time unit needed, for example 30sec or 30ms
        run: {resync: 10 parsecs}
          Some((1, 15)) `10 parsecs` is not a duration such as 30s, 10m or 4h: unknown time unit "parsecs", supported units: ns, us/µs, ms, sec, min, hours, days, weeks, months, years (and few variations)
        run: {resync: }
          Some((1, 13)) a duration with its unit is expected, such as 30s, 10m or 4h
        run: {poll: -5s}
          Some((1, 13)) `-5s` is not a duration such as 30s, 10m or 4h: expected number at 0
        run: fast
          Some((1, 6)) `run` is the text "fast": a mapping of keys and values is expected
        runs: {}
          Some((1, 1)) unknown key `runs` | did you mean `run`?
        favourite: 1
          Some((1, 1)) unknown key `favourite` | known keys: `manifests`, `connectToTeams`, `accounts`, `graph`, `state`, `execution`, `run`, `live`, `stop`, `stopFile`
        run: {resync: 1ms, backoff: 1h}
          Some((1, 6)) `backoffCeiling` is 30m; 1h is the least
          Some((1, 15)) `resync` is 1ms; 10ms is the least
        manifests: 1
          Some((1, 12)) a path or a list of paths is expected
        manifests: [1]
          Some((1, 12)) a path or a list of paths is expected
        execution: {usersPerTenant: 0, tenants: 65}
          Some((1, 29)) `usersPerTenant` is 0; 1 to 64 are possible
          Some((1, 41)) `tenants` is 65; 1 to 64 are possible
        execution: {usersPerTenant: -1}
          Some((1, 29)) `usersPerTenant` is the number -1: a whole number, 0 or more, is expected
        execution: {usersPerTenant: "4"}
          Some((1, 29)) `usersPerTenant` is the text "4": a whole number, 0 or more, is expected | write it without quotes: 4
        connectToTeams: {}
          Some((1, 1)) `clientId` is missing | add it
          Some((1, 1)) `clientSecret` is missing | add it
          Some((1, 1)) `password` is missing | add it
          Some((1, 1)) `username` is missing | add it
        connectToTeams: {clientId: 12, endpoints: {sync: {method: DELETE, path: /x}}}
          Some((1, 1)) `clientSecret` is missing | add it
          Some((1, 1)) `password` is missing | add it
          Some((1, 1)) `username` is missing | add it
          Some((1, 28)) `clientId` is the number 12: text is expected | put it in quotes: "12"
          Some((1, 59)) `method` cannot be `DELETE` | possible values: `GET`, `POST`, `PUT`
        live: {portal: {fields: {phone: Number}, calling: {column: a, enabled: [b], disabled: [b]}}}
          Some((1, 33)) `phone` is not a field; there are phoneNumber, sbcGatewayId, useTeamsVoicemail, useEnterpriseDialPlan, useAudioConferenceVRP, callPolicy.name, callPolicy.cnam, callPolicy.callerId, callPolicy.forwardedCallsCallerId, userTag, pbxAuthUserId, linePort, codecs, deviceName, deviceType, macAddress, portalLoginName, provisioningUsername, sipAutoProvisioningEnabled
          Some((1, 51)) a value means both enabled and disabled
        - a
          Some((1, 1)) this is a list: a mapping of keys and values is expected
        a: [
          Some((1, 5)) not valid YAML: did not find expected node content
        a: 1
        ---
        b: 2
          None one document is expected
        "#);
    }

    #[test]
    fn an_empty_file_means_what_nothing_means() {
        let nothing = read("", &[]).unwrap();
        for text in ["# nothing\n", "---\n", "{}", "\u{feff}"] {
            assert_eq!(read(text, &[]).as_ref(), Ok(&nothing), "{text:?}");
        }
    }
}
