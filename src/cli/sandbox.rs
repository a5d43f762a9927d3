//! `sandbox`: the rehearsal of the service, standing alone.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use super::{
    args::{self, Global},
    exit::{Exit, Failure},
    manifests, out,
    signals::Signals,
};
use crate::{
    sandbox::{self, Envelope, Sandbox, World},
    source::Sources,
    words::many,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files and folders with manifests that the sandbox is seeded from [default: `manifests` of
    /// the configuration]
    paths: Vec<PathBuf>,
    /// Where to listen; loopback only, port 0 chooses one
    #[arg(long, default_value = "127.0.0.1:8405", value_name = "ADDRESS", value_parser = args::address)]
    listen: SocketAddr,
    /// Which drift: the same number gives the same world
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = args::whole)]
    seed: u64,
    /// Begin without drift
    #[arg(long)]
    as_desired: bool,
    /// How lists of users are wrapped; the vendor's way is not public
    #[arg(long, value_enum, default_value_t = UserListForm::Datatables, value_name = "FORM")]
    envelope: UserListForm,
    /// Write the configuration that points dialplane at this sandbox
    #[arg(long, value_name = "FILE")]
    write_config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UserListForm {
    /// Pages by draw, start and length, the list deep inside
    Datatables,
    /// Pages by number and size, the list beside its total
    Page,
    /// One bare array
    Bare,
}

/// Serves until somebody asks it to stop.
pub(super) async fn serve(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let sources = if command.paths.is_empty() {
        Sources::of(&manifests::settings(global)?)
    } else {
        Sources::folders(&command.paths)
    };
    let looked = manifests::look(&sources)?;
    looked.tell();
    let desired = &looked.in_force.desired;
    let world = if command.as_desired {
        World::from_desired(desired, command.seed)
    } else {
        World::drifted(desired, command.seed)
    };
    let envelope = match command.envelope {
        UserListForm::Datatables => Envelope::Datatables,
        UserListForm::Page => Envelope::Page,
        UserListForm::Bare => Envelope::Bare,
    };
    let world = World { envelope, ..world };
    let tenants = world.tenants.len();
    let users = world.users().count();
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
