//! How the writer adds entries: all that wait in one statement, twice if the first was not
//! answered.

use std::collections::BTreeMap;

use super::{
    append::{Addition, append},
    known::UncertainEntries,
    load::{self, TenantLookup},
    seen::went_back,
    writer::{PostgresWriter, Recording, ResultSender},
};
use crate::{model::TenantId, ports::JournalError};

/// How often a batch is tried before its callers hear that the database is away.
const TRIES: u32 = 3;

/// Entries whose caller waits.
struct WaitingEntries {
    tenant: TenantId,
    recording: Recording,
}

impl PostgresWriter {
    /// Adds the entries of all who wait, and answers each.
    pub(super) async fn record(&mut self, recordings: Vec<Recording>) {
        let mut waiting: Vec<WaitingEntries> = recordings
            .into_iter()
            .map(|recording| WaitingEntries { tenant: recording.tenant.clone(), recording })
            .collect();
        let mut why = JournalError::Lost;
        for _ in 0..TRIES {
            match self.attempt(waiting).await {
                Ok(()) => return,
                Err((left, JournalError::Broken(words))) => {
                    return refuse(left, &JournalError::Broken(words));
                }
                Err((left, error)) => (waiting, why) = (left, error),
            }
        }
        refuse(waiting, &why);
    }

    /// One try. Those who could not be answered come back.
    async fn attempt(
        &mut self,
        waiting: Vec<WaitingEntries>,
    ) -> Result<(), (Vec<WaitingEntries>, JournalError)> {
        if let Err(error) = self.settle().await {
            return Err((waiting, error));
        }
        let (additions, waiting) = self.additions(waiting);
        if additions.is_empty() {
            return Ok(());
        }
        let schema = self.line.schema().to_owned();
        let shared = self.shared.clone();
        let session = match self.line.session().await {
            Ok(session) => session,
            Err(error) => return Err((waiting, error)),
        };
        let answer = append(session, &schema, &additions, &shared).await;
        let (kept, asked) = match self.line.heard(answer) {
            Ok(answer) => answer,
            Err(error) => {
                self.doubt(additions);
                return Err((waiting, error));
            }
        };
        let mut lost = BTreeMap::new();
        for addition in additions {
            let is_kept = kept.iter().any(|tenant| tenant == addition.tenant.as_str());
            if is_kept {
                let mut tenants = shared.tenants();
                let known = tenants.entry(addition.tenant.clone()).or_default();
                known.add(addition.head(), &addition.entries);
                shared.saw(&addition.tenant, known.mark());
                if let Some(held) = &mut known.lease {
                    held.asked = asked;
                }
            } else {
                let why = self.lost(&addition).await;
                lost.insert(addition.tenant, why);
            }
        }
        for one in waiting {
            let answer = lost.get(&one.tenant).map_or(Ok(()), |why| Err(why.clone()));
            tell(one.recording.done, answer);
        }
        Ok(())
    }

    /// What is to be added, tenant by tenant. Those are answered at once who have no lease, and
    /// those whose entries are durable already.
    fn additions(&self, waiting: Vec<WaitingEntries>) -> (Vec<Addition>, Vec<WaitingEntries>) {
        let mut tenants = self.shared.tenants();
        let mut additions: BTreeMap<TenantId, Addition> = BTreeMap::new();
        let mut left = Vec::new();
        for one in waiting {
            let Recording { token, lines, .. } = &one.recording;
            let Some((known, held)) = tenants
                .get_mut(&one.tenant)
                .filter(|known| known.has(*token))
                .and_then(|known| known.lease.map(|held| (known, held)))
            else {
                tell(one.recording.done, Err(JournalError::Lost));
                continue;
            };
            let new: Vec<_> = lines.iter().filter(|(_, entry)| !known.was_settled(entry)).collect();
            if new.is_empty() {
                tell(one.recording.done, Ok(()));
                continue;
            }
            let tenant = one.tenant.clone();
            let addition = additions.entry(tenant.clone()).or_insert_with(|| Addition {
                tenant,
                held,
                was: known.head,
                links: Vec::new(),
                entries: Vec::new(),
            });
            for (line, entry) in new {
                let link = addition.head().next(line);
                addition.links.push((link, line.clone()));
                addition.entries.push(entry.clone());
            }
            left.push(one);
        }
        (additions.into_values().collect(), left)
    }

    /// It is not known what became of them.
    fn doubt(&self, additions: Vec<Addition>) {
        let mut tenants = self.shared.tenants();
        for addition in additions {
            let head = addition.head();
            if let Some(known) = tenants.get_mut(&addition.tenant) {
                known.doubt = Some(UncertainEntries { head, entries: addition.entries });
            }
        }
    }

    /// Why a tenant did not take its entries.
    async fn lost(&mut self, addition: &Addition) -> JournalError {
        let tenant = &addition.tenant;
        if let Some(known) = self.shared.tenants().get_mut(tenant) {
            known.end();
        }
        let schema = self.line.schema().to_owned();
        let owner = self.shared.owner().to_owned();
        let Ok(session) = self.line.session().await else { return JournalError::Lost };
        let found = load::tenant(session, &schema, tenant, Some(i64::MAX)).await;
        let Ok(TenantLookup::There(row, _)) = self.line.heard(found) else {
            return JournalError::Lost;
        };
        if let Some(reason) = row.refused {
            return JournalError::Doubtful(reason);
        }
        let is_ours = row.owner.as_deref() == Some(&owner) && row.token == addition.held.token;
        if !is_ours || row.head == addition.was {
            return JournalError::Lost;
        }
        let reason = went_back(row.head, addition.was.sequence);
        match self.refuse(tenant, &reason).await {
            Ok(()) => JournalError::Doubtful(reason),
            Err(error) => error,
        }
    }
}

fn refuse(waiting: Vec<WaitingEntries>, why: &JournalError) {
    for one in waiting {
        tell(one.recording.done, Err(why.clone()));
    }
}

/// A caller that no longer waits for the answer does not need it.
fn tell(done: ResultSender<()>, answer: Result<(), JournalError>) {
    drop(done.send(answer));
}
