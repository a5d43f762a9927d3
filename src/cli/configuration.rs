//! Which file has the settings, and what it says together with the environment.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::exit::Failure;
use crate::config::{self, Settings, State};

/// The configuration that is taken if none is named.
const CONFIG: &str = "dialplane.yaml";

/// The file with the settings, if there is one. `named` is the one that the command line names.
pub(super) fn file(named: Option<&Path>) -> Option<PathBuf> {
    let default = PathBuf::from(CONFIG);
    // Not read by the command line's own reader, which refuses a variable that is set and empty:
    // here it is as good as none.
    let variable = || {
        env::var_os("DIALPLANE_CONFIG")
            .filter(|path| !path.to_string_lossy().trim().is_empty())
            .map(PathBuf::from)
    };
    let named = named.map(Path::to_owned).or_else(variable);
    named.or_else(|| default.exists().then_some(default))
}

/// Where somebody may be in the wrong folder: no configuration is named and none is here, and nothing
/// was ever kept here either.
pub(super) fn elsewhere(named: Option<&Path>, settings: &Settings) -> Option<String> {
    let state = &settings.state;
    let is_default = state.path == State::default().path && state.postgres.is_none();
    let is_nothing_here = file(named).is_none() && is_default && !state.path.exists();
    is_nothing_here.then(|| {
        format!(
            "{CONFIG} is not in this folder: go to the one of the service, or name its configuration \
                with `--config`. `dialplane init` sets up a new folder"
        )
    })
}

/// Reads the settings.
pub(super) fn read(named: Option<&Path>) -> Result<Settings, Failure> {
    let path = file(named);
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        // A variable that is not text is not a setting, unless it has the name of one.
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => variables.push((name, value)),
            Err(_) if name.starts_with("DIALPLANE_") => {
                return Err(Failure::new(format!("environment variable {name} is not UTF-8")));
            }
            Err(_) => {}
        }
    }
    Ok(config::load(path.as_deref(), variables.into_iter())?)
}
