//! `sandbox`: the rehearsal of the service, standing alone.

use std::path::Path;

use super::{
    args::{self, Cli, Sandbox as Command},
    exit::{Exit, Failure},
    manifests, out,
    signals::Signals,
};
use crate::{
    sandbox::{self, Envelope, Sandbox, World},
    words::many,
};

/// Serves until somebody asks it to stop.
pub(super) async fn serve(
    cli: &Cli,
    command: &Command,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let paths = if command.paths.is_empty() {
        manifests::settings(cli)?.manifests
    } else {
        command.paths.clone()
    };
    let looked = manifests::look(&paths)?;
    looked.tell();
    let desired = &looked.in_force.desired;
    let world = if command.as_desired {
        World::from_desired(desired, command.seed)
    } else {
        World::drifted(desired, command.seed)
    };
    let envelope = match command.envelope {
        args::Envelope::Datatables => Envelope::Datatables,
        args::Envelope::Page => Envelope::Page,
        args::Envelope::Bare => Envelope::Bare,
    };
    let world = World { envelope, ..world };
    let (tenants, users) = (world.tenants.len(), world.users().count());
    let sandbox = Sandbox::start(world, command.listen).await.map_err(|error| {
        Failure::new(format!("cannot listen on {}: {error}", command.listen))
            .hint("choose another `--listen`")
    })?;
    let url = sandbox.base_url();
    if let Some(path) = &command.write_config {
        write_config(path, &sandbox::config_yaml_for(&url, envelope))?;
        out::talk(&format!(
            "configuration written: dialplane --config {} plan\n",
            crate::foreign::line(path.display())
        ));
    }
    out::talk(&format!(
        "sandbox of ConnecttoTeams and Microsoft Graph with {} and {}; stop it with \
            Ctrl-C\n  calls so \
            far   {url}/_sandbox/calls?writes=true\n  faults         {url}/_sandbox/faults\n",
        many(tenants, "tenant"),
        many(users, "user")
    ));
    out::data(&format!("{url}\n"));
    signals.asked().cancelled().await;
    sandbox
        .stop()
        .await
        .map_err(|error| Failure::new(format!("the sandbox did not end well: {error}")))?;
    Ok(Exit::Done)
}

/// Writes the configuration, but never over one that a person wrote.
fn write_config(path: &Path, text: &str) -> Result<(), Failure> {
    let ours = std::fs::read_to_string(path).map(|found| found.starts_with(sandbox::CONFIG_HEADER));
    if matches!(ours, Ok(false)) {
        return Err(Failure::new(format!(
            "{} exists and was not written by a sandbox",
            path.display()
        ))
        .hint("name another file"));
    }
    std::fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
