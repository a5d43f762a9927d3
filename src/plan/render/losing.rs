//! Who would lose calling, by tenant and site: what a plan begins with.

use std::{collections::BTreeMap, fmt};

use super::many;
use crate::{
    model::{Site, TenantName},
    plan::{Action, Plan, TenantPlan},
};

/// Tenants that are told by name.
const TOLD: usize = 8;

/// People who would lose calling. Without any it shows nothing.
#[derive(Debug, Default)]
pub(super) struct Losing<'p> {
    tenants: BTreeMap<&'p TenantName, BTreeMap<Option<&'p Site>, usize>>,
    held: usize,
    unforeseen: usize,
}

impl<'p> Losing<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut losing = Self::default();
        for tenant in &plan.tenants {
            losing.unforeseen += tenant.unforeseen().len();
            for site in by_site(tenant) {
                losing.held += site.held;
                if site.people > 0 {
                    losing.tenants.entry(&tenant.tenant).or_default().insert(site.site, site.people);
                }
            }
        }
        losing
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

impl fmt::Display for Losing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people: usize = self.tenants.values().flat_map(BTreeMap::values).sum();
        match people {
            0 if self.held == 0 => {}
            0 => f.write_str("nobody would lose calling")?,
            1 => f.write_str("1 person would lose calling: ")?,
            _ => write!(f, "{people} people would lose calling: ")?,
        }
        let told = self.tenants.iter().take(TOLD).map(|(tenant, sites)| of_tenant(tenant, sites));
        f.write_str(&told.collect::<Vec<_>>().join(", "))?;
        match self.tenants.len().saturating_sub(TOLD) {
            0 => {}
            more => write!(f, " and more in {}", many(more, "other tenant"))?,
        }
        if self.held > 0 {
            write!(f, "; {} held", are(self.held))?;
        }
        let others = if people + self.held > 0 { "; whether" } else { "whether" };
        match self.unforeseen {
            0 => Ok(()),
            1 => write!(f, "{others} 1 person would lose calling cannot be foreseen without the journal"),
            some => write!(f, "{others} {some} people would lose calling cannot be foreseen without the journal"),
        }
    }
}

fn of_tenant(tenant: &TenantName, sites: &BTreeMap<Option<&Site>, usize>) -> String {
    let all: usize = sites.values().sum();
    if sites.keys().all(Option::is_none) {
        return format!("{tenant} {all}");
    }
    let named = sites.iter().filter_map(|(site, count)| Some(format!("{} {count}", (*site)?)));
    let unnamed = sites.get(&None).map(|count| format!("no site {count}"));
    format!("{tenant} {all} ({})", named.chain(unnamed).collect::<Vec<_>>().join(", "))
}

fn are(held: usize) -> String {
    if held == 1 { "1 disable is".to_owned() } else { format!("{held} disables are") }
}
