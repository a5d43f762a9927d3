//! `credentials regenerate`: new API credentials of a tenant's enterprise, into a file that nobody
//! else can read.
//!
//! ```text
//! stop switch -> name typed -> file created, for its owner only -> stop switch -> the call -> the answer into the file
//!                                                     credentials: read back, and said to be there
//!                                                     anything else: kept beside it, and told as what it is
//! ```
//!
//! **Invariant:** the answer goes nowhere but into a file that did not exist before. The file comes
//! first, so no credentials are made that could not be kept. Nothing is said to be in it
//! that is not.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead as _, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use super::{
    args::Global,
    choose::Tenants,
    complete,
    exit::{Exit, Failure},
    manifests, out, session,
};
use crate::{
    api::connecttoteams::regenerate::{ConfirmedTenant, NewCredentials, Regenerator},
    config::{Account, Settings},
    foreign::line,
    model::{DesiredTenant, FaultKind, TenantName, TenantRef},
    ports::Permit,
};

#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// Make new API credentials of a tenant's enterprise; the former ones end at once, for
    /// everybody who uses them
    Regenerate(Regenerate),
}

#[derive(Debug, Args)]
pub(super) struct Regenerate {
    /// The tenant, by its name in the manifests
    #[arg(value_parser = |name: &str| TenantName::parse(name), add = complete::tenants())]
    tenant: TenantName,
    /// The file that is created for them, readable by nobody else; it must not exist
    #[arg(long, value_name = "FILE")]
    into: PathBuf,
    /// Say that it is meant without being asked: the tenant's name once more
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

/// Makes new ones.
pub(super) async fn regenerate(global: &Global, command: &Regenerate) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let tenant = tenant(&settings, &command.tenant)?.reference();
    let (section, account) = account(&settings, &tenant)?;
    let regenerator = Regenerator::new(&section, account)?;
    // It ends what others use: the switch is for this as well.
    let switch = session::switch(false, &settings).await;
    switch.check()?;
    let typed = match &command.confirm {
        Some(name) => name.clone(),
        None => ask(&tenant, &question(&tenant)).await?,
    };
    let confirmed = confirmed(&tenant, &typed)?;
    let file = create(&command.into)?;
    let permit = Permit::new(move || switch.check());
    let made = regenerator.regenerate(confirmed, &permit).await;
    match made {
        Ok(made) => keep(&tenant, &command.into, file, &made),
        Err(fault) => {
            // It is empty, and a failure to remove it adds nothing to this error.
            let _ = fs::remove_file(&command.into);
            let lost =
                matches!(fault.kind, FaultKind::NoAnswer | FaultKind::Server | FaultKind::Garbled);
            let failure = Failure::from(fault);
            Err(if lost {
                failure.hint(
                    "the former credentials may or may not be good any more; run this again to \
                        have new ones",
                )
            } else {
                failure
            })
        }
    }
}

/// Keeps what the service answered, and says what that is.
fn keep(
    tenant: &TenantRef,
    into: &Path,
    mut file: File,
    made: &NewCredentials,
) -> Result<Exit, Failure> {
    let answer = made.answer.expose_secret().as_bytes();
    let written =
        file.write_all(answer).and_then(|()| file.sync_all()).and_then(|()| fs::read(into));
    let place = line(into.display());
    match written {
        Ok(found) if found == answer => {}
        Ok(_) => {
            return Err(Failure::new(format!("{place} does not hold what was written into it"))
                .hint(
                    "the new credentials are lost and the former ones have ended: run this again, \
                        with another file",
                ));
        }
        Err(error) => {
            return Err(Failure::new(format!(
                "the new credentials cannot be written to {place}: {error}"
            ))
            .hint("they are lost and the former ones have ended: make room and run this again"));
        }
    }
    if let Some(lacks) = &made.lacks {
        let kept = aside(into);
        return Ok(tell_no_credentials(tenant, &kept, lacks));
    }
    out::data(&format!(
        "new credentials of {} are in {place}; the former ones have ended\n  configuration: \
            enterprises: {{ {}: {{ credentials: {{ file: {place} }}, msal: ... }} }}\n",
        tenant.name, tenant.name,
    ));
    Ok(Exit::Done)
}

/// Moves what is not credentials out of the place where credentials are looked for; where it is
/// then.
fn aside(into: &Path) -> PathBuf {
    let mut name = into.as_os_str().to_owned();
    name.push(".answer");
    let aside = PathBuf::from(name);
    // Linked and not renamed: that would replace what is there.
    if fs::hard_link(into, &aside).is_ok() && fs::remove_file(into).is_ok() {
        aside
    } else {
        into.to_owned()
    }
}

fn tell_no_credentials(tenant: &TenantRef, kept: &Path, lacks: &str) -> Exit {
    out::failure(
        &Failure::new(format!(
            "what the service answered is not the credentials of {}: {lacks}",
            tenant.name
        ))
        .hint(format!(
            "the answer is in {}, for its owner only; whether the former credentials have ended \
                is not known: try them, and if they are refused, run this again with another file",
            line(kept.display())
        )),
    );
    Exit::Partly
}

/// The tenant as the manifests say it.
pub(super) fn tenant(
    settings: &Settings,
    name: &TenantName,
) -> Result<Arc<DesiredTenant>, Failure> {
    let looked = manifests::look_at_kept(&manifests::sources(&[], settings))?;
    looked.know(&Tenants::one(name))?;
    let broken = || {
        Failure::new(format!("the manifests of tenant `{name}` have errors"))
            .hint("`dialplane validate` shows each of them")
    };
    looked.in_force.desired.tenants.get(name).cloned().ok_or_else(broken)
}

/// The account that manages the tenant, and where it is in the settings.
pub(super) fn account<'s>(
    settings: &'s Settings,
    tenant: &TenantRef,
) -> Result<(String, &'s Account), Failure> {
    settings.account_of(tenant.account.as_ref()).ok_or_else(|| {
        Failure::new(format!("the configuration has no account for tenant `{}`", tenant.name))
            .hint("set `connectToTeams`, or `accounts` and `spec.account` of the tenant")
    })
}

/// That it is meant, if what was typed says so.
pub(super) fn confirmed<'t>(
    tenant: &'t TenantRef,
    typed: &str,
) -> Result<ConfirmedTenant<'t>, Failure> {
    ConfirmedTenant::by(tenant, typed).ok_or_else(|| {
        Failure::new(format!("`{}` is not `{}`: nothing was done", typed.trim(), tenant.name))
    })
}

fn question(tenant: &TenantRef) -> String {
    format!(
        "New credentials of {} end the former ones at once: every other program, portal script \
            and colleague that uses them loses\n\
         access to the enterprise until it has the new ones.\n",
        tenant.name
    )
}

/// Says what will happen and has the name typed.
pub(super) async fn ask(tenant: &TenantRef, question: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("cannot ask for confirmation: stdin is not a terminal")
            .hint(format!("if it is meant, say so with `--confirm {}`", tenant.name)));
    }
    out::talk(&format!("{question}Type the name of the tenant to go on: "));
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
        Failure::new(format!("{} cannot be created: {error}", path.display())).hint(
            "name a file that does not exist, in a folder that you may write to; nothing was done",
        )
    })
}
