//! The service as a function: its state, a request and the time go in, what to do with the
//! connection comes out.
//!
//! **Invariant:** no sockets and no clock; the whole of it runs in a test without either.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    calls::Calls,
    configure,
    control::{self, Pages},
    delegation,
    dice::Dice,
    faults::Faults,
    graph,
    login::Tokens,
    numbers::NumberIndex,
    provisioning, reads,
    route::{RequestTarget, Route},
    rule::{ELSEWHERE, FaultRule, InjectedFault},
    wire::{Reply, Request},
    world::World,
};

/// Everything that changes while the sandbox runs.
#[derive(Debug, Default)]
pub(super) struct SandboxService {
    pub(super) world: World,
    pub(super) numbers: NumberIndex,
    pub(super) faults: Faults,
    pub(super) calls: Calls,
    pub(super) tokens: Tokens,
    graph_tokens: graph::Tokens,
    dice: Dice,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestOutcome {
    /// This answer, after this long.
    Answer(Reply, Duration),
    /// The connection ends without a byte.
    HangUp,
}

impl SandboxService {
    pub(super) fn new(world: World) -> Self {
        Self { world, ..Self::default() }
    }

    /// How long the request is to wait before it is handled. The sandbox's own pages are never
    /// slow.
    pub(super) fn latency(&mut self, request: &Request) -> Duration {
        if control::is_for(request) {
            return Duration::ZERO;
        }
        let call = RequestTarget::of(request)
            .map_or_else(|_| request.path.clone(), |target| target.to_string());
        self.faults.latency(&call, &mut self.dice)
    }

    /// Handles a request.
    pub(super) fn handle(&mut self, request: &Request, now: Timestamp) -> RequestOutcome {
        if control::is_for(request) {
            let mut pages = Pages {
                world: &mut self.world,
                numbers: &mut self.numbers,
                faults: &mut self.faults,
                calls: &self.calls,
            };
            let reply = pages.answer(request, now).unwrap_or_else(|refusal| refusal);
            return RequestOutcome::Answer(reply, Duration::ZERO);
        }
        let (target, rule, outcome) = match RequestTarget::of(request) {
            Ok(target) => {
                let rule = self.faults.strike(&target, &mut self.dice);
                let outcome = self.under_fault(request, &target, rule.as_ref(), now);
                (Some(target), rule, outcome)
            }
            Err(refusal) => (None, None, RequestOutcome::Answer(refusal, Duration::ZERO)),
        };
        let status = match &outcome {
            RequestOutcome::Answer(reply, _) => Some(reply.status),
            RequestOutcome::HangUp => None,
        };
        self.calls.record(request, target.as_ref(), rule.map(|rule| rule.fault), status);
        outcome
    }

    fn under_fault(
        &mut self,
        request: &Request,
        target: &RequestTarget,
        rule: Option<&FaultRule>,
        now: Timestamp,
    ) -> RequestOutcome {
        let failure = rule.map(|rule| rule.fault);
        let retry_after = rule.and_then(|rule| rule.retry_after_seconds);
        let words = |own: &str| self.faults.words.clone().unwrap_or_else(|| own.to_owned());
        let status = |usual| rule.and_then(|rule| rule.status).unwrap_or(usual);
        // What prevents the call comes first; the rest happens to its answer.
        let instead = match failure {
            Some(InjectedFault::Unauthorized) => Some(Reply::error(401, words("invalid_token"))),
            Some(InjectedFault::Throttled) => {
                Some(Reply { retry_after, ..Reply::error(429, words("too many requests")) })
            }
            Some(InjectedFault::Server) => Some(Reply::error(500, words("internal server error"))),
            Some(InjectedFault::Unavailable) => Some(Reply {
                retry_after,
                ..Reply::error(status(503), words("service unavailable"))
            }),
            Some(InjectedFault::Refused) => {
                Some(Reply::error(status(400), words("the call was refused")))
            }
            Some(InjectedFault::ErrorInside) => {
                Some(Reply::error_inside(words("the operation could not be completed")))
            }
            Some(InjectedFault::Garbage) => Some(page(200)),
            Some(InjectedFault::Forbidden) => Some(Reply::error(403, words("access is denied"))),
            Some(InjectedFault::Echo) => Some(self.tokens.echo(self.calls.all().count())),
            Some(InjectedFault::Redirect) => {
                Some(Reply { location: Some(ELSEWHERE), ..Reply::error(302, "moved") })
            }
            Some(InjectedFault::Dropped) => return RequestOutcome::HangUp,
            _ => None,
        };
        if let Some(reply) = instead {
            return RequestOutcome::Answer(reply, Duration::ZERO);
        }
        let reply = self.carry_out(request, target, failure, now).unwrap_or_else(|refusal| refusal);
        let reply = self.faults.respelt(target.route, reply);
        match failure {
            Some(InjectedFault::Lost) => RequestOutcome::HangUp,
            Some(InjectedFault::ServerAfter) => {
                RequestOutcome::Answer(Reply::error(500, "internal server error"), Duration::ZERO)
            }
            Some(InjectedFault::RefusedAfter) => RequestOutcome::Answer(
                Reply::error(status(400), "the call was refused"),
                Duration::ZERO,
            ),
            Some(InjectedFault::PageAfter) => {
                RequestOutcome::Answer(page(status(404)), Duration::ZERO)
            }
            Some(InjectedFault::ErrorInsideAfter) => {
                RequestOutcome::Answer(saved_but(), Duration::ZERO)
            }
            Some(InjectedFault::Text) => RequestOutcome::Answer(
                Reply { content_type: "text/plain", body: "OK".to_owned(), ..reply },
                Duration::ZERO,
            ),
            Some(InjectedFault::Bom) => RequestOutcome::Answer(
                Reply { body: format!("\u{feff}{}", reply.body), ..reply },
                Duration::ZERO,
            ),
            Some(InjectedFault::Truncated) => {
                RequestOutcome::Answer(truncated(reply), Duration::ZERO)
            }
            Some(InjectedFault::Late) => RequestOutcome::Answer(
                reply,
                Duration::from_millis(rule.map_or(0, |rule| rule.delay_ms)),
            ),
            _ => RequestOutcome::Answer(reply, Duration::ZERO),
        }
    }

    fn carry_out(
        &mut self,
        request: &Request,
        target: &RequestTarget,
        failure: Option<InjectedFault>,
        now: Timestamp,
    ) -> Result<Reply, Reply> {
        match (target.route, &target.tenant) {
            (Route::Token, _) => return self.tokens.issue(request, &self.faults, now),
            (Route::GraphToken, Some(tenant)) => {
                return self.graph_tokens.issue(&self.world, tenant, request, &self.faults, now);
            }
            (Route::GraphUsers, _) => {
                let tenant = self.graph_tokens.check(request, now)?;
                return graph::users(&self.world, &tenant, request, failure, now);
            }
            (Route::GraphNumbers, _) => {
                let tenant = self.graph_tokens.check(request, now)?;
                return graph::numbers(&self.world, &tenant, request, &self.faults, now);
            }
            _ => {}
        }
        let whose = self.tokens.check(request, now)?;
        let tenant = target.tenant.as_ref();
        match target.route {
            Route::WhoAmI => reads::who_am_i(request, &self.faults),
            Route::Resellers => reads::resellers(&self.world, request, &self.faults),
            Route::Enterprises => reads::enterprises(&self.world, request, &self.faults),
            Route::Regenerate => self.tokens.regenerate(&self.world, &whose, tenant),
            Route::RefreshMsal => delegation::refresh(&whose, request, now),
            Route::Gateways => reads::gateways(&self.world, request),
            Route::Enterprise => reads::enterprise(&self.world, tenant, &self.faults),
            Route::ConsentLink => reads::consent_link(&self.world, tenant, request),
            Route::ListUsers => reads::list_users(&self.world, tenant, request, failure, now),
            Route::Configure | Route::ConfigureCallApp => configure::configure(
                &mut self.world,
                &mut self.numbers,
                &self.faults,
                target,
                &whose,
                request,
                now,
            ),
            _ => provisioning::write(
                &mut self.world,
                &mut self.numbers,
                &self.faults,
                target,
                &whose,
                request,
                now,
            ),
        }
    }
}

/// What was asked for was done, and something beside it was not.
fn saved_but() -> Reply {
    Reply::json(
        200,
        &serde_json::json!({ "success": false, "message": "saved; the notification could not be \
            sent" }),
    )
}

fn page(status: u16) -> Reply {
    let body = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign \
        in.</body></html>"
        .to_owned();
    Reply { status, content_type: "text/html", retry_after: None, location: None, body }
}

/// Half of the answer. Every answer is an object or an array, so no half of it is whole JSON.
fn truncated(mut reply: Reply) -> Reply {
    let mut half = reply.body.len() / 2;
    while !reply.body.is_char_boundary(half) {
        half -= 1;
    }
    reply.body.truncate(half);
    reply
}
