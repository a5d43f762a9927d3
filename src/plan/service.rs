//! Which service a user has: what the manifests say against what the service shows.
//!
//! | desired | live | then |
//! |---|---|---|
//! | phone | phone, or the list does not say | as ever |
//! | Call App | Call App, calling as wanted | updates by `configureValetUser` |
//! | Call App | Call App, calling otherwise | the call that the settings name for it, or a problem |
//! | one of the two | the other | a problem: no call is known that moves somebody |
//! | Call App | the list does not say | a problem |
//!
//! **Invariant:** what the contract does not say is not tried (contract 5.5): no user of the Call App is
//! enabled or disabled but by a call that the settings name for that, nobody is moved, and nobody is
//! written to as a user of another service.

use super::{ProblemKind, diff::Diff};
use crate::model::{Calling, DesiredUser, LiveCalling, LiveUser, Service};

impl Diff<'_> {
    /// What keeps a visible user from being compared, going by the services.
    pub(super) fn of_another_service(
        &self,
        desired: &DesiredUser,
        live: &LiveUser,
    ) -> Option<ProblemKind> {
        let tenant = self.past.live;
        match (desired.service, tenant.has_call_app(live)) {
            (Service::Phone, false) => None,
            (Service::Phone, true) => Some(ProblemKind::OtherService(Service::CallApp)),
            (Service::CallApp, _) if tenant.beside.call_app.is_none() => {
                Some(ProblemKind::ServiceNotShown)
            }
            (Service::CallApp, false) => Some(ProblemKind::OtherService(Service::Phone)),
            (Service::CallApp, true) => self.not_switched(desired.calling, &live.calling),
        }
    }

    /// That calling of a user of the Call App is to be otherwise and nothing switches it.
    fn not_switched(&self, wanted: Calling, live: &LiveCalling) -> Option<ProblemKind> {
        let differs = live.known().is_some_and(|is| is != wanted);
        let stays = differs && !self.switches(Service::CallApp, wanted);
        stays.then_some(ProblemKind::NotSwitched(wanted))
    }

    /// Whether there is a call that switches calling of users with a service.
    pub(super) fn switches(&self, service: Service, to: Calling) -> bool {
        match service {
            Service::Phone => true,
            Service::CallApp => self.past.live.beside.call_app_calls.switch(to),
        }
    }
}
