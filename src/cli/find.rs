//! Who is meant by what somebody typed: a user principal name, the beginning of one, or a telephone
//! number.

use std::{collections::BTreeSet, sync::Arc};

use super::exit::Failure;
use crate::{
    model::{DesiredTenant, Field, Memory, PhoneNumber, TenantName, Upn, Value},
    words::first,
};

/// Users that are explained at once, at most.
const MOST: usize = 5;
/// How alike a name must be to be suggested.
const ALIKE: f64 = 0.85;

/// Digits of a number without its country, at least.
const LOCAL: usize = 6;

/// A user of a tenant.
pub(super) type TenantUser = (TenantName, Upn);

/// Who is known: by the manifests, by the journal, by the last plans.
pub(super) struct UserIndex<'k> {
    /// Each tenant with what the journal knows of it and the users in its last plan.
    pub(super) tenants: Vec<(&'k DesiredTenant, Arc<Memory>, Vec<Upn>)>,
}

/// Who is meant.
pub(super) enum SearchMatch {
    /// These users.
    Users(Vec<TenantUser>),
    /// Users who want a number, or were the last to be sent it.
    Number { number: String, wanted: Vec<TenantUser>, sent: Vec<TenantUser> },
}

impl UserIndex<'_> {
    /// Finds out.
    pub(super) fn meant(&self, text: &str) -> Result<SearchMatch, Failure> {
        if let Some(number) = looks_like_a_number(text) {
            return self.number(&number);
        }
        if text.contains('@') {
            let user = Upn::parse(text).map_err(Failure::new)?;
            let found: Vec<TenantUser> = self.all().filter(|(_, known)| *known == user).collect();
            return if found.is_empty() {
                Err(self.unknown(text))
            } else {
                Ok(SearchMatch::Users(found))
            };
        }
        let begin = text.to_lowercase();
        let found: BTreeSet<TenantUser> =
            self.all().filter(|(_, user)| user.key().starts_with(&begin)).collect();
        match found.len() {
            0 => Err(self.unknown(text)),
            1..=MOST => Ok(SearchMatch::Users(found.into_iter().collect())),
            more => {
                let told = first(MOST, found.iter().map(|(_, user)| user));
                Err(Failure::new(format!("{more} users begin with `{text}`"))
                    .hint(format!("they are {told}: say more of the name")))
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = TenantUser> + '_ {
        self.tenants.iter().flat_map(|(tenant, memory, spoken_of)| {
            let named = tenant.users.keys().chain(memory.written.keys()).chain(spoken_of).cloned();
            let managed = memory.managed.iter().map(|(user, _)| user);
            let users: BTreeSet<Upn> = named.chain(managed).collect();
            users.into_iter().map(|user| (tenant.name.clone(), user)).collect::<Vec<_>>()
        })
    }

    fn number(&self, text: &str) -> Result<SearchMatch, Failure> {
        let mut wanted = Vec::new();
        let mut sent = Vec::new();
        let mut understood =
            PhoneNumber::parse(text, None).map(|number| number.normal().to_owned());
        for (tenant, memory, _) in &self.tenants {
            let Ok(number) = PhoneNumber::parse(text, tenant.extension_prefix.as_ref()) else {
                continue;
            };
            let user = |user: &Upn| (tenant.name.clone(), user.clone());
            let same = |other: &PhoneNumber| other.normal() == number.normal();
            let wants = tenant.users.values().filter(|user| user.details.phone().is_some_and(same));
            wanted.extend(wants.map(|wants| user(&wants.upn)));
            let got = memory.written.iter().filter(|(_, written)| {
                let write = written.details.get(&Field::PhoneNumber);
                write.is_some_and(
                    |write| matches!(&write.value, Value::Phone(number) if same(number)),
                )
            });
            sent.extend(got.map(|(upn, _)| user(upn)));
            understood = Ok(number.normal().to_owned());
        }
        let number = understood.map_err(|why| {
            let failure = Failure::new(why);
            if let Some((number, user)) = self.ends_as(text) {
                return failure.hint(format!("did you mean {number} of {user}?"));
            }
            failure.hint(PhoneNumber::advice(text))
        })?;
        if wanted.is_empty() && sent.is_empty() {
            if let Some((number, user)) = self.ends_as(text) {
                return Err(Failure::new(format!("no manifest wants {text}"))
                    .hint(format!("did you mean {number} of {user}?")));
            }
            return Err(Failure::new(format!(
                "no manifest wants {number}, and the journal has not sent it to anybody"
            ))
            .hint(
                "live state is not asked here: who else holds it is in a snapshot (`dialplane \
                    observe`)",
            ));
        }
        Ok(SearchMatch::Number { number, wanted, sent })
    }

    /// The one number that a manifest wants and that ends as this one does, as somebody writes it who
    /// is in its country.
    fn ends_as(&self, text: &str) -> Option<(String, Upn)> {
        let end = text.trim_start_matches(['+', '0']);
        let users = self.tenants.iter().flat_map(|(tenant, ..)| tenant.users.values());
        let numbers = users.filter_map(|user| Some((user.details.phone()?.normal(), &user.upn)));
        let mut alike = numbers.filter(|(number, _)| number.ends_with(end));
        let (number, user) = alike.next().filter(|_| end.len() >= LOCAL)?;
        alike.next().is_none().then(|| (number.to_owned(), user.clone()))
    }

    fn unknown(&self, text: &str) -> Failure {
        let text = text.to_lowercase();
        let whole = text.contains('@');
        let part = |user: &Upn| user.key().split('@').next().unwrap_or_default().to_owned();
        let alike = |user: &Upn| {
            if whole {
                strsim::jaro_winkler(&text, user.key())
            } else {
                strsim::jaro_winkler(&text, &part(user))
            }
        };
        let scored =
            self.all().map(|(_, user)| (alike(&user), user)).filter(|(score, _)| *score >= ALIKE);
        let nearest = scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, user)| user);
        let failure = Failure::new(format!(
            "no manifest names {text}, and the journal knows of nothing that was sent for this user"
        ));
        match nearest {
            Some(user) => failure.hint(format!("did you mean {user}?")),
            None => failure.hint(
                "users that no manifest names are left alone, unless the tenant prunes; check the \
                    spelling",
            ),
        }
    }
}

/// The digits of a telephone number, if the text is one: with or without `+`, `tel:` and signs
/// between the digits.
fn looks_like_a_number(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let (digits, rest) =
        text.split_once(';').map_or((text, None), |(digits, rest)| (digits, Some(rest)));
    let shown = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.');
    if !digits.chars().all(shown) || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plus = if digits.starts_with('+') { "+" } else { "" };
    let bare: String = digits.chars().filter(char::is_ascii_digit).collect();
    // As it is dialled from abroad.
    let bare = match bare.strip_prefix("00") {
        Some(number) if plus.is_empty() && number.len() > 7 => number.to_owned(),
        _ => bare,
    };
    // No extension is as long as a whole number.
    let plus = if plus.is_empty() && bare.len() > 9 { "+" } else { plus };
    Some(format!("{plus}{bare}{}", rest.map(|rest| format!(";{rest}")).unwrap_or_default()))
}
