//! The record of requests: what tests count, and what shows that a dry run wrote nothing.
//!
//! **Invariant:** no body and no header is ever in it.

use std::collections::VecDeque;

use serde::Serialize;

use super::{route::RequestTarget, rule::InjectedFault, wire::Request};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCall {
    /// Its place in the order in which requests were handled, from 1.
    pub sequence: u64,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, without its query.
    pub path: String,
    /// The tenant, if the request named one.
    pub tenant: Option<String>,
    /// The user, if the request named one.
    pub user: Option<String>,
    /// Whether it was a call that changes something, carried out or not.
    pub write: bool,
    /// The status of the answer; none if the connection was ended instead.
    pub status: Option<u16>,
    /// The fault that struck it.
    pub fault: Option<InjectedFault>,
}

/// The latest requests.
#[derive(Debug, Default)]
pub(super) struct Calls {
    kept: VecDeque<RecordedCall>,
    sequence: u64,
}

impl Calls {
    /// How many are kept: enough for a run over a large fleet, and some 20 MB at most for a sandbox
    /// that runs for weeks.
    const LIMIT: usize = 100_000;

    pub(super) fn record(
        &mut self,
        request: &Request,
        target: Option<&RequestTarget>,
        fault: Option<InjectedFault>,
        status: Option<u16>,
    ) {
        self.sequence += 1;
        if self.kept.len() == Self::LIMIT {
            self.kept.pop_front();
        }
        self.kept.push_back(RecordedCall {
            sequence: self.sequence,
            method: request.method.clone(),
            path: request.path.clone(),
            tenant: target.and_then(|target| target.tenant.as_ref()).map(ToString::to_string),
            user: target.and_then(|target| target.user.as_ref()).map(ToString::to_string),
            // A misspelled or forbidden call below this path is an attempt to write, too.
            write: request.path.starts_with("/provisioning/")
                || request.path.contains("configure")
                || request.path.contains("CallApp")
                || request.path.contains("regenerate"),
            status,
            fault,
        });
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &RecordedCall> {
        self.kept.iter()
    }
}
