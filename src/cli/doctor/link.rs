//! `doctor --consent-link`: the link by which an admin of a customer gives consent.
//!
//! It is asked for each time and kept nowhere: no public page says how long one works.

use super::Arguments;
use crate::{
    cli::{
        args::Global,
        backend::Backend,
        exit::{Exit, Failure},
        manifests, out,
    },
    foreign::line,
    model::{Desired, TenantId, TenantName, TenantRef},
    words::list,
};

/// Prints the link alone on stdout.
pub(super) async fn print(
    global: &Global,
    command: &Arguments,
    tenant: &str,
) -> Result<Exit, Failure> {
    let settings = manifests::settings(global)?;
    let looked = manifests::look_if_any(&manifests::sources(&command.paths, &settings))?;
    let nothing = Desired::default();
    let desired = looked.as_ref().map_or(&nothing, |looked| &looked.in_force.desired);
    let tenant = find(tenant, desired)?;
    let link = Backend::real(&settings)?.client.reader().consent_link(&tenant).await?;
    out::talk(&format!(
        "send this to a Global Admin of tenant {}, and look where it leads before you do; it was made \
            now, and how long it works is not known: print a new one when it no longer does\n",
        tenant.id
    ));
    out::data(&format!("{}\n", line(link)));
    Ok(Exit::Done)
}

/// A tenant by its name in the manifests, or by its id.
fn find(text: &str, desired: &Desired) -> Result<TenantRef, Failure> {
    let id = TenantId::parse(text).ok();
    let known = desired
        .tenants
        .values()
        .find(|tenant| tenant.name.as_str() == text || id.as_ref() == Some(&tenant.id));
    match (known, id) {
        (Some(known), _) => Ok(known.reference()),
        // An id is a name as well: lower-case letters, digits and hyphens.
        (None, Some(id)) => {
            let name = TenantName::parse(id.as_str()).map_err(Failure::new)?;
            Ok(TenantRef::new(name, id))
        }
        (None, None) => {
            let hint = format!(
                "give the id of its Microsoft tenant, as `dialplane tenants` shows it, or one of: {}",
                list(desired.tenants.keys())
            );
            Err(Failure::new(format!("no manifest describes tenant `{}`", line(text))).hint(hint))
        }
    }
}
