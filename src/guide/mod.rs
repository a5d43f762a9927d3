//! The guide: what to know beyond the README, as pages of this documentation and of the program
//! (`dialplane guide`).
//!
//! - [`start`]
//! - [`manifests`]
//! - [`plans`]
//! - [`pull_requests`]
//! - [`approvals`]
//! - [`readers`]
//! - [`vendor`]
//! - [`contract`]
//! - [`snapshots`]
//! - [`rehearsing`]
//! - [`configuration`]
//! - [`operating`]
//! - [`standby`]
//! - [`metrics`]
//! - [`notices`]
//! - [`night`]
//! - [`codes`]
//! - [`history`]
//! - [`figures`]
//! - [`threats`]
//! - [`decisions`]
//! - [`wording`]
//!
//! Deliberately not here: what each option does (`dialplane help COMMAND`) and the design of each
//! module (its own page).

/// A page as the program shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How it is called.
    pub name: &'static str,
    /// Markdown.
    pub text: &'static str,
}

/// All pages, in the order in which somebody new would read them.
pub const PAGES: &[Page] = &[
    Page { name: "start", text: include_str!("start.md") },
    Page { name: "manifests", text: include_str!("manifests.md") },
    Page { name: "plans", text: include_str!("plans.md") },
    Page { name: "pull-requests", text: include_str!("pull-requests.md") },
    Page { name: "approvals", text: include_str!("approvals.md") },
    Page { name: "readers", text: include_str!("readers.md") },
    Page { name: "vendor", text: include_str!("vendor.md") },
    Page { name: "contract", text: include_str!("contract.md") },
    Page { name: "snapshots", text: include_str!("snapshots.md") },
    Page { name: "rehearsing", text: include_str!("rehearsing.md") },
    Page { name: "configuration", text: include_str!("configuration.md") },
    Page { name: "operating", text: include_str!("operating.md") },
    Page { name: "standby", text: include_str!("standby.md") },
    Page { name: "metrics", text: include_str!("metrics.md") },
    Page { name: "notices", text: include_str!("notices.md") },
    Page { name: "night", text: include_str!("night.md") },
    Page { name: "codes", text: include_str!("codes.md") },
    Page { name: "history", text: include_str!("history.md") },
    Page { name: "figures", text: include_str!("figures.md") },
    Page { name: "threats", text: include_str!("threats.md") },
    Page { name: "decisions", text: include_str!("decisions.md") },
    Page { name: "wording", text: include_str!("wording.md") },
];

impl Page {
    /// What it is about: its heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

#[doc = include_str!("pull-requests.md")]
pub mod pull_requests {}
#[doc = include_str!("approvals.md")]
pub mod approvals {}

#[doc = include_str!("codes.md")]
pub mod codes {}

#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[doc = include_str!("contract.md")]
pub mod contract {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}

#[doc = include_str!("figures.md")]
pub mod figures {}

#[doc = include_str!("history.md")]
pub mod history {}

#[doc = include_str!("manifests.md")]
pub mod manifests {}

#[doc = include_str!("metrics.md")]
pub mod metrics {}

#[doc = include_str!("night.md")]
pub mod night {}

#[doc = include_str!("notices.md")]
pub mod notices {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("plans.md")]
pub mod plans {}

#[doc = include_str!("readers.md")]
pub mod readers {}

#[doc = include_str!("rehearsing.md")]
pub mod rehearsing {}

#[doc = include_str!("snapshots.md")]
pub mod snapshots {}

#[doc = include_str!("start.md")]
pub mod start {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("vendor.md")]
pub mod vendor {}

#[doc = include_str!("wording.md")]
pub mod wording {}

#[doc = include_str!("standby.md")]
pub mod standby {}
