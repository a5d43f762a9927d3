//! Holds that many share, told once.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use crate::{
    foreign,
    plan::{Hold, HoldKind, TenantPlan},
    style::{FAINT, YELLOW},
    words::{first, likewise, many},
};

/// Different holds that are told, at most.
const TOLD: usize = 12;
/// Tenants that are named with a hold, at most.
const NAMED: usize = 3;

/// What one hold holds.
#[derive(Default)]
struct HoldSummary<'p> {
    steps: usize,
    tenants: BTreeSet<&'p str>,
    hold: Option<&'p Hold>,
    /// Some of them have remedies of their own.
    differ: bool,
}

/// All holds of these tenants, each once, those that hold most first.
pub(super) fn write(out: &mut String, tenants: &[&TenantPlan]) -> fmt::Result {
    let mut all: BTreeMap<(&str, &str), HoldSummary<'_>> = BTreeMap::new();
    for tenant in tenants {
        for hold in tenant.holds.iter().filter(|hold| hold.kind != HoldKind::Mode) {
            add(&mut all, tenant, hold).steps += tenant.steps.len();
        }
        for hold in tenant.steps.iter().flat_map(|step| &step.holds) {
            add(&mut all, tenant, hold).steps += 1;
        }
        if let Some(hold) = &tenant.sync_hold {
            add(&mut all, tenant, hold);
        }
    }
    let mut all: Vec<HoldSummary<'_>> = all.into_values().collect();
    let follows =
        |held: &HoldSummary<'_>| held.hold.is_some_and(|hold| hold.kind == HoldKind::AfterHeld);
    all.sort_by_key(|held| (follows(held), Reverse(held.steps), Reverse(held.tenants.len())));
    for held in all.iter().take(TOLD) {
        write_one(out, held)?;
    }
    if all.len() > TOLD {
        writeln!(
            out,
            "{FAINT}... and {}; -v shows all{FAINT:#}",
            many(all.len() - TOLD, "more hold")
        )?;
    }
    if !all.is_empty() {
        out.push('\n');
    }
    Ok(())
}

fn add<'a, 'p>(
    all: &'a mut BTreeMap<(&'p str, &'p str), HoldSummary<'p>>,
    tenant: &'p TenantPlan,
    hold: &'p Hold,
) -> &'a mut HoldSummary<'p> {
    let held = all.entry(key(hold)).or_default();
    held.tenants.insert(tenant.tenant.as_str());
    let first = held.hold.get_or_insert(hold);
    held.differ |= first.remedy != hold.remedy;
    held
}

/// What makes two holds the same for people. Behind what other step each waits is told with it.
fn key(hold: &Hold) -> (&str, &str) {
    let reason = match hold.kind {
        HoldKind::AfterHeld => "",
        _ => &hold.reason,
    };
    (hold.kind.code(), reason)
}

fn write_one(out: &mut String, held: &HoldSummary<'_>) -> fmt::Result {
    let Some(hold) = held.hold else { return Ok(()) };
    let names = first(NAMED, &held.tenants);
    let what = match held.steps {
        0 => names,
        steps => format!("{} of {names}", many(steps, "step")),
    };
    let reason = match hold.kind {
        HoldKind::AfterHeld => "each must come after another step, which is held",
        _ => &hold.reason,
    };
    writeln!(
        out,
        "{YELLOW}held:{YELLOW:#} {what}: {} {FAINT}[{}]{FAINT:#}",
        foreign::line(reason),
        hold.kind.code()
    )?;
    let remedy = match hold.kind {
        HoldKind::AfterHeld => return Ok(()),
        _ if held.differ => likewise(&hold.remedy),
        _ => hold.remedy.clone(),
    };
    writeln!(out, "  {FAINT}hint: {}{FAINT:#}", foreign::line(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, TenantName};

    #[test]
    fn holds_beyond_those_that_are_told_are_counted() {
        let tenant = |number: usize| {
            let name = TenantName::parse(&format!("t{number}")).unwrap();
            let hold = Hold::new(HoldKind::NotRead, format!("reason {number}"), "wait");
            TenantPlan::held(name, None, Mode::Enforce, hold)
        };
        let plans: Vec<TenantPlan> = (0..TOLD + 3).map(tenant).collect();
        let mut out = String::new();
        write(&mut out, &plans.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(out.matches("reason ").count(), TOLD, "{out}");
        assert!(out.contains("... and 3 more holds; -v shows all"), "{out}");
    }
}
