//! Words that text and Markdown share.

use crate::{
    foreign::line,
    model::Calling,
    plan::{
        Plan, TenantPlan,
        render::{Compared, Tally},
        review::{Asked, Review, Setting, What},
    },
    words::{list, many},
};

/// What was compared, in a sentence without its full stop.
pub(super) fn compared(compared: &Compared) -> String {
    let Compared { base, head, live, .. } = compared;
    match live {
        Some(live) => format!("from {base} to {head}, against {live}"),
        None => format!("from {base} to {head}, not compared with the service"),
    }
}

/// `callPolicy.name: "Sales"`, `calling: disabled`.
pub(super) fn what(asked: &Asked) -> String {
    match &asked.what {
        What::Calling(Calling::Enabled) => "calling: enabled".to_owned(),
        What::Calling(Calling::Disabled) if asked.origin.is_none() => {
            "calling: disabled (named no longer)".to_owned()
        }
        What::Calling(Calling::Disabled) => "calling: disabled".to_owned(),
        What::Field(field, value) => line(format_args!("{field}: {value}")),
    }
}

/// `mode: report -> enforce, limits`.
pub(super) fn settings(settings: &[Setting]) -> String {
    list(settings.iter().map(|setting| match setting.words {
        Some((before, after)) => format!("{}: {before} -> {after}", setting.name),
        None => setting.name.to_owned(),
    }))
}

/// Steps of drift: what the service reverts, and what it leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Drift {
    pub(super) reverted: usize,
    pub(super) left: usize,
    pub(super) tenants: usize,
}

impl Drift {
    pub(super) fn of<'p>(tenants: impl Iterator<Item = &'p TenantPlan>) -> Self {
        let mut drift = Self::default();
        for tenant in tenants.filter(|tenant| !tenant.steps.is_empty()) {
            let reverted = tenant.steps.iter().filter(|step| tenant.may_run(step)).count();
            drift.reverted += reverted;
            drift.left += tenant.steps.len() - reverted;
            drift.tenants += 1;
        }
        drift
    }

    pub(super) fn is_empty(self) -> bool {
        self.reverted + self.left == 0
    }

    /// `2 to be reverted, 1 to be left`.
    pub(super) fn words(self) -> String {
        let parts = [(self.reverted, "to be reverted"), (self.left, "to be left")];
        let some = parts.iter().filter(|(count, _)| *count > 0);
        list(some.map(|(count, what)| format!("{count} {what}")))
    }
}

/// Everything in one line: what is caused, then what is not.
pub(super) fn verdict(review: &Review) -> String {
    let tally = Tally::of(&review.caused);
    let mut parts = vec![if review.caused.tenants.is_empty() {
        "nothing to do because of it".to_owned()
    } else {
        tally.to_string()
    }];
    let waits: usize = review.touched.values().map(|touched| touched.waits.len()).sum();
    if waits > 0 {
        parts.push(format!("{} without a step", many(waits, "value")));
    }
    let already: usize = review.touched.values().map(|touched| touched.already.len()).sum();
    if already > 0 {
        parts.push(format!("{already} true already"));
    }
    let unforeseen = review.unforeseen();
    if unforeseen > 0 {
        parts.push(format!(
            "{} may be disabled, which cannot be foreseen without the journal",
            many(unforeseen, "user")
        ));
    }
    let drift = Drift::of(review.drift.tenants.iter());
    if !drift.is_empty() {
        parts.push(format!("drift beside it: {}", drift.words()));
    }
    parts.join("; ")
}

/// The drift of tenants that the change concerns, and that of the others.
pub(super) fn drift<'r>(
    review: &'r Review,
    compared: &Compared,
) -> (Vec<&'r TenantPlan>, Vec<&'r TenantPlan>) {
    let Plan { tenants, .. } = &review.drift;
    tenants
        .iter()
        .filter(|tenant| !tenant.steps.is_empty() || !compared.changed_only)
        .partition(|tenant| !compared.changed_only || review.concerns(&tenant.tenant))
}
