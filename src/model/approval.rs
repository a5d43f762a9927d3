//! Approvals: a reviewed file that lets one plan through the gates that it names, once.

use std::{collections::BTreeSet, fmt, sync::Arc};

use jiff::Timestamp;

use super::{Origin, RunId, TenantName, Upn};

/// A hash over what a tenant's plan was made from, and over the plan: the same as long as nothing
/// moves. It holds no times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(Arc<str>);

impl Fingerprint {
    /// The digits that people are shown.
    const SHORT: usize = 12;

    /// The fingerprint of a digest.
    #[must_use]
    pub fn new(digest: [u8; 32]) -> Self {
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Self(
            digits
                .filter_map(|digit| char::from_digit(digit.into(), 16))
                .collect::<String>()
                .into(),
        )
    }

    /// Reads all of its 64 digits: a part of them could be met by another plan.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits =
            text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if digits && text.len() == 64 {
            Ok(Self(text.into()))
        } else {
            Err("the fingerprint of a plan is expected: 64 digits of 0 to 9 and a to f, as \
                `dialplane plan --approve` writes them"
                .to_owned())
        }
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits: enough for people to tell plans apart.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..Self::SHORT).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an approval can open: what a guard cannot know and a person can judge. What is unread,
/// unproven or not consented to is not a matter of judgement.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Gate {
    /// More people would lose calling than the limit allows.
    Limit,
    /// More numbers would be replaced than the limit allows.
    NumberLimit,
    /// More people would be changed than the limit allows.
    ChangeLimit,
    /// More would be sent for the whole fleet within an hour than the settings allow.
    HourLimit,
    /// The manifests name far fewer users than before.
    EmptyDesired,
    /// The user, the number or the site is protected.
    Protected,
    /// It is the last phone of its site.
    LastOfSite,
    /// It was sent again and again, and nothing came of it.
    NoEffect,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Limit,
        Self::NumberLimit,
        Self::ChangeLimit,
        Self::HourLimit,
        Self::EmptyDesired,
        Self::Protected,
        Self::LastOfSite,
        Self::NoEffect,
    ];
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limit => "limit",
            Self::NumberLimit => "numberLimit",
            Self::ChangeLimit => "changeLimit",
            Self::HourLimit => "hourLimit",
            Self::EmptyDesired => "emptyDesired",
            Self::LastOfSite => "lastOfSite",
            Self::NoEffect => "noEffect",
            Self::Protected => "protected",
        })
    }
}

/// The users that an approval covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovedUsers {
    /// These users and nobody else.
    Users(BTreeSet<Upn>),
    /// All that the plan holds, if they are no more than this.
    AtMost(u32),
}

/// Opens gates for exactly one plan of a tenant, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What it is called; with the plan, what its use is remembered by.
    pub name: TenantName,
    /// The plan.
    pub plan: Fingerprint,
    /// The gates that it opens.
    pub gates: BTreeSet<Gate>,
    /// For which users.
    pub users: ApprovedUsers,
    /// Why, in the words of the person who approved it.
    pub reason: Arc<str>,
    /// It is valid before this.
    pub expires: Timestamp,
    /// Where it is.
    pub origin: Origin,
}

/// An approval that was used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedApproval {
    /// When.
    pub at: Timestamp,
    /// By which run.
    pub run: RunId,
}

/// Reads when an approval ends: a timestamp, or a date, which counts to its end in UTC.
pub fn parse_expiry(text: &str) -> Result<Timestamp, String> {
    let date = || {
        let date =
            text.parse::<jiff::civil::Date>().ok().filter(|date| date.to_string() == text)?;
        let after = date.tomorrow().ok()?;
        Some(after.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let moment = text.parse::<Timestamp>().ok().or_else(date);
    moment.ok_or_else(|| {
        format!("`{text}` is not a date such as 2026-07-31 or a time such as 2026-07-31T18:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_counts_to_its_end() {
        let read = |text: &str| parse_expiry(text).map(|at| at.to_string());
        assert_eq!(read("2026-07-31"), Ok("2026-08-01T00:00:00Z".to_owned()));
        assert_eq!(read("2026-07-31T18:00:00+02:00"), Ok("2026-07-31T16:00:00Z".to_owned()));
        for wrong in ["2026-02-30", "2026-07-31T18:00:00", "31.07.2026", "soon", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_whole_fingerprint_is_one() {
        let whole = "0123456789abcdef".repeat(4);
        assert_eq!(
            Fingerprint::parse(&whole).map(|print| print.short().to_owned()),
            Ok("0123456789ab".to_owned())
        );
        for wrong in [&whole[..12], &whole.to_uppercase(), &format!("{whole}0")] {
            assert!(Fingerprint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
