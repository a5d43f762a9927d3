//! What a command is about, and how much of it is shown: the filters that commands share.
//!
//! **Invariant:** a filter never hides that something else is there. `--tenant` narrows what is
//! planned and done, and what it leaves out is counted; the rest only changes what is shown.

use std::collections::BTreeSet;

use clap::Args;
use glob::{MatchOptions, Pattern};

use super::{complete, exit::Failure};
use crate::{
    model::{TenantName, Upn},
    plan::{
        Plan, TenantPlan,
        render::{Detail, Tally},
    },
    words::{first, list, many, meant},
};

/// Names that are told to somebody whose own matches none.
const TOLD: usize = 20;

/// Which tenants.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Tenants {
    /// Only tenants of this name, or of names like it (`kunde-1*`); may be given more than once
    #[arg(id = "tenant", long = "tenant", value_name = "GLOB", value_parser = tenants, add = complete::tenants())]
    like: Vec<Pattern>,
}

impl Tenants {
    /// This one.
    pub(super) fn one(tenant: &TenantName) -> Self {
        // A name has no character that means anything in a pattern.
        Self { like: Pattern::new(tenant.as_str()).into_iter().collect() }
    }

    /// Whether none was chosen: then it is all of them.
    pub(super) fn is_all(&self) -> bool {
        self.like.is_empty()
    }

    /// Whether a tenant is among them.
    pub(super) fn has(&self, tenant: &str) -> bool {
        self.is_all() || self.like.iter().any(|like| like.matches(tenant))
    }

    /// Fails if one that was asked for matches none of these tenants. `what` says what such a
    /// tenant is: `no manifest describes`.
    pub(super) fn know<'n>(
        &self,
        known: impl Iterator<Item = &'n str>,
        what: &str,
    ) -> Result<(), Failure> {
        let known: Vec<&str> = known.collect();
        let Some(unknown) =
            self.like.iter().find(|like| !known.iter().any(|name| like.matches(name)))
        else {
            return Ok(());
        };
        let asked = unknown.as_str();
        let failure = Failure::new(if is_name(asked) {
            format!("{what} tenant `{asked}`")
        } else {
            format!("{what} tenant like `{asked}`")
        });
        if known.is_empty() {
            return Err(failure);
        }
        let meant = meant(asked, known.iter().copied(), 2);
        Err(failure.hint(format!("{meant}there are {}", first(TOLD, &known))))
    }
}

/// Whether it names one tenant.
fn is_name(asked: &str) -> bool {
    !asked.contains(['*', '?', '['])
}

/// A name, or a pattern of names.
fn tenants(text: &str) -> Result<Pattern, String> {
    if is_name(text) {
        TenantName::parse(text)?;
    }
    pattern(text)
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| {
        format!("`{text}` is not a pattern: {}; `*` is any text, `?` any character", error.msg)
    })
}

/// How much of a plan is shown as text.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PlanDetail {
    /// Show a table with a line for each tenant
    #[arg(long, conflicts_with = "quiet")]
    summary: bool,
    /// Show who would lose calling, and the last line
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

impl PlanDetail {
    /// How much. `-v` is everything.
    pub(super) fn detail(&self, verbose: bool) -> Detail {
        match self {
            Self { quiet: true, .. } => Detail::Quiet,
            Self { summary: true, .. } => Detail::Summary,
            Self { .. } if verbose => Detail::Everything,
            Self { .. } => Detail::Usual,
        }
    }
}

/// Of which users a plan is shown.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct UserFilter {
    /// Show only steps and problems of this user, or of users like it (`adele*`); may be given more
    /// than once. The last line and the exit code stay those of all, but for a review with `--base`,
    /// which ends as what it shows and counts the rest
    #[arg(id = "user", long = "user", value_name = "GLOB", value_parser = pattern, add = complete::users(), conflicts_with_all = ["summary", "quiet"])]
    like: Vec<Pattern>,
}

impl UserFilter {
    /// Everybody.
    pub(super) const ALL: Self = Self { like: Vec::new() };

    /// Whether none was chosen: then it is everybody.
    pub(super) fn is_all(&self) -> bool {
        self.like.is_empty()
    }

    /// Whether a user is among them. Case means nothing in a user's name.
    pub(super) fn has(&self, user: &Upn) -> bool {
        let options = MatchOptions { case_sensitive: false, ..MatchOptions::new() };
        self.is_all() || self.like.iter().any(|like| like.matches_with(user.as_str(), options))
    }

    /// Fails if one that was asked for matches none of these users. `nobody` begins the sentence.
    pub(super) fn know<'u>(
        &self,
        known: impl Iterator<Item = &'u Upn>,
        nobody: &str,
    ) -> Result<(), Failure> {
        if self.is_all() {
            return Ok(());
        }
        let known: BTreeSet<&Upn> = known.collect();
        let matches = |one: &Pattern| {
            let one = Self { like: vec![one.clone()] };
            known.iter().any(|user| one.has(user))
        };
        let Some(unknown) = self.like.iter().find(|like| !matches(like)) else { return Ok(()) };
        let asked = unknown.as_str();
        let like = if is_name(asked) { "" } else { "like " };
        let meant = meant(asked, known.iter().map(|user| user.as_str()), 2);
        Err(Failure::new(format!("{nobody} a user {like}`{asked}`"))
            .hint(format!("{meant}`*` is any text: `--user 'adele*'`")))
    }
}

/// What `--tenant` leaves out of a plan.
#[derive(Debug)]
pub(super) struct LeftOut(Option<Tally>, usize);

impl LeftOut {
    /// Nothing.
    pub(super) const NOTHING: Self = Self(None, 0);

    /// Leaves only the tenants that are asked for. All were looked at, because a number may be
    /// held in any of them.
    pub(super) fn of(plan: &mut Plan, tenants: &Tenants) -> Self {
        if tenants.is_all() {
            return Self::NOTHING;
        }
        let left: Vec<TenantPlan> =
            plan.tenants.extract_if(.., |plan| !tenants.has(plan.tenant.as_str())).collect();
        plan.unremembered.retain(|tenant| tenants.has(tenant.as_str()));
        let count = left.len();
        Self(Some(Tally::of(&Plan::of(left))), count)
    }

    /// In one line; nothing if nothing is left out.
    pub(super) fn line(&self) -> String {
        let Self(Some(tally), count @ 1..) = self else { return String::new() };
        let Tally { configure, enable, update, disable, .. } = tally;
        let Tally { held_tenants, held_steps, unread_tenants, .. } = tally;
        let parts = [
            (*disable, format!("{disable} to disable")),
            (*update, format!("{update} to update")),
            (*configure, format!("{configure} to set up")),
            (*enable, format!("{enable} to enable")),
            (*held_steps, format!("{} held", many(*held_steps, "step"))),
            (*held_tenants, format!("{} held", many(*held_tenants, "tenant"))),
            (*unread_tenants, format!("{} not read", many(*unread_tenants, "tenant"))),
        ];
        let parts = list(parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text));
        let there = if parts.is_empty() { "nothing to do there".to_owned() } else { parts };
        format!("left out by --tenant: {} ({there})\n", many(*count, "tenant"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &[&str]) -> Tenants {
        Tenants { like: text.iter().map(|text| tenants(text).unwrap()).collect() }
    }

    #[test]
    fn a_tenant_is_asked_for_by_name_or_by_pattern() {
        let some = like(&["contoso", "kunde-1*"]);
        assert!(some.has("contoso") && some.has("kunde-17"));
        assert!(!some.has("contoso-uk") && !some.has("kunde-2"));
        assert!(Tenants::default().has("anything"));
        assert!(tenants("Contoso").is_err(), "a name in capitals is none");
        assert!(tenants("kunde-[").is_err());
    }

    #[test]
    fn one_that_matches_nothing_is_refused_with_what_was_meant() {
        let known = || ["contoso", "fabrikam"].into_iter();
        assert!(like(&["contoso", "fab*"]).know(known(), "there is no").is_ok());
        let refused = like(&["contosso"]).know(known(), "there is no").unwrap_err();
        assert_eq!(refused.message, "there is no tenant `contosso`");
        assert_eq!(
            refused.hint.as_deref(),
            Some("did you mean `contoso`? there are contoso, fabrikam")
        );
        let refused = like(&["z*"]).know(known(), "there is no").unwrap_err();
        assert_eq!(refused.message, "there is no tenant like `z*`");
    }
}
