//! A made-up fleet to look at: manifests of many tenants, in a folder.
//!
//! ```text
//! cargo run --example made_up_fleet -- FOLDER [TENANTS] [USERS]
//! ```
//!
//! 300 tenants and 30,000 users, unless told otherwise; the same ones each time. Every twentieth
//! tenant is in `mode: report`, every seventh has its people in two files. `dialplane plan --sandbox
//! FOLDER` then shows a first plan of a fleet that has drifted.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name the folder to write to")?);
    let mut number = |default: usize| -> Result<usize, Box<dyn Error>> {
        let Some(text) = arguments.next() else { return Ok(default) };
        Ok(text.to_str().ok_or("a number is expected")?.parse()?)
    };
    let tenants = number(300)?;
    let users = number(30_000)?;
    let each = users / tenants.max(1);
    for tenant in 1..=tenants {
        write_tenant(&folder, tenant, each)?;
    }
    Ok(())
}

/// One tenant: its own document, and one or two files of people.
fn write_tenant(folder: &Path, tenant: usize, users: usize) -> Result<(), Box<dyn Error>> {
    let name = format!("kunde-{tenant:03}");
    let folder = folder.join(&name);
    fs::create_dir_all(&folder)?;
    let mode = if tenant.is_multiple_of(20) { "report" } else { "enforce" };
    fs::write(
        folder.join("tenant.yaml"),
        format!(
            "apiVersion: dialplane/v1
kind: Tenant
metadata: {{ name: {name} }}
spec:
  tenantId: 00000000-0000-4000-8000-{tenant:012}
  mode: {mode}
  prune: disable
  defaults: {{ sbcGatewayId: 805, useTeamsVoicemail: true, callPolicy: {{ name: Global }} }}
"
        ),
    )?;
    let split = if tenant.is_multiple_of(7) { users / 2 } else { users };
    write_people(&folder, &name, "people", tenant * users..tenant * users + split)?;
    if split < users {
        write_people(&folder, &name, "more-people", tenant * users + split..(tenant + 1) * users)?;
    }
    Ok(())
}

fn write_people(
    folder: &Path,
    tenant: &str,
    set: &str,
    people: std::ops::Range<usize>,
) -> Result<(), Box<dyn Error>> {
    let mut text = format!(
        "apiVersion: dialplane/v1
kind: UserSet
metadata: {{ name: {set}, tenant: {tenant} }}
spec:
  users:
"
    );
    for person in people {
        let calling = if person % 25 == 24 { "disabled" } else { "enabled" };
        writeln!(
            text,
            "    - userPrincipalName: user{person}@{tenant}.example\n      calling: {calling}"
        )?;
        if calling == "enabled" {
            writeln!(text, "      phoneNumber: \"+4930{:08}\"", 10_000_000 + person)?;
        }
    }
    fs::write(folder.join(format!("{set}.yaml")), text)?;
    Ok(())
}
