//! Suspensions, and the stop switch, as `history` tells them between the passes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::passes::Pass;
use crate::{
    foreign::line,
    model::{Entry, Event, RunId, TenantId, TenantName},
    style::{BOLD, FAINT, YELLOW},
    words::time,
};

/// That a tenant was suspended or resumed, or everything stopped or let go.
pub(super) struct Decree {
    at: Timestamp,
    run: RunId,
    /// Nothing if it is the stop switch.
    tenant: Option<TenantName>,
    by: String,
    /// Why, and until when. Nothing if that is over.
    suspended: Option<(String, Option<Timestamp>)>,
}

impl Decree {
    /// What an entry says, if it is about that.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let (by, suspended) = match &entry.event {
            Event::Suspended { by, reason, until } => (by, Some((reason.clone(), *until))),
            Event::Resumed { by } => (by, None),
            _ => return None,
        };
        Some(Self {
            at: entry.at,
            run: entry.run.clone(),
            tenant: (entry.tenant_id != TenantId::nil()).then(|| entry.tenant.clone()),
            by: by.clone(),
            suspended,
        })
    }

    /// The tenant that it is about; nothing if that is all of them.
    pub(super) fn tenant(&self) -> Option<&TenantName> {
        self.tenant.as_ref()
    }

    /// In two lines.
    pub(super) fn text(&self) -> String {
        let at = time(self.at);
        let tenant = self.tenant.as_ref().map_or("all tenants", TenantName::as_str);
        let by = line(&self.by);
        let (begun, over) = match &self.tenant {
            Some(_) => ("suspended", "resumed"),
            None => ("stopped", "let go"),
        };
        let what = match &self.suspended {
            Some((reason, until)) => {
                let until = until.map(|until| format!(" until {}", time(until)));
                let colon = if reason.is_empty() { "" } else { ": " };
                let until = until.unwrap_or_default();
                format!("{YELLOW}{begun}{YELLOW:#}{until}{colon}{}", line(reason))
            }
            None => over.to_owned(),
        };
        let run = line(&self.run);
        format!(
            "{at}  {BOLD}{tenant}{BOLD:#}  {what}\n    {FAINT}run {run}, by hand: {by}{FAINT:#}\n"
        )
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let (reason, until) = self.suspended.clone().unzip();
        let kind = match (&self.tenant, &self.suspended) {
            (Some(_), Some(_)) => "Suspended",
            (Some(_), None) => "Resumed",
            (None, Some(_)) => "Stopped",
            (None, None) => "LetGo",
        };
        json!({
            "kind": kind,
            "at": self.at,
            "run": self.run.as_str(),
            "tenant": self.tenant.as_ref().map(TenantName::as_str),
            "by": self.by,
            "reason": reason,
            "until": until.flatten(),
        })
    }
}

/// Passes and decrees, the newest first, each at its time. Both are in that order. Decrees that are
/// older than the oldest of `most` passes are left to a longer list.
pub(super) fn among(passes: &[Pass], decrees: &[Decree], most: usize) -> String {
    let mut out = String::new();
    let mut left = decrees.iter().peekable();
    for pass in passes {
        while let Some(decree) = left.next_if(|decree| pass.began().is_none_or(|at| decree.at > at))
        {
            out += &decree.text();
        }
        out += &pass.text();
    }
    if passes.len() < most {
        left.for_each(|decree| out += &decree.text());
    }
    out
}
