//! Scenarios: manifests and a world, the plan as people read it, the calls that carry it out, and
//! the plan after it.
//!
//! **Invariant:** after an apply, whatever may run has been done: the next plan has no step that
//! may run, and carrying it out sends nothing at all.

mod absence;
mod approvals;
mod brief;
mod counted;
mod disasters;
mod guarded;
mod guards;
mod memory;
mod moves;
mod numbers;
mod patience;
mod renamed;
mod table;
mod undo;
mod unread;
mod vain;
mod windows;

use dialplane::plan::Plan;

use crate::support::{House, NOTHING, assert_numbers_are_unique, runnable, text};

/// Plans, applies, plans again, and keeps all three as the snapshot of the test, or of a case of
/// it: `scenario!(&house)`, `scenario!("case", &house)`.
macro_rules! scenario {
    ($house:expr) => {
        $crate::plan::scenario!("", $house)
    };
    ($case:expr, $house:expr) => {{
        let shown = $crate::plan::played($house).await;
        $crate::snapshot::snapshot!($case, shown);
    }};
}
use scenario;

/// Plans, applies, plans again: what a person reads of it, and the calls.
async fn played(house: &House) -> String {
    let plan = house.plan().await;
    assert_eq!(house.writes(), NOTHING, "planning wrote");
    assert_eq!(text(&plan), text(&house.plan().await), "the same plan twice");
    let calls = carry_out(house, &plan).await;
    let after = house.plan().await;
    done(house, &after).await;
    let calls = if calls.is_empty() { "(none)\n".to_owned() } else { calls.join("\n") + "\n" };
    format!("{}\n# calls\n{calls}\n# the plan after it\n{}", text(&plan), text(&after))
}

/// Applies, and gives the writes that were made.
async fn carry_out(house: &House, plan: &Plan) -> Vec<String> {
    let before = house.writes().len();
    house.apply(plan).await;
    house.sandbox.world(|world| assert_numbers_are_unique(world));
    let writes = house.writes().split_off(before);
    assert!(
        writes.iter().all(|call| !call.contains("callappservice") && !call.contains(".sbc.")),
        "{writes:?}"
    );
    for tenant in plan.tenants.iter().filter(|tenant| !tenant.holds.is_empty()) {
        let touched = |call: &&String| {
            call.ends_with(&format!("@{}.com", tenant.tenant))
                || **call == format!("sync {}", tenant.tenant)
        };
        assert_eq!(writes.iter().find(touched), None, "{} is held", tenant.tenant);
    }
    writes
}

/// Nothing is left that may run.
async fn done(house: &House, plan: &Plan) {
    assert_eq!(runnable(plan), [], "{}", text(plan));
    assert!(plan.tenants.iter().all(|tenant| !tenant.writes()), "{}", text(plan));
    assert_eq!(carry_out(house, plan).await, NOTHING);
}
