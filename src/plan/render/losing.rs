//! Who would lose calling, by tenant and site: what a plan begins with.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{
    model::{Site, TenantName},
    plan::{Action, Plan, TenantPlan},
    words::{list, many},
};

/// Tenants that are told by name, at most.
const TENANTS: usize = 8;
/// Sites of a tenant that are, at most.
const SITES: usize = 12;

/// People who would lose calling. Without any it shows nothing.
#[derive(Debug, Default)]
pub(super) struct CallingLosses<'p> {
    tenants: BTreeMap<&'p TenantName, BTreeMap<Option<&'p Site>, usize>>,
    held: usize,
    unforeseen: usize,
}

impl<'p> CallingLosses<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut losing = Self::default();
        for tenant in &plan.tenants {
            losing.unforeseen += tenant.unforeseen().len();
            for site in by_site(tenant) {
                losing.held += site.held;
                if site.people > 0 {
                    losing
                        .tenants
                        .entry(&tenant.tenant)
                        .or_default()
                        .insert(site.site, site.people);
                }
            }
        }
        losing
    }

    /// Whether anybody would for certain.
    pub(super) fn anybody(&self) -> bool {
        !self.tenants.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tenants.is_empty() && self.held == 0 && self.unforeseen == 0
    }
}

/// The people of one site.
pub(super) struct AtSite<'p> {
    pub(super) site: Option<&'p Site>,
    /// Who would lose calling.
    pub(super) people: usize,
    /// Who would, were it not held.
    pub(super) held: usize,
}

/// The people of one tenant who would lose calling, by site.
pub(super) fn by_site(tenant: &TenantPlan) -> Vec<AtSite<'_>> {
    let mut sites: BTreeMap<Option<&Site>, AtSite<'_>> = BTreeMap::new();
    for step in tenant.steps.iter().filter(|step| step.action == Action::Disable) {
        let site = step.site.as_ref();
        let at = sites.entry(site).or_insert(AtSite { site, people: 0, held: 0 });
        *if tenant.may_run(step) { &mut at.people } else { &mut at.held } += 1;
    }
    sites.into_values().collect()
}

impl CallingLosses<'_> {
    /// In one line, the largest first. `name` makes names fit for the place where it is shown.
    pub(super) fn words(&self, name: impl Fn(&str) -> String) -> String {
        let people: usize = self.tenants.values().flat_map(BTreeMap::values).sum();
        let mut out = match people {
            0 if self.held == 0 => String::new(),
            0 => "nobody would lose calling".to_owned(),
            _ => format!("{} would lose calling: ", many(people, "person")),
        };
        let of = |sites: &BTreeMap<_, usize>| sites.values().sum::<usize>();
        let mut tenants: Vec<_> = self.tenants.iter().collect();
        tenants.sort_by_key(|(_, sites)| Reverse(of(sites)));
        let told =
            tenants.iter().take(TENANTS).map(|(tenant, sites)| of_tenant(tenant, sites, &name));
        out += &list(told);
        let more: usize = tenants.iter().skip(TENANTS).map(|(_, sites)| of(sites)).sum();
        if more > 0 {
            out.extend([
                " and ",
                &more.to_string(),
                " in ",
                &many(tenants.len() - TENANTS, "other tenant"),
            ]);
        }
        match self.held {
            0 => {}
            1 => out += "; 1 disable is held",
            held => out.extend(["; ", &held.to_string(), " disables are held"]),
        }
        let others = if out.is_empty() { "whether" } else { "; whether" };
        match self.unforeseen {
            0 => {}
            some => out.extend([
                others,
                " ",
                &many(some, "person"),
                " would lose calling cannot be foreseen without the journal",
            ]),
        }
        out
    }
}

fn of_tenant(
    tenant: &TenantName,
    sites: &BTreeMap<Option<&Site>, usize>,
    name: impl Fn(&str) -> String,
) -> String {
    let all: usize = sites.values().sum();
    let shown = name(tenant.as_str());
    if sites.keys().all(Option::is_none) {
        return format!("{shown} {all}");
    }
    let mut named: Vec<(&Site, usize)> =
        sites.iter().filter_map(|(site, count)| Some(((*site)?, *count))).collect();
    named.sort_by_key(|(_, count)| Reverse(*count));
    let mut parts: Vec<String> = named
        .iter()
        .take(SITES)
        .map(|(site, count)| format!("{} {count}", name(site.as_str())))
        .collect();
    let more: usize = named.iter().skip(SITES).map(|(_, count)| count).sum();
    if more > 0 {
        parts.push(format!("{more} in {}", many(named.len() - SITES, "other site")));
    }
    parts.extend(sites.get(&None).map(|count| format!("no site {count}")));
    format!("{shown} {all} ({})", list(parts))
}
