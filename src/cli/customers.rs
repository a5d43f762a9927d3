//! The customers that the accounts list, and which of them somebody means.

use std::{collections::BTreeSet, path::Path};

use super::{exit::Failure, out, targets::tenant_ref};
use crate::{
    api::connecttoteams::Client,
    config::Settings,
    file,
    foreign::line,
    import,
    model::{AccountName, Customer, Desired, Fault, LiveSource, TenantId, TenantName, TenantRef},
    words::first,
};

/// The largest file that names tenants, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// Lines of it that a refusal names, at most.
const MAX_NAMED: usize = 10;

/// A customer, and the account in whose list it is.
#[derive(Debug, Clone)]
pub(super) struct ListedCustomer {
    pub(super) customer: Customer,
    pub(super) account: Option<AccountName>,
}

impl ListedCustomer {
    /// What it is called, made harmless; its number where it has no name.
    pub(super) fn title(&self) -> String {
        match (&self.customer.name, self.customer.enterprise) {
            (Some(name), _) => line(name),
            (None, Some(number)) => format!("enterprise {number}"),
            (None, None) => "(without a name)".to_owned(),
        }
    }

    /// How it is addressed under this name, if it is registered.
    pub(super) fn reference(&self, name: TenantName, live: LiveSource) -> Option<TenantRef> {
        let tenant = TenantRef::new(name, self.customer.tenant.clone()?);
        Some(TenantRef { account: self.account.clone(), live, ..tenant })
    }
}

/// What the lists of all accounts hold, and which of the accounts could not be asked.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) customers: Vec<ListedCustomer>,
    pub(super) failed: Vec<(String, Fault)>,
}

/// Asks each account for its customers, in the order of the settings.
pub(super) async fn ask(settings: &Settings, client: &Client) -> Result<Lists, Failure> {
    let mut lists = Lists::default();
    let probes = client.probes();
    if probes.is_empty() {
        return Err(Failure::new(
            "no account at the ConnecttoTeams service is configured, and nothing else lists customers",
        )
        .hint(
            "set `connectToTeams` in dialplane.yaml, or name each: `dialplane import --reader graph \
                --tenant-id NAME=GUID --out manifests`",
        ));
    }
    for probe in probes {
        let account = settings
            .all_accounts()
            .find(|(section, ..)| section == probe.section())
            .and_then(|(_, name, _)| name);
        match probe.customers().await {
            Ok(found) => {
                let listed = |customer| ListedCustomer { customer, account: account.clone() };
                lists.customers.extend(found.into_iter().map(listed));
            }
            Err(fault) => lists.failed.push((probe.section().to_owned(), fault)),
        }
    }
    lists.customers.sort_by_cached_key(|listed| {
        let name = listed.customer.name.as_deref().unwrap_or_default();
        (name.to_lowercase(), listed.customer.tenant.clone(), listed.customer.enterprise)
    });
    Ok(lists)
}

impl Lists {
    /// Says which accounts could not be asked; how many.
    pub(super) fn tell_failed(&self) -> usize {
        for (section, fault) in &self.failed {
            let hint = fault.hint.as_ref();
            let hint = hint.map(|hint| format!("  hint: {}\n", line(hint))).unwrap_or_default();
            out::talk(&format!("{}: {}\n{hint}", line(section), line(fault)));
        }
        self.failed.len()
    }
}

/// Which customers are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum CustomerSelection<'a> {
    /// All that are registered.
    All,
    /// Those that a file names.
    In(&'a Path),
}

/// The tenants that are meant, and what is not looked at.
#[derive(Debug, Default)]
pub(super) struct PickedTenants {
    pub(super) tenants: Vec<TenantRef>,
    /// Left alone, because a manifest describes them: by the names that they have there.
    pub(super) described: BTreeSet<TenantName>,
    /// Not registered yet, so they have no tenant.
    pub(super) unregistered: Vec<String>,
}

/// One line of a file that names tenants.
enum CustomerLine {
    /// A name, as the account lists it or as a manifest would have it.
    Name(String),
    /// An id that an account lists.
    Id(TenantId),
    /// A tenant that need not be listed.
    Given(TenantRef),
}

/// Who is meant by one line, or by one entry of a list.
enum CustomerMatch<'l> {
    Given(TenantRef),
    Listed(&'l ListedCustomer),
}

/// Picks tenants that no manifest describes yet. Each gets a name of its own, made of what the
/// account calls it.
pub(super) async fn pick(
    asked: CustomerSelection<'_>,
    (settings, client): (&Settings, &Client),
    described: &Desired,
    live: LiveSource,
) -> Result<PickedTenants, Failure> {
    let wanted = match asked {
        CustomerSelection::All => None,
        CustomerSelection::In(path) => Some((path, read(path)?)),
    };
    let is_listed = |wanted: &CustomerLine| !matches!(wanted, CustomerLine::Given(_));
    let needs_lists =
        wanted.as_ref().is_none_or(|(_, lines)| lines.iter().any(|(_, wanted)| is_listed(wanted)));
    let lists = if needs_lists { ask(settings, client).await? } else { Lists::default() };
    if lists.tell_failed() > 0 {
        return Err(Failure::new("not every account could be asked for its customers")
            .hint("nothing was written; without lists, name tenants as NAME=GUID in a file"));
    }
    let found: Vec<CustomerMatch<'_>> = match wanted {
        None => lists.customers.iter().map(CustomerMatch::Listed).collect(),
        Some((path, lines)) => matched(path, lines, &lists.customers)?,
    };
    let mut picking = TenantPicker {
        described,
        live,
        names: described.tenants.keys().map(|name| name.as_str().to_owned()).collect(),
        ids: BTreeSet::new(),
        picked: PickedTenants::default(),
    };
    found.iter().try_for_each(|found| picking.take(found))?;
    Ok(picking.picked)
}

/// Tenants as they are picked, one after the other.
struct TenantPicker<'d> {
    described: &'d Desired,
    live: LiveSource,
    /// Names that are taken.
    names: BTreeSet<String>,
    /// Who was picked already: a master reseller may list a customer twice.
    ids: BTreeSet<TenantId>,
    picked: PickedTenants,
}

impl TenantPicker<'_> {
    fn take(&mut self, found: &CustomerMatch<'_>) -> Result<(), Failure> {
        let id = match found {
            CustomerMatch::Given(tenant) => &tenant.id,
            CustomerMatch::Listed(ListedCustomer {
                customer: Customer { tenant: Some(id), .. },
                ..
            }) => id,
            CustomerMatch::Listed(listed) => {
                self.picked.unregistered.push(listed.title());
                return Ok(());
            }
        };
        if let Some(known) = self.described.tenants.values().find(|known| known.id == *id) {
            self.picked.described.insert(known.name.clone());
            return Ok(());
        }
        if !self.ids.insert(id.clone()) {
            return Ok(());
        }
        let tenant = match found {
            CustomerMatch::Given(tenant) if self.names.insert(tenant.name.as_str().to_owned()) => {
                Some(TenantRef { live: self.live, ..tenant.clone() })
            }
            CustomerMatch::Given(tenant) => {
                let what = format!("another tenant is called {} already", tenant.name);
                return Err(Failure::new(what).hint("give it a name of its own"));
            }
            CustomerMatch::Listed(listed) => {
                let title = listed.customer.name.as_deref().unwrap_or_default();
                let name = import::tenant_name(title, &mut self.names);
                listed.reference(name, self.live)
            }
        };
        self.picked.tenants.extend(tenant);
        Ok(())
    }
}

/// What the lines of a file mean. All that are not understood are told at once.
fn matched<'l>(
    path: &Path,
    lines: Vec<(usize, CustomerLine)>,
    customers: &'l [ListedCustomer],
) -> Result<Vec<CustomerMatch<'l>>, Failure> {
    let mut found = Vec::new();
    let mut odd = Vec::new();
    for (number, wanted) in lines {
        let (text, those): (String, Vec<&ListedCustomer>) = match wanted {
            CustomerLine::Given(tenant) => {
                found.push(CustomerMatch::Given(tenant));
                continue;
            }
            CustomerLine::Id(id) => {
                let those =
                    customers.iter().filter(|listed| listed.customer.tenant == Some(id.clone()));
                // A master reseller may list a customer twice.
                (id.to_string(), those.take(1).collect())
            }
            CustomerLine::Name(name) => {
                let those = customers.iter().filter(|listed| is_called(listed, &name)).collect();
                (name, those)
            }
        };
        match those.as_slice() {
            [one] => found.push(CustomerMatch::Listed(one)),
            [] => odd.push(format!("line {number}: no account lists `{}`", line(text))),
            more => odd.push(format!(
                "line {number}: {} customers are called `{}`, say the id",
                more.len(),
                line(text)
            )),
        }
    }
    if odd.is_empty() {
        return Ok(found);
    }
    Err(Failure::new(format!("{}: {}", path.display(), first(MAX_NAMED, odd))).hint(
        "`dialplane tenants` shows names and ids; what no account lists is given as NAME=GUID",
    ))
}

/// Whether a customer has this name: as the account spells it, or as a manifest would.
fn is_called(listed: &ListedCustomer, name: &str) -> bool {
    let Some(title) = &listed.customer.name else { return false };
    title.to_lowercase() == name.to_lowercase()
        || import::tenant_name(title, &mut BTreeSet::new()).as_str() == name
}

/// The lines of a file that names tenants, each with its number.
fn read(path: &Path) -> Result<Vec<(usize, CustomerLine)>, Failure> {
    let text = file::read_text(path, MAX_FILE)
        .map_err(|why| Failure::new(format!("{}: {why}", path.display())))?;
    let lines = text.lines().zip(1..).filter_map(|(line, number)| Some((number, wanted(line)?)));
    let lines: Vec<(usize, CustomerLine)> = lines.collect();
    if lines.is_empty() {
        return Err(Failure::new(format!("{} names no tenant", path.display())).hint(
            "one name, id or NAME=GUID a line; `dialplane tenants --output ids` makes such a list",
        ));
    }
    Ok(lines)
}

/// What one line says. A comment begins a line or follows an id: a name may hold a `#`.
fn wanted(line: &str) -> Option<CustomerLine> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let before = line.split_once(" #").map_or(line, |(before, _)| before.trim_end());
    if let Ok(id) = TenantId::parse(before) {
        return Some(CustomerLine::Id(id));
    }
    if let Ok(tenant) = tenant_ref(before) {
        return Some(CustomerLine::Given(tenant));
    }
    Some(CustomerLine::Name(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_tenants_in_three_ways() {
        let id = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
        let told = |line: &str| match wanted(line) {
            None => "nothing".to_owned(),
            Some(CustomerLine::Name(name)) => format!("name {name}"),
            Some(CustomerLine::Id(id)) => format!("id {id}"),
            Some(CustomerLine::Given(tenant)) => format!("given {} {}", tenant.name, tenant.id),
        };
        for (line, expected) in [
            ("", "nothing".to_owned()),
            ("  # Contoso", "nothing".to_owned()),
            (" Contoso Ltd. ", "name Contoso Ltd.".to_owned()),
            ("Contoso #2", "name Contoso #2".to_owned()),
            (&format!("{}  # Contoso", id.to_uppercase()), format!("id {id}")),
            (&format!("contoso={id},+1 # ours"), format!("given contoso {id}")),
            ("a=b", "name a=b".to_owned()),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }
}
