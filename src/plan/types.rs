//! What a plan is made of. Data only: every choice is in here, so the executor decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Cause, Hold, HoldKind, Note, Problem, Step, Steps};
use crate::model::{
    Fault, Fingerprint, GatewayId, Landing, LeaseId, Managed, Mode, SyncDebt, TenantName,
    TenantRef, Upn,
};

/// What would be done for all tenants.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One plan a tenant, by name.
    pub tenants: Vec<TenantPlan>,
    /// Tenants whose users may be written to, and that the journal has never looked at: a run with
    /// the journal that has knows more of them.
    pub unremembered: BTreeSet<TenantName>,
    /// Which account at which host would write to a tenant, where that is known: a saved plan is
    /// carried out by that one alone.
    pub accounts: BTreeMap<TenantName, String>,
    /// The fingerprint of the plan that this one shows without names, if it does.
    pub unmasked: Option<Fingerprint>,
    /// The moment that it is the plan of, if that is not the one at which it was made: it is only
    /// shown.
    pub at: Option<Timestamp>,
}

impl Plan {
    /// A plan of these tenants, made with all that is remembered of them.
    #[must_use]
    pub fn of(tenants: Vec<TenantPlan>) -> Self {
        Self {
            tenants,
            unremembered: BTreeSet::new(),
            accounts: BTreeMap::new(),
            unmasked: None,
            at: None,
        }
    }

    /// Leaves only some tenants.
    pub fn retain(&mut self, keep: impl Fn(&TenantPlan) -> bool) {
        self.tenants.retain(|tenant| {
            let kept = keep(tenant);
            if !kept {
                self.unremembered.remove(&tenant.tenant);
            }
            kept
        });
    }
}

/// What would be done for one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantPlan {
    /// The tenant.
    pub tenant: TenantName,
    /// How to address it; absent if its manifests are broken.
    pub reference: Option<TenantRef>,
    /// Its mode.
    pub mode: Mode,
    /// The lease that it was made under: it may be carried out under that one only. Without one it
    /// is only shown.
    pub lease: Option<LeaseId>,
    /// The steps in an order in which they may be carried out one by one; the position is the
    /// step's number.
    pub steps: Steps,
    /// Why nothing of this may run. The steps are there all the same, for people to read.
    pub holds: Vec<Hold>,
    /// Whether the service will be asked to sync.
    pub sync: SyncPlan,
    /// Until when the sync has to wait, because the last one was sent so shortly before.
    pub sync_from: Option<Timestamp>,
    /// Why it may not be sent before people have looked at it, if so; then it has to wait as well.
    pub sync_hold: Option<Hold>,
    /// When a date of one of its users comes next.
    pub due: Option<Timestamp>,
    /// What an approval of this plan, or a saved copy of it, is held against; absent if nothing was
    /// read, or nothing is to be done.
    pub fingerprint: Option<Fingerprint>,
    /// Tenants whose next pass may free or prove a number that is waited for here.
    pub waits_for: BTreeSet<TenantName>,
    /// The gateways that users with calling are to have, each with how many of them; absent if
    /// nothing was compared.
    pub gateways: Option<BTreeMap<GatewayId, usize>>,
    /// What people are told beside that.
    pub remarks: Remarks,
    /// What the observation has shown that belongs on record.
    pub facts: Facts,
}

/// What people are told, and nothing is done about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Remarks {
    /// Users that something is wrong with, which no step mends.
    pub problems: Vec<Problem>,
    /// What was noticed and left alone.
    pub notes: Vec<Note>,
    /// Users whose last answer was lost, and it is not known yet what became of it.
    pub undecided: Vec<Upn>,
    /// How many managed users Teams shows as the service does, where that was asked.
    pub confirmed: Option<Confirmed>,
}

/// Facts for the journal: what an observation has shown, whatever is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Users whose lost answers are decided by this observation, or waited for in vain.
    pub decided: Vec<Upn>,
    /// Values written earlier that it shows.
    pub landed: Vec<Landing>,
    /// Users who are managed from now on.
    pub managed: Vec<Managed>,
    /// Users who were managed and are no longer visible.
    pub vanished: Vec<Upn>,
    /// How many users a whole list has, where that is news.
    pub counted: Option<usize>,
}

impl Facts {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { decided, landed, managed, vanished, counted } = self;
        decided.is_empty()
            && landed.is_empty()
            && managed.is_empty()
            && vanished.is_empty()
            && counted.is_none()
    }
}

/// Managed users by what Teams shows of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// Teams shows what the service shows.
    pub confirmed: usize,
    /// Not yet, which is normal after a change.
    pub waiting: usize,
    /// Teams shows something else.
    pub differ: usize,
}

impl Confirmed {
    /// All of them.
    #[must_use]
    pub fn of(self) -> usize {
        self.confirmed + self.waiting + self.differ
    }
}

/// Whether the service is asked to sync after the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncPlan {
    /// There is nothing to sync.
    NotNeeded,
    /// Once, after the steps.
    AfterSteps,
    /// An earlier run wrote and could not sync.
    Owed(SyncDebt),
    /// What became of a lost answer is decided now. It may have been carried out after the last
    /// sync. The answer was lost then.
    Again(Timestamp),
}

impl TenantPlan {
    /// A plan that only says why there is none.
    #[must_use]
    pub fn held(tenant: TenantName, reference: Option<TenantRef>, mode: Mode, hold: Hold) -> Self {
        Self {
            tenant,
            reference,
            mode,
            lease: None,
            steps: Steps::default(),
            holds: vec![hold],
            sync: SyncPlan::NotNeeded,
            sync_from: None,
            sync_hold: None,
            due: None,
            fingerprint: None,
            waits_for: BTreeSet::new(),
            gateways: None,
            remarks: Remarks::default(),
            facts: Facts::default(),
        }
    }

    /// Whether a step may run.
    #[must_use]
    pub fn may_run(&self, step: &Step) -> bool {
        self.holds.is_empty() && step.holds.is_empty()
    }

    /// The steps that may run and send what was sent before and did not land.
    pub fn late_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| self.may_run(step) && step.is_late())
    }

    /// Whether live state could not be read, so nothing is known.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.holds.iter().any(|hold| hold.kind == HoldKind::NotRead)
    }

    /// Whether carrying this out would call the service to change anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.holds.is_empty() && self.sync != SyncPlan::NotNeeded
    }

    /// Whether it is held: something is wanted and may not run now. A tenant whose mode alone keeps
    /// it from running is as people want it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hold().is_some() || self.held_steps() > 0 || self.sync_hold.is_some()
    }

    /// What holds the whole tenant, if anything but its mode does.
    #[must_use]
    pub fn hold(&self) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.kind != HoldKind::Mode)
    }

    /// The steps that are held, each for a reason of its own, in a tenant that is not held as a
    /// whole.
    #[must_use]
    pub fn held_steps(&self) -> usize {
        if self.holds.is_empty() {
            self.steps.iter().filter(|step| !step.holds.is_empty()).count()
        } else {
            0
        }
    }

    /// Whether somebody has to look at it: something is held, a user cannot be planned for, or it
    /// cannot be foreseen here what a run would do.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.is_held() || !self.remarks.problems.is_empty() || !self.unforeseen().is_empty()
    }

    /// What differs and is only shown, because the mode is `report`.
    #[must_use]
    pub fn drift(&self) -> &[Step] {
        if self.mode == Mode::Report { &self.steps } else { &[] }
    }

    /// The users that a run may disable or not, which cannot be foreseen here. A mode that writes
    /// nothing disables nobody.
    #[must_use]
    pub fn unforeseen(&self) -> &[Upn] {
        let users = self.remarks.notes.iter().find_map(|note| match note {
            Note::Unforeseen(users) if self.mode == Mode::Enforce => Some(users.as_slice()),
            _ => None,
        });
        users.unwrap_or_default()
    }

    /// Whether somebody would lose calling now only because no manifest names the user.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.steps.iter().any(|step| step.cause == Cause::NotNamed && self.may_run(step))
    }

    /// When something that is held may run without a person, if that is known.
    #[must_use]
    pub fn resumes(&self) -> Option<Timestamp> {
        self.holds
            .iter()
            .chain(self.steps.iter().flat_map(|step| &step.holds))
            .filter_map(|hold| hold.until)
            .chain(self.due)
            .min()
    }

    /// The approvals without which some step that may run would be held.
    #[must_use]
    pub fn approvals(&self) -> Vec<&TenantName> {
        let running = self.steps.iter().filter(|step| self.may_run(step));
        running.flat_map(|step| &step.approved).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether anything is to be said about it.
    #[must_use]
    pub fn says_something(&self) -> bool {
        let silent = self.steps.is_empty()
            && self.holds.is_empty()
            && self.remarks.problems.is_empty()
            && self.remarks.notes.is_empty()
            && self.sync == SyncPlan::NotNeeded;
        !silent
    }

    /// Nothing may be written at all, for this reason.
    pub fn stop(&mut self, fault: &Fault) {
        let remedy = fault.hint.clone().unwrap_or_default();
        self.holds.insert(0, Hold::new(HoldKind::Stopped, fault.message.clone(), remedy));
    }
}
