//! From arguments to what is in force.

use std::path::PathBuf;

use super::{args::Cli, exit::Failure, out};
use crate::{
    config::{self, Settings},
    manifest::{self, InForce, Keeper, ManifestFile},
    model::{Revision, TenantName},
    plan::render::many,
    source::{self, read_tree},
    yaml::Diagnostic,
};

/// The configuration that is taken if none is named.
const CONFIG: &str = "dialplane.yaml";

/// Reads the settings.
pub(super) fn settings(cli: &Cli) -> Result<Settings, Failure> {
    let default = PathBuf::from(CONFIG);
    // Not read by the command line's own reader, which refuses a variable that is set and empty: here it is as good as none.
    let variable = || std::env::var_os("DIALPLANE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let named = cli.config.clone().or_else(variable);
    let path = named.or_else(|| default.exists().then_some(default));
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        // What is not text is nobody's setting, unless it has the name of one.
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

/// The paths that the arguments name, or else the settings.
pub(super) fn paths(named: &[PathBuf], settings: &Settings) -> Vec<PathBuf> {
    if named.is_empty() { settings.manifests.clone() } else { named.to_vec() }
}

/// Manifests after one look.
pub(super) struct Looked {
    pub(super) files: Vec<ManifestFile>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) in_force: InForce,
    /// Which version it is, where git knows that.
    pub(super) revision: Option<Revision>,
}

/// Reads and checks the manifests at `paths`. No manifest at all is a failure: somebody named the wrong folder.
pub(super) fn look(paths: &[PathBuf]) -> Result<Looked, Failure> {
    let files = read_tree(paths).files;
    if files.is_empty() {
        let named = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!("there is no manifest in {named}")).hint("name a folder with .yaml files"));
    }
    let loaded = manifest::load(&files);
    let diagnostics = loaded.diagnostics.clone();
    if files.iter().all(|file| file.text.is_err()) {
        return Err(Failure {
            diagnostics,
            ..Failure::new("no manifest can be read").hint("name the folder that holds the .yaml files")
        });
    }
    Ok(Looked { files, diagnostics, in_force: Keeper::default().take(loaded), revision: source::revision(paths) })
}

impl Looked {
    /// Whether all these tenants are described.
    pub(super) fn know(&self, tenants: &[TenantName]) -> Result<(), Failure> {
        let InForce { desired, broken, .. } = &self.in_force;
        if let Some(unknown) = tenants.iter().find(|name| !desired.tenants.contains_key(name) && !broken.contains_key(name)) {
            let known: Vec<&str> = desired.tenants.keys().chain(broken.keys()).map(TenantName::as_str).collect();
            return Err(
                Failure::new(format!("no manifest describes tenant `{unknown}`")).hint(format!("there are {}", known.join(", ")))
            );
        }
        Ok(())
    }

    /// Prints the problems and says what they mean for what follows.
    pub(super) fn tell(&self) {
        out::diagnostics(&self.diagnostics);
        if !self.diagnostics.is_empty() {
            let held = many(self.in_force.broken.len(), "tenant");
            out::talk(&format!("{} in the manifests; {held} held because of them\n\n", many(self.diagnostics.len(), "error")));
        }
    }
}
