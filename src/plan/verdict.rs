//! A plan and what became of it, in the few words that are kept for people who ask about one user
//! later.

use jiff::Timestamp;

use super::{Hold, HoldKind, TenantPlan};
use crate::model::{Pending, Reason, StepOutcome, UserVerdict, Verdict};

impl TenantPlan {
    /// What it says of its users. `outcomes` are those of its steps, by their numbers.
    #[must_use]
    pub fn verdict(&self, outcomes: &[Option<StepOutcome>], at: Timestamp) -> Verdict {
        // What anybody can tell later without a look is not kept.
        let known = |hold: &&Hold| {
            !matches!(hold.kind, HoldKind::Mode | HoldKind::Stopped | HoldKind::Suspended)
        };
        let holds = self.holds.iter().filter(known).map(reason).collect();
        let mut verdict = Verdict { version: Verdict::VERSION, at, holds, users: [].into() };
        for (number, step) in self.steps.iter().enumerate() {
            let outcome = outcomes.get(number).and_then(Option::as_ref).map(ToString::to_string);
            let pending = Pending {
                action: step.action.verb(),
                holds: step.holds.iter().map(reason).collect(),
                outcome,
            };
            verdict.users.entry(step.user.key().to_owned()).or_default().steps.push(pending);
        }
        for problem in &self.remarks.problems {
            let reason = problem.kind.to_string();
            let hint = problem.kind.remedy();
            let user: &mut UserVerdict =
                verdict.users.entry(problem.user.key().to_owned()).or_default();
            user.problem = Some(match user.problem.take() {
                None => Reason { reason, hint, until: None },
                Some(earlier) => Reason {
                    reason: format!("{}; {reason}", earlier.reason),
                    hint: format!("{}; {hint}", earlier.hint),
                    until: None,
                },
            });
        }
        verdict
    }
}

fn reason(hold: &Hold) -> Reason {
    Reason { reason: hold.reason.clone(), hint: hold.remedy.clone(), until: hold.until }
}
