//! What goes wrong, and when: the switches of the sandbox.
//!
//! ```text
//! every call --latency--> first rule that matches and whose die falls --> instead of, or on top of, the answer
//! ```
//!
//! **Invariant:** whether a die falls depends on the seed, the call and how often that very call
//! was made, never on the clock or on the order in which calls of different users arrive: a run
//! with several calls in flight can be repeated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    dice::Dice,
    route::{RequestTarget, Route},
    rule::FaultRule,
    wire::Reply,
};

/// The switches. As JSON, everything that is left out has its default, and an unknown key is
/// refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Faults {
    /// What all dice are thrown with.
    pub seed: u64,
    /// How slow every answer is.
    pub latency: Latency,
    /// How long a token is good for.
    pub token_lifetime_seconds: u32,
    /// No credentials are accepted.
    pub wrong_credentials: bool,
    /// The API admin never logged in to change the initial password (contract 2.1).
    pub password_never_changed: bool,
    /// How far the service's clock is ahead, as its answers tell it.
    pub clock_ahead_seconds: i32,
    /// The API admin is one of a master reseller: the tenants belong to resellers below it.
    pub master_reseller: bool,
    /// The answer about an enterprise does not say which reseller it belongs to.
    pub hide_reseller: bool,
    /// How long a list of users goes on showing what was before a write.
    pub visible_after_ms: u64,
    /// How long Teams, and so Graph, goes on showing what was before something was pushed.
    pub teams_visible_after_ms: u64,
    /// No admin of a customer has let the application of Graph in.
    pub graph_not_let_in: bool,
    /// The application of Graph may not read the list of numbers.
    pub graph_numbers_not_allowed: bool,
    /// Numbers of Teams that others than users hold, each with its `assignmentStatus`, such as
    /// `voiceApplicationAssigned`. Only the list of numbers shows them.
    pub teams_numbers: Vec<(String, String)>,
    /// How long a sync runs; another one is refused meanwhile.
    pub sync_takes_ms: u64,
    /// How an update that takes somebody's number is refused.
    pub held_number: HeldNumber,
    /// What an update does with a field that it does not carry (contract 10 #11).
    pub omitted_fields: Omitted,
    /// What an update does with an empty `phoneNumber` (contract 10 #14).
    pub empty_phone: EmptyPhone,
    /// Texts of lists of users and of enterprises, and what is there instead of each: how
    /// another service would spell it.
    pub respell: Vec<(String, String)>,
    /// What a rule's failure says instead of the sandbox's own words: a service may say anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What goes wrong; the first rule that applies to a call counts.
    pub rules: Vec<FaultRule>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            latency: Latency::default(),
            token_lifetime_seconds: 3600,
            wrong_credentials: false,
            password_never_changed: false,
            clock_ahead_seconds: 0,
            master_reseller: false,
            hide_reseller: false,
            visible_after_ms: 0,
            teams_visible_after_ms: 0,
            graph_not_let_in: false,
            graph_numbers_not_allowed: false,
            teams_numbers: Vec::new(),
            sync_takes_ms: 0,
            held_number: HeldNumber::Conflict,
            omitted_fields: Omitted::Keep,
            empty_phone: EmptyPhone::Clears,
            respell: Vec::new(),
            words: None,
            rules: Vec::new(),
        }
    }
}

/// How slow answers are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Latency {
    /// Always this long.
    pub fixed_ms: u64,
    /// And up to this much longer.
    pub random_ms: u64,
}

/// How an update that takes somebody's number is refused; the vendor's way is unknown (contract 10
/// #9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeldNumber {
    /// 409.
    Conflict,
    /// 200 with `hasErrors`.
    ErrorInside,
}

/// What an update does with an empty `phoneNumber`; the vendor's way is unknown (contract 10 #14,
/// #15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmptyPhone {
    /// The number is free.
    Clears,
    /// 400.
    Refused,
    /// The user keeps the number, and the answer says that all is well.
    Ignored,
}

/// What an update does with a field that it does not carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Omitted {
    /// Leaves it as it is.
    Keep,
    /// Resets it.
    Clear,
}

impl Faults {
    /// What is wrong with the switches, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        let odd = self
            .rules
            .iter()
            .filter_map(|rule| rule.probability)
            .find(|p| !(0.0..=1.0).contains(p));
        let status = self
            .rules
            .iter()
            .filter_map(|rule| rule.status)
            .find(|status| !(400..600).contains(status));
        odd.map(|probability| format!("`probability` is {probability}; it goes from 0 to 1"))
            .or_else(|| {
                status.map(|status| format!("`status` is {status}; it goes from 400 to 599"))
            })
    }

    /// What goes wrong with this call. The rule that strikes is counted down.
    pub(super) fn strike(&mut self, target: &RequestTarget, dice: &mut Dice) -> Option<FaultRule> {
        let seed = self.seed;
        let rule = self.rules.iter_mut().enumerate().find_map(|(index, rule)| {
            let falls = |p| p >= 1.0 || dice.rng(seed, &format!("rule {index} {target}")).f64() < p;
            (rule.concerns(target) && rule.probability.is_none_or(falls)).then_some(rule)
        })?;
        rule.times = rule.times.map(|times| times.saturating_sub(1));
        Some(rule.clone())
    }

    /// A list of users or of enterprises as another service would spell it.
    pub(super) fn respelt(&self, route: Route, mut reply: Reply) -> Reply {
        if matches!(
            route,
            Route::ListUsers
                | Route::GraphUsers
                | Route::GraphNumbers
                | Route::Enterprises
                | Route::ConsentLink
        ) {
            for (ours, theirs) in &self.respell {
                reply.body = reply.body.replace(ours, theirs);
            }
        }
        reply
    }

    /// How long this call takes.
    pub(super) fn latency(&self, target: &str, dice: &mut Dice) -> Duration {
        let random = match self.latency.random_ms {
            0 => 0,
            most => dice.rng(self.seed, &format!("latency {target}")).u64(0..=most),
        };
        Duration::from_millis(self.latency.fixed_ms.saturating_add(random))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::rule::InjectedFault;

    fn target(user: &str) -> RequestTarget {
        RequestTarget {
            route: Route::Disable,
            tenant: None,
            user: crate::model::Upn::parse(user).ok(),
        }
    }

    #[test]
    fn dice_do_not_mind_the_order_of_calls() {
        let rule = FaultRule { probability: Some(0.5), ..FaultRule::new(InjectedFault::Server) };
        let struck = |users: [&'static str; 4]| {
            let mut faults = Faults { seed: 7, rules: vec![rule.clone()], ..Faults::default() };
            let mut dice = Dice::default();
            let strike = |user| (user, faults.strike(&target(user), &mut dice).is_some());
            users.map(strike).into_iter().collect::<BTreeSet<_>>()
        };
        assert_eq!(
            struck(["a@x.y", "b@x.y", "c@x.y", "d@x.y"]),
            struck(["d@x.y", "c@x.y", "b@x.y", "a@x.y"])
        );
    }

    #[test]
    fn a_rule_is_for_its_user_and_is_used_up() {
        let rule = FaultRule::new(InjectedFault::Lost).on(Route::Disable).user("A@x.y").times(1);
        let mut faults = Faults { rules: vec![rule], ..Faults::default() };
        let mut dice = Dice::default();
        assert!(faults.strike(&target("b@x.y"), &mut dice).is_none());
        assert!(faults.strike(&target("a@x.y"), &mut dice).is_some());
        assert!(faults.strike(&target("a@x.y"), &mut dice).is_none());
    }
}
