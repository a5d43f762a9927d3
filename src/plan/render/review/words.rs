//! Words that text and Markdown share.

use jiff::Timestamp;

use crate::{
    foreign::line,
    model::{Calling, Origin, Upn},
    plan::{
        Plan, TenantPlan,
        render::{Compared, Tally, mistake},
        review::{RequestedChange, RequestedValue, Review, Setting, TenantReview},
    },
    words::{first, list, many, time},
};

/// What was compared, in a sentence without its full stop.
pub(super) fn compared(compared: &Compared) -> String {
    let Compared { base, head, live, observed, .. } = compared;
    let observed = observed.map(|at| format!(", observed at {}", time(at))).unwrap_or_default();
    match live {
        Some(live) => format!("from {base} to {head}, against {live}{observed}"),
        None => format!("from {base} to {head}, not compared with the service"),
    }
}

/// What it means that the change lacks commits of `base`, or may lack some, in a sentence without its
/// full stop.
#[must_use]
pub fn lacks(compared: &Compared) -> Option<String> {
    let Compared { base, .. } = compared;
    match compared.lacks {
        Some(0) => None,
        Some(count) => {
            let says = if count == 1 { "it says" } else { "they say" };
            Some(format!(
                "the change lacks {} of {base}: what {says} counts as taken back here, and a merge \
                    keeps it",
                many(count, "commit")
            ))
        }
        None => Some(format!(
            "whether the change lacks commits of {base} cannot be told in a shallow clone: what \
                they say would count as taken back here, and a merge keeps it"
        )),
    }
}

/// What is left out because some tenants or users were asked for, in a sentence without its full
/// stop.
pub(super) fn left_out(compared: &Compared) -> Option<String> {
    let left = compared.left_out?;
    let parts = [
        (left.steps, "step"),
        (left.problems, "user in need of attention"),
        (left.waits, "value without a step"),
        (left.drift, "step of drift"),
    ];
    let some = parts.iter().filter(|(count, _)| *count > 0);
    let mut said: Vec<String> = some.map(|(count, what)| counted(*count, what)).collect();
    if left.losing_calling > 0 {
        said.insert(0, format!("{} would lose calling", many(left.losing_calling, "person")));
    }
    if left.tenants > 0 {
        said.push(format!("{} as a whole", many(left.tenants, "tenant")));
    }
    if said.is_empty() {
        return Some("nothing is left out by --tenant and --user".to_owned());
    }
    Some(format!("left out by --tenant and --user: {}", list(said)))
}

/// A count whose noun has more words behind it.
fn counted(count: usize, what: &str) -> String {
    match what.split_once(' ') {
        Some((noun, more)) => format!("{} {more}", many(count, noun)),
        None => many(count, what),
    }
}

/// `callPolicy.name: "Sales"`, `calling: disabled`.
fn what(asked: &RequestedChange) -> String {
    match &asked.what {
        RequestedValue::Calling(Calling::Enabled) => "calling: enabled".to_owned(),
        RequestedValue::Calling(Calling::Disabled) if asked.origin.is_none() => {
            "calling: disabled (named no longer)".to_owned()
        }
        RequestedValue::Calling(Calling::Disabled) => "calling: disabled".to_owned(),
        RequestedValue::Field(field, value) => line(format_args!("{field}: {value}")),
        RequestedValue::From(at) => format!("from: {}", date(*at)),
        RequestedValue::Until(at) => format!("until: {}", date(*at)),
    }
}

fn date(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "none".to_owned(), |at| time(at).to_string())
}

/// What is asked for one user and came out alike.
pub(super) struct RequestGroup<'r> {
    pub(super) user: &'r Upn,
    pub(super) origin: Option<&'r Origin>,
    pub(super) asked: Vec<&'r RequestedChange>,
    /// Why no step is planned, where none is.
    pub(super) why: Option<&'r str>,
}

impl RequestGroup<'_> {
    /// `calling: enabled, userTag: sales`.
    pub(super) fn words(&self) -> String {
        list(self.asked.iter().map(|asked| what(asked)))
    }

    pub(super) fn is_unforeseen(&self) -> bool {
        self.asked.iter().any(|asked| asked.unforeseen)
    }
}

/// That users who stay disabled may have been enabled lately, which a run would take back.
pub(super) fn off_unproven(touched: &TenantReview) -> Option<String> {
    let users = &touched.off_unproven;
    (!users.is_empty()).then(|| {
        format!(
            "disabled with and without the change, as far as is seen: {}; a run whose journal has \
                enabled one of them lately disables that user again",
            first(NAMED, users)
        )
    })
}

/// Users who are named of many.
const NAMED: usize = 5;

/// What no step is planned for, user by user.
pub(super) fn waits(touched: &TenantReview) -> Vec<RequestGroup<'_>> {
    let waits = touched.waits.iter();
    grouped(waits.map(|waiting| (&waiting.asked, Some(waiting.why.as_str()))))
}

/// What is true already, user by user.
pub(super) fn already(touched: &TenantReview) -> Vec<RequestGroup<'_>> {
    grouped(touched.already.iter().map(|asked| (asked, None)))
}

fn grouped<'r>(
    all: impl Iterator<Item = (&'r RequestedChange, Option<&'r str>)>,
) -> Vec<RequestGroup<'r>> {
    let mut groups: Vec<RequestGroup<'r>> = Vec::new();
    for (asked, why) in all {
        match groups.last_mut() {
            Some(group) if (group.user, group.why) == (&asked.user, why) => group.asked.push(asked),
            _ => groups.push(RequestGroup {
                user: &asked.user,
                origin: asked.origin.as_ref(),
                asked: vec![asked],
                why,
            }),
        }
    }
    groups
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
pub(super) struct DriftSummary {
    pub(super) reverted: usize,
    pub(super) left: usize,
    pub(super) tenants: usize,
}

impl DriftSummary {
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
pub(super) fn verdict(review: &Review, from: &Compared) -> String {
    let tally = Tally::of(&review.caused);
    let mut parts: Vec<String> = mistake::verdict(&from.mistakes).into_iter().collect();
    parts.push(if review.caused.tenants.is_empty() {
        "nothing to do because of it".to_owned()
    } else {
        tally.to_string()
    });
    let changed = review.touched.values().filter(|touched| !touched.settings.is_empty()).count();
    if changed > 0 {
        parts.push(format!("settings of {} change", many(changed, "tenant")));
    }
    if !review.dropped.is_empty() {
        parts.push(format!("{} no longer described", many(review.dropped.len(), "tenant")));
    }
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
    let beside = review.unforeseen_beside();
    if beside > 0 {
        parts.push(format!(
            "beside it {} may be disabled, which cannot be foreseen without the journal",
            many(beside, "user")
        ));
    }
    let drift = DriftSummary::of(review.drift.tenants.iter());
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
        .filter(|tenant| {
            let says_something = !tenant.steps.is_empty() || !tenant.unforeseen().is_empty();
            says_something || !compared.changed_only
        })
        .partition(|tenant| !compared.changed_only || review.concerns(&tenant.tenant))
}
