//! `credentials regenerate`: new API credentials of a tenant's enterprise, into a file that nobody else can read.
//!
//! ```text
//! name typed -> file created, for its owner only -> the call -> the answer, whatever it is, into the file
//! ```
//!
//! **Invariant:** the answer goes nowhere but into that file, which did not exist before. The file comes first, so that no new
//! credentials are made that could not be kept.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use secrecy::ExposeSecret as _;

use super::{
    args::{Cli, Regenerate},
    exit::{Exit, Failure},
    manifests, out,
};
use crate::{
    api::connecttoteams::regenerate::{Confirmed, Regenerator},
    config::Settings,
    foreign::line,
    model::TenantRef,
    ports::FaultKind,
};

/// Makes new ones.
pub(super) async fn regenerate(cli: &Cli, command: &Regenerate) -> Result<Exit, Failure> {
    let settings = manifests::settings(cli)?;
    let looked = manifests::look(&settings.manifests)?;
    looked.know(std::slice::from_ref(&command.tenant))?;
    let broken = || {
        Failure::new(format!("the manifests of tenant `{}` have errors", command.tenant))
            .hint("`dialplane validate` shows each of them")
    };
    let tenant = looked.in_force.desired.tenants.get(&command.tenant).ok_or_else(broken)?.reference();
    let regenerator = regenerator(&settings, &tenant)?;
    let typed = match &command.confirm {
        Some(name) => name.clone(),
        None => ask(&tenant).await?,
    };
    let Some(confirmed) = Confirmed::by(&tenant, &typed) else {
        return Err(Failure::new(format!("`{}` is not `{}`: nothing was done", typed.trim(), tenant.name)));
    };
    let mut file = create(&command.into)?;
    let made = match regenerator.regenerate(confirmed).await {
        Ok(made) => made,
        Err(fault) => {
            // Nothing is in it; and that it cannot be removed is no news beside this.
            let _ = std::fs::remove_file(&command.into);
            let lost = matches!(fault.kind, FaultKind::NoAnswer | FaultKind::Server | FaultKind::Garbled);
            let failure = Failure::from(fault);
            return Err(if lost {
                failure.hint("the former credentials may or may not be good any more; run this again to have new ones")
            } else {
                failure
            });
        }
    };
    let written = file.write_all(made.answer.expose_secret().as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        Failure::new(format!("the new credentials cannot be written to {}: {error}", command.into.display()))
            .hint("they are lost and the former ones have ended: make room and run this again")
    })?;
    if !made.understood {
        out::talk("the service's answer is not what its documentation shows; it was kept as it is\n");
    }
    let into = line(command.into.display());
    out::data(&format!(
        "new credentials of {} are in {into}; the former ones have ended\n  configuration: enterprises: {{ {}: {{ credentials: {{ file: {into} }}, msal: ... }} }}\n",
        tenant.name, tenant.name
    ));
    Ok(if made.understood { Exit::Done } else { Exit::Partly })
}

/// For the account that manages the tenant.
fn regenerator(settings: &Settings, tenant: &TenantRef) -> Result<Regenerator, Failure> {
    let Some((section, account)) = settings.account_of(tenant.account.as_ref()) else {
        return Err(Failure::new(format!("the configuration has no account for tenant `{}`", tenant.name))
            .hint("set `connectToTeams`, or `accounts` and `spec.account` of the tenant"));
    };
    Ok(Regenerator::new(section, account)?)
}

/// Says what will happen and has the name typed.
async fn ask(tenant: &TenantRef) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("nobody is there to be asked: the input is no terminal")
            .hint(format!("if it is meant, say so with `--confirm {}`", tenant.name)));
    }
    out::talk(&format!(
        "New credentials of {} end the former ones at once: every other program, portal script and colleague that uses them loses\n\
         access to the enterprise until it has the new ones.\n\
         Type the name of the tenant to go on: ",
        tenant.name
    ));
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = line.await.map_err(Failure::new)?;
    line.map_err(|error| Failure::new(format!("the answer cannot be read: {error}")))
}

/// The file, new and for its owner only.
fn create(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        Failure::new(format!("{} cannot be created: {error}", path.display()))
            .hint("name a file that does not exist, in a folder that you may write to; nothing was done")
    })
}
