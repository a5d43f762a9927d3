//! What the service shows on stdout.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tracing::debug;

use super::super::{logging, out, report};
use crate::{
    board::{Activity, News},
    journal::JournalLocation,
    model::TenantName,
    plan::{Plan, TenantPlan, render},
};

/// Shows the news on stdout.
pub(super) struct Show {
    /// One JSON object a line instead of text.
    pub(super) json: bool,
    /// Plans as text are shown whole, and not a line for each change.
    pub(super) whole: bool,
    /// stderr is read by a machine.
    pub(super) json_log: bool,
    /// Where what held each user is kept.
    pub(super) place: Option<JournalLocation>,
    /// What was last shown of each tenant: the same hold every quarter of an hour is not news.
    pub(super) shown: Mutex<BTreeMap<TenantName, String>>,
}

impl Show {
    pub(super) fn hear(&self, news: &News<'_>) {
        match news {
            News::Manifests { errors, warnings } if self.json_log => {
                errors.iter().for_each(logging::mistake);
                warnings.iter().for_each(logging::oddity);
            }
            News::Manifests { errors, warnings } => {
                out::diagnostics(errors);
                out::warnings(warnings);
            }
            News::Recovered(tenant, debts) => {
                // As text it is a line of the log.
                if self.json {
                    out::json_line(&serde_json::json!({
                        "version": 1, "kind": "Recovered", "tenant": tenant.as_str(), "recovered": report::debts(debts),
                    }));
                }
            }
            News::Planned(plan, _) => self.planned(plan),
            News::Finished(plan, outcome) => {
                if let Some(place) = &self.place {
                    report::keep(place, plan, outcome);
                }
                let text = report::tenant(plan, outcome);
                if self.json && !text.is_empty() {
                    out::json_line(&report::json(
                        &alone(plan),
                        std::slice::from_ref(*outcome),
                        &BTreeMap::new(),
                    ));
                } else if !text.is_empty() && self.whole {
                    out::data(&format!("{text}\n"));
                } else {
                    out::data(&text);
                }
            }
            News::Tenant(tenant, Activity::Gone) => {
                self.shown().remove(*tenant);
            }
            News::Beat
            | News::Journal(_)
            | News::Stopped(_)
            | News::Lead(_)
            | News::InForce(..)
            | News::Receivers(_)
            | News::Revision(_)
            | News::Sources(_)
            | News::Remembered(..)
            | News::Over
            | News::Tenant(..)
            | News::Ended { .. } => {}
        }
    }

    /// A plan that changes nothing is shown once.
    fn planned(&self, plan: &TenantPlan) {
        let plan_alone = alone(plan);
        let text = if (self.whole || self.json) && plan.says_something() {
            format!("{}\n", render::text(&plan_alone))
        } else {
            render::brief(plan)
        };
        let mut shown = self.shown();
        if shown.get(&plan.tenant) == Some(&text) && !plan.writes() {
            debug!(tenant = %plan.tenant, "nothing new");
        } else if self.json {
            out::json_line(&render::json(&plan_alone));
        } else {
            out::data(&text);
        }
        shown.insert(plan.tenant.clone(), text);
    }

    fn shown(&self) -> MutexGuard<'_, BTreeMap<TenantName, String>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plan of one tenant as a plan.
fn alone(plan: &TenantPlan) -> Plan {
    Plan::of(vec![plan.clone()])
}
