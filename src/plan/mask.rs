//! Plans for eyes that may not see names and numbers: a comment that more people read than may know
//! the customers' staff.
//!
//! Names become pseudonyms, which are the same in each plan with the same key; of a number its
//! first and its last digits stay; words of people and of services are dropped, and so are places
//! in files, which people name. Tenants, verbs, counts, gateways, switches and codes stay.
//!
//! **Invariant:** what is masked holds no name, no number and no free text of what it was made
//! from. Somebody who knows a small block of numbers may still guess one by its last digits.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    FieldChange, Hold, LiveValue, Note, Plan, Problem, ProblemKind, Step, Steps, TenantPlan,
    UpcomingDates, fingerprint_of,
    render::Mistake,
    review::{RequestedChange, RequestedValue, Review, UnplannedChange},
};
use crate::model::{PhoneNumber, TenantName, UnreadableValue, Upn, Value};

/// Characters of a pseudonym.
const LENGTH: usize = 8;
/// The digits of a pseudonym: letters and digits that nobody takes for each other.
const DIGITS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// What is in the place of words that are dropped.
const DROPPED: &str = "(masked)";

/// What makes pseudonyms.
#[derive(Clone)]
pub struct Mask {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}

impl Mask {
    /// A mask with this key: those who have it can tell which pseudonym is whose. An error, in
    /// words, if it is not a key.
    pub fn new(key: &str) -> Result<Self, String> {
        let keyed = Hmac::new_from_slice(key.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Self { keyed })
    }

    /// A plan without names and numbers.
    #[must_use]
    pub fn plan(&self, plan: &Plan) -> Plan {
        let tenants = plan.tenants.iter().map(|tenant| self.tenant(tenant)).collect();
        let unremembered = plan.unremembered.clone();
        // Who writes is nobody's business who sees pseudonyms.
        let unmasked = Some(fingerprint_of(plan));
        Plan { tenants, unremembered, accounts: BTreeMap::new(), unmasked, at: plan.at }
    }

    /// What a change does, without names and numbers.
    #[must_use]
    pub fn review(&self, review: &Review) -> Review {
        let mut masked = review.clone();
        masked.caused = self.plan(&review.caused);
        masked.drift = self.plan(&review.drift);
        for (tenant, touched) in &mut masked.touched {
            for asked in &mut touched.already {
                self.asked(tenant, asked);
            }
            for UnplannedChange { asked, why } in &mut touched.waits {
                self.asked(tenant, asked);
                DROPPED.clone_into(why);
            }
            for user in &mut touched.off_unproven {
                *user = self.user(tenant, user);
            }
        }
        masked
    }

    /// Mistakes without their words, which repeat what people write.
    #[must_use]
    pub fn mistakes(mistakes: &[Mistake]) -> Vec<Mistake> {
        let masked = Mistake {
            file: None,
            line: None,
            column: None,
            message: "the log has it".to_owned(),
            hint: None,
        };
        vec![masked; mistakes.len()]
    }

    fn asked(&self, tenant: &TenantName, asked: &mut RequestedChange) {
        asked.user = self.user(tenant, &asked.user);
        asked.origin = None;
        if let RequestedValue::Field(_, value) = &mut asked.what {
            *value = self.value(tenant, value);
        }
    }

    fn tenant(&self, plan: &TenantPlan) -> TenantPlan {
        let name = &plan.tenant;
        let users = |users: &[Upn]| users.iter().map(|user| self.user(name, user)).collect();
        let mut masked = plan.clone();
        masked.steps = Steps::default();
        for step in &plan.steps {
            masked.steps.push(self.step(name, step));
        }
        masked.holds.iter_mut().chain(&mut masked.sync_hold).for_each(drop_words);
        masked.remarks.problems =
            plan.remarks.problems.iter().map(|problem| self.problem(name, problem)).collect();
        masked.remarks.notes =
            plan.remarks.notes.iter().filter_map(|note| self.note(name, note)).collect();
        masked.remarks.undecided = users(&plan.remarks.undecided);
        masked
    }

    fn step(&self, tenant: &TenantName, step: &Step) -> Step {
        let mut masked = step.clone();
        masked.user = self.user(tenant, &step.user);
        for FieldChange { live, desired, .. } in &mut masked.changes {
            *desired = self.value(tenant, desired);
            match live {
                LiveValue::Value(value) | LiveValue::Written(value) => {
                    *value = self.value(tenant, value);
                }
                LiveValue::Unreadable(read) => *read = UnreadableValue::new(DROPPED, ""),
                LiveValue::Nothing | LiveValue::NotVisible => {}
            }
        }
        masked.holds.iter_mut().for_each(drop_words);
        masked.approved = Vec::new();
        masked.origin = None;
        masked.site = None;
        masked
    }

    fn problem(&self, tenant: &TenantName, problem: &Problem) -> Problem {
        let kind = match &problem.kind {
            kind @ (ProblemKind::NotVisible
            | ProblemKind::GatewayMissing
            | ProblemKind::PbxMissing(..)
            | ProblemKind::OtherService(_)
            | ProblemKind::ServiceNotShown
            | ProblemKind::NotSwitched(_)) => kind.clone(),
            kind => ProblemKind::Masked(kind.code()),
        };
        Problem { user: self.user(tenant, &problem.user), kind, origin: None }
    }

    /// A note, if it says anything without words of others.
    fn note(&self, tenant: &TenantName, note: &Note) -> Option<Note> {
        let users = |users: &[Upn]| users.iter().map(|user| self.user(tenant, user)).collect();
        Some(match note {
            Note::Unmanaged(named) => Note::Unmanaged(users(named)),
            Note::NotAdopted(named) => Note::NotAdopted(users(named)),
            Note::Unforeseen(named) => Note::Unforeseen(users(named)),
            Note::Early(named) => Note::Early(users(named)),
            Note::Ahead(UpcomingDates { users, next, turns }) => {
                let turns = turns.iter().map(|(user, turn)| (self.user(tenant, user), *turn));
                Note::Ahead(UpcomingDates { users: *users, next: *next, turns: turns.collect() })
            }
            Note::Interruption { users, total, worst } => {
                let worst = worst.iter().map(|(user, wait)| (self.user(tenant, user), *wait));
                let users = *users;
                let total = *total;
                Note::Interruption { users, total, worst: worst.collect() }
            }
            Note::DetailsWait(_)
            | Note::Settling(..)
            | Note::Nameless(_)
            | Note::NotConfirmedYet(_) => note.clone(),
            _ => return None,
        })
    }

    fn user(&self, tenant: &TenantName, user: &Upn) -> Upn {
        let name = format!("user-{}@masked.invalid", self.pseudonym(tenant, user.key()));
        Upn::parse(&name).unwrap_or_else(|_| user.clone())
    }

    fn value(&self, tenant: &TenantName, value: &Value) -> Value {
        match value {
            Value::Phone(number) => Value::Text(shortened(number).into()),
            Value::Text(text) => {
                Value::Text(format!("text-{}", self.pseudonym(tenant, text)).into())
            }
            Value::NoPhone | Value::Gateway(_) | Value::Flag(_) => value.clone(),
        }
    }

    /// The same for the same text of the same tenant, and for nobody else to find without the key.
    fn pseudonym(&self, tenant: &TenantName, text: &str) -> String {
        let keyed = self.keyed.clone().chain_update(tenant.as_str()).chain_update([0]);
        let digest = keyed.chain_update(text).finalize().into_bytes();
        digest.iter().take(LENGTH).map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
    }
}

/// Only the code of a hold stays.
fn drop_words(hold: &mut Hold) {
    DROPPED.clone_into(&mut hold.reason);
    hold.remedy = format!("`dialplane explain {}` says what it means", hold.kind.code());
}

/// The first and the last digits; of a short extension nothing.
fn shortened(number: &PhoneNumber) -> String {
    let shown = number.to_string();
    let digits: Vec<char> = shown.chars().filter(char::is_ascii_digit).collect();
    match digits.as_slice() {
        [first, .., one, two] if digits.len() > 6 => format!("+{first}…{one}{two}"),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantName {
        TenantName::parse(name).unwrap()
    }

    #[test]
    fn a_pseudonym_is_stable_and_needs_the_key_and_the_tenant() {
        let mask = Mask::new("a key that is long").unwrap();
        let other = Mask::new("another key, long too").unwrap();
        let name = |mask: &Mask, at: &str, user: &str| {
            mask.user(&tenant(at), &Upn::parse(user).unwrap()).to_string()
        };
        let adele = name(&mask, "contoso", "adele@contoso.com");
        assert_eq!(adele, name(&mask, "contoso", "Adele@Contoso.com"), "whatever its case");
        assert!(adele.starts_with("user-") && adele.len() == "user-@masked.invalid".len() + LENGTH);
        assert_ne!(adele, name(&mask, "fabrikam", "adele@contoso.com"));
        assert_ne!(adele, name(&mask, "contoso", "adele2@contoso.com"));
        assert_ne!(adele, name(&other, "contoso", "adele@contoso.com"));
    }

    #[test]
    fn of_a_number_the_ends_stay_and_of_an_extension_nothing() {
        let number = |text: &str| shortened(&PhoneNumber::observed(text, None).unwrap());
        assert_eq!(number("+493012345678"), "+4…78");
        assert_eq!(number("2014"), "…");
    }
}
