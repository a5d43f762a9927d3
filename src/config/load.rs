//! From a file and the environment to settings, with all problems at once.
//!
//! A variable with `__` in its name sets one value: `DIALPLANE_EXECUTION__USERS_PER_TENANT=8` is
//! `execution.usersPerTenant: 8`. Its text is read as YAML. Other variables that start with
//! `DIALPLANE_` are free for secrets. A relative path is meant from the folder of the file that
//! holds it; in a variable, from where the program was started.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, path::Path as FilePath, sync::Arc};

use serde_yaml::{Mapping, Value};

use super::{
    Settings,
    limits::{accounts, counts, database, graph, hook, intervals, missing, several_sources},
    source,
    syntax::{no_yaml, two_ways},
};
use crate::{
    file,
    yaml::{self, At, Diagnostic, Mismatch, Path, Segment},
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
            diagnostics: vec![Diagnostic::of_file(
                &name,
                format!("cannot be read: {reason}"),
                Some(
                    "name the settings that you mean; `dialplane init` writes new ones".to_owned(),
                ),
            )],
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
    let mut value = document(name, text)?;
    if value.is_null() {
        value = Value::Mapping(Mapping::new());
    }
    let in_file = value.clone();
    let mut sources: BTreeMap<Vec<Segment>, String> = BTreeMap::new();
    for (variable, text) in variables {
        // A variable that is set and empty is as good as none: many who set variables cannot leave
        // one unset.
        if let Some(path) = path_of(&variable).filter(|_| !text.trim().is_empty()) {
            // The same characters as in the file.
            if let Some(it) = yaml::unreadable(&text).into_iter().next() {
                let name = format!("environment variable {variable}");
                let told = Diagnostic::of_file(&name, it.message, Some(it.hint));
                return Err(ConfigError { diagnostics: vec![told] });
            }
            overlay(&mut value, &path, serde_yaml::from_str(&text).unwrap_or(Value::String(text)));
            sources.insert(path, variable);
        }
    }
    let (settings, mut wrongs) = yaml::decode::<Settings>(&value, &Path::root(0));
    wrongs.extend(missing(&value, &wrongs));
    wrongs.extend(settings.iter().flat_map(accounts));
    wrongs.extend(settings.iter().flat_map(graph));
    wrongs.extend(settings.iter().flat_map(database));
    wrongs.extend(settings.iter().flat_map(counts));
    wrongs.extend(settings.iter().flat_map(intervals));
    wrongs.extend(settings.iter().filter_map(hook));
    wrongs.extend(several_sources(&value));
    let git = settings.iter().filter_map(|settings| settings.git.as_ref());
    wrongs.extend(git.flat_map(|git| git.problems(&Path::root(0).key("git"))));
    wrongs.extend(settings.iter().flat_map(|settings| source::problems(&settings.sources)));
    wrongs.extend(settings.iter().flat_map(|settings| settings.live.problems()));
    wrongs.extend(settings.iter().flat_map(|settings| settings.server.problems()));
    wrongs.extend(settings.iter().flat_map(|settings| settings.notices.problems()));
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
            Err(ConfigError { diagnostics: diagnostics(name, text, &wrongs, &sources, named) })
        }
    }
}

/// The one document of a file.
fn document(name: &str, text: &str) -> Result<Value, ConfigError> {
    let unreadable: Vec<Diagnostic> = yaml::unreadable(text)
        .into_iter()
        .map(|it| Diagnostic {
            place: Some(it.place),
            text: text.into(),
            ..Diagnostic::of_file(name, it.message, Some(it.hint))
        })
        .collect();
    if !unreadable.is_empty() {
        return Err(ConfigError { diagnostics: unreadable });
    }
    match yaml::documents(text) {
        // The other reader sees no document where this one sees nothing.
        Ok(documents) if documents.len() <= 1 && documents.iter().all(Value::is_null) => {
            Ok(Value::Null)
        }
        Ok(documents) if documents.len() <= 1 => match yaml::disagreement(text, &documents) {
            None => Ok(documents.into_iter().next().unwrap_or(Value::Null)),
            Some(place) => Err(vec![two_ways(name, text, place)]),
        },
        Ok(_) => Err(vec![Diagnostic::of_file(name, "one document is expected".to_owned(), None)]),
        Err(error) => Err(no_yaml(name, text, error)),
    }
    .map_err(|diagnostics| ConfigError { diagnostics })
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
    Some(rest.split("__").map(|level| Segment::Key(camel_case(level))).collect())
}

/// `BASE_URL` is `baseUrl`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').map(str::to_lowercase);
    let mut key = words.next().unwrap_or_default();
    for word in words {
        let mut letters = word.chars();
        key.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        key.push_str(letters.as_str());
    }
    key
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
    wrongs: &[Mismatch],
    sources: &BTreeMap<Vec<Segment>, String>,
    in_file: impl Fn(&[Segment]) -> bool,
) -> Vec<Diagnostic> {
    let wanted = wrongs.iter().map(|wrong| wrong.path.clone()).collect();
    let found = yaml::locate(text, &wanted);
    let secrets = wrongs.iter().filter(|wrong| wrong.at == At::Hidden).map(|wrong| &wrong.path);
    let text: Arc<str> = found.masked(text, secrets).as_deref().unwrap_or(text).into();
    let mut diagnostics = Vec::with_capacity(wrongs.len());
    for wrong in wrongs {
        let variable = variable_of(&wrong.path.segments, sources, &in_file);
        let place = found.get(&wrong.path, wrong.at).filter(|_| variable.is_none()).cloned();
        let (file, source) = match (variable, &place) {
            (Some(variable), _) => (format!("environment variable {variable}"), None),
            (None, Some(_)) => (name.to_owned(), found.source(&text, &wrong.path)),
            (None, None) => (name.to_owned(), None),
        };
        let hint = wrong.hint.as_ref().map(|hint| yaml::in_source(hint, source));
        let bare = Diagnostic::of_file(&file, yaml::in_source(&wrong.message, source), hint);
        let text = Arc::clone(if place.is_some() { &text } else { &bare.text });
        diagnostics.push(Diagnostic { place, text, ..bare });
    }
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    diagnostics
}

/// The variable of the environment that a mistake comes from, if the file has no part in it.
fn variable_of<'s>(
    at: &[Segment],
    sources: &'s BTreeMap<Vec<Segment>, String>,
    in_file: impl Fn(&[Segment]) -> bool,
) -> Option<&'s String> {
    let made = |path: &[Segment]| {
        at.starts_with(path) || (path.starts_with(at) && !at.is_empty() && !in_file(at))
    };
    sources.iter().find(|(path, _)| made(path)).map(|(_, variable)| variable)
}
