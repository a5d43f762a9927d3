//! Which reader reads which tenant: what its manifest says under `live`.
//!
//! ```text
//! connecttoteams  consent and users from the service that is written through
//! graph           users from Microsoft Graph; consent from the service, because that is who needs it to write
//! file            users from a snapshot or a list of the portal, if it is not too old; consent from the service
//! confirm: graph  beside the service's users those of Graph, to be told from them; numbers that others
//!                 than users hold in Teams are held here too, and those of users that only Teams shows
//! ```
//!
//! **Invariant:** no reader takes the place of another: a tenant whose reader is not configured is not
//! read, and says what is missing.

use std::{collections::BTreeSet, mem::take, sync::Arc};

use futures_util::future::{join, try_join};
use jiff::Timestamp;

use crate::{
    api::{ReceivedUserList, connecttoteams, graph},
    model::{
        Confirmation, Fault, FaultKind, HeldNumber, Inventory, LiveSource, LiveTenant, LiveUser,
        NumberList, PhoneNumber, Roster, TenantRef, UserId,
    },
    ports::LiveReader,
    snapshot::Snapshot,
    source::SnapshotFiles,
    words::{duration, time},
};

/// As what a user holds a number that the service does not list.
const ONLY_IN_TEAMS: &str = "user that only Teams shows";

/// All readers that are configured.
#[derive(Debug, Clone)]
pub struct Readers {
    service: connecttoteams::TenantReader,
    graph: Option<graph::GraphReader>,
    kept: Option<Arc<SnapshotFiles>>,
}

impl Readers {
    /// The service that is written through is always there; Graph and files are if the settings
    /// have them.
    #[must_use]
    pub fn new(
        service: connecttoteams::TenantReader,
        graph: Option<graph::GraphReader>,
        kept: Option<Arc<SnapshotFiles>>,
    ) -> Self {
        Self { service, graph, kept }
    }

    async fn graph(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let graph = self.graph.as_ref().ok_or_else(|| graph_missing(tenant))?;
        let (consent, listed) =
            try_join(self.service.consent(tenant), graph.users_and_numbers(tenant)).await?;
        let coverage = listed.coverage();
        let sees = graph::SEES.into();
        let ReceivedUserList { users, beside, .. } = listed;
        Ok(LiveTenant {
            consent,
            coverage,
            sees,
            users,
            beside,
            confirmation: Confirmation::NotAsked,
        })
    }

    /// What a file shows. Consent that a file states is as old as the file, and the service is who
    /// needs it to write.
    async fn file(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let kept = self.kept.as_ref().ok_or_else(|| file_missing(tenant))?;
        let read = {
            let kept = Arc::clone(kept);
            tokio::task::spawn_blocking(move || kept.read())
        };
        let snapshot =
            read.await.map_err(|error| Fault::new(FaultKind::Garbled, error.to_string()))??;
        check_age(&snapshot, kept, tenant)?;
        let (consent, live) =
            try_join(self.service.consent(tenant), snapshot.observe(tenant)).await?;
        Ok(LiveTenant { consent, confirmation: Confirmation::NotAsked, ..live })
    }

    /// What the service shows, and beside it what Teams does. That Teams cannot be read spoils
    /// nothing.
    async fn confirmed(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let Some(graph) = &self.graph else {
            let confirmation =
                Confirmation::Failed("`graph` is not configured in dialplane.yaml".to_owned());
            return Ok(LiveTenant { confirmation, ..self.service.observe(tenant).await? });
        };
        let (live, teams) =
            join(self.service.observe(tenant), graph.users_and_numbers(tenant)).await;
        let mut live = live?;
        live.confirmation = teams.map_or_else(
            |fault| Confirmation::Failed(fault.message),
            |mut listed| {
                held_in_teams(&mut live, &mut listed);
                let coverage = listed.coverage();
                Confirmation::Seen(listed.users, coverage)
            },
        );
        Ok(live)
    }
}

impl LiveReader for Readers {
    async fn observe(&self, tenant: &TenantRef) -> Result<LiveTenant, Fault> {
        let mut live = match tenant.live {
            LiveSource::ConnecttoTeams if tenant.confirm => self.confirmed(tenant).await,
            LiveSource::ConnecttoTeams => self.service.observe(tenant).await,
            LiveSource::Graph => self.graph(tenant).await,
            LiveSource::File => self.file(tenant).await,
        }?;
        live.beside.clock_ahead = self.service.clock_apart(tenant);
        Ok(live)
    }

    async fn inventory(&self, tenant: &TenantRef) -> Option<Arc<Inventory>> {
        LiveReader::inventory(&self.service, tenant).await
    }
}

/// What others than users hold in Teams is nobody else's at the service, and neither is the number of
/// a user that the service does not list. That it is not all known holds nothing where Teams only
/// confirms.
fn held_in_teams(live: &mut LiveTenant, listed: &mut ReceivedUserList) {
    let mut unlisted = unlisted(live, &listed.users);
    live.beside.numbers.append(&mut unlisted);
    live.beside.numbers.append(&mut listed.beside.numbers);
    live.beside.number_list = match take(&mut listed.beside.number_list) {
        NumberList::InDoubt(why) => NumberList::NotRead(why),
        list => list,
    };
}

/// The numbers of users that only Teams shows. Who has another name at the service is listed there, a
/// number that it shows is known, and who is not set up there is set up with a number or told.
fn unlisted(live: &LiveTenant, teams: &Roster<LiveUser>) -> Vec<HeldNumber> {
    let mut holders = Vec::new();
    // In a copy: what it opens is gone with it.
    teams.clone().meet(&live.users, |theirs, ours| {
        let is_free = |user: &&LiveUser| !live.beside.not_set_up.contains_key(&user.upn);
        let unlisted = theirs.filter(|_| ours.is_none()).filter(is_free);
        let number = |user: &LiveUser| Some((user.number()?.clone(), user.clone()));
        holders.extend(unlisted.and_then(number));
    });
    if holders.is_empty() {
        return Vec::new();
    }
    let numbers: BTreeSet<PhoneNumber> = holders.iter().map(|(number, _)| number.clone()).collect();
    let ids: BTreeSet<UserId> = holders.iter().filter_map(|(_, user)| user.id.clone()).collect();
    let mut shown = BTreeSet::new();
    let mut renamed = BTreeSet::new();
    live.users.each(|user| {
        shown.extend(user.number().filter(|number| numbers.contains(number)).cloned());
        renamed.extend(user.id.clone().filter(|id| ids.contains(id)));
    });
    let is_other = |(number, user): &(PhoneNumber, LiveUser)| {
        !shown.contains(number) && !user.id.as_ref().is_some_and(|id| renamed.contains(id))
    };
    let held = |(number, user): (PhoneNumber, LiveUser)| HeldNumber {
        holder: user.upn.as_str().into(),
        held_as: ONLY_IN_TEAMS.into(),
        number: Ok(number),
    };
    holders.into_iter().filter(is_other).map(held).collect()
}

fn graph_missing(tenant: &TenantRef) -> Fault {
    let message = format!(
        "{} is to be read from Microsoft Graph, and the configuration does not say how",
        tenant.name
    );
    Fault::new(FaultKind::NotConfigured, message).hint(
        "set `graph` in dialplane.yaml: `clientId` and `clientSecret` of an application; or take \
            `live: graph` out of the tenant",
    )
}

fn file_missing(tenant: &TenantRef) -> Fault {
    let message = format!(
        "{} is to be read from a file, and the configuration does not say which",
        tenant.name
    );
    Fault::new(FaultKind::NotConfigured, message).hint(
        "set `live.file` in dialplane.yaml to a snapshot, or to a list that the portal exported; \
            or take `live: file` out of the tenant",
    )
}

/// Somebody may have changed since what an old file says, and would be changed back.
fn check_age(snapshot: &Snapshot, kept: &SnapshotFiles, tenant: &TenantRef) -> Result<(), Fault> {
    let Some((at, _)) = snapshot.taken(tenant) else { return Ok(()) };
    let age = Timestamp::now().duration_since(at).unsigned_abs();
    if age <= kept.max_age() {
        return Ok(());
    }
    let at = time(at);
    let most = duration(kept.max_age());
    let message = format!(
        "what {} says of {} is from {at}, and more than {most} from now",
        snapshot.name(),
        tenant.name
    );
    Err(Fault::new(FaultKind::NotConfigured, message).hint(
        "export the list again, or `dialplane observe --out FILE`; `live.maxAge` says how old it \
            may be",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Consent, Coverage, Field, FieldMap, ListExtras, LiveCalling, ObservedValue, Upn, Value,
    };

    fn user(name: &str, id: &str, number: &str) -> LiveUser {
        let number = PhoneNumber::parse(number, None).map(Value::Phone).map(ObservedValue::Set);
        let details: FieldMap<_> =
            number.into_iter().map(|number| (Field::PhoneNumber, number)).collect();
        let upn = Upn::parse(&format!("{name}@contoso.com")).unwrap();
        LiveUser { upn, id: UserId::observed(id), calling: LiveCalling::Enabled, details }
    }

    #[test]
    fn a_number_is_held_in_teams_by_those_alone_that_the_service_does_not_know() {
        let service = [user("ann", "1", "+14255550101"), user("karl", "3", "+14255550103")];
        let not_set_up = user("dora", "4", "+14255550104");
        let live = LiveTenant {
            consent: Consent::Granted,
            coverage: Coverage::Complete,
            sees: BTreeSet::new(),
            users: service.into_iter().collect(),
            beside: ListExtras {
                not_set_up: [not_set_up.clone()].into_iter().collect(),
                ..ListExtras::default()
            },
            confirmation: Confirmation::NotAsked,
        };
        let teams = [
            user("ann", "1", "+14255550109"),
            user("bert", "2", "+14255550102"),
            // Karl before he had his name, and somebody whose number is Ann's by now.
            user("carl", "3", "+14255550113"),
            user("eve", "5", "+14255550101"),
            user("finn", "6", ""),
            not_set_up,
        ];
        let held = unlisted(&live, &teams.into_iter().collect());
        let held: Vec<&str> = held.iter().map(|held| &*held.holder).collect();
        assert_eq!(held, ["bert@contoso.com"]);
    }
}
