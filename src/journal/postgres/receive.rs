//! A journal from a file, taken into the tables: one transaction adds all of it, reads all of it
//! back and compares.
//!
//! Each tenant's chain begins where the one of the file begins that is kept, and its sum is stored
//! at its end. What was said of all tenants is a chain of its own, of no tenant.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use super::{
    connect::{Dialer, Session},
    failure::{FailureKind, PostgresFailure},
    load::{self, StoredTenant, TENANT, value},
    schema,
};
use crate::{
    config::Postgres,
    foreign,
    journal::{
        OpenError,
        chain::{Hash, Link},
        fold::Fold,
        frozen::Frozen,
        whole::{LockedJournal, StoredLine},
    },
    model::TenantId,
    words::hex,
};

/// Rows that are read back at a time.
const PAGE: i64 = 2_000;
/// It lasts as long as the journal is long; each statement is bounded.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '5s'";

/// The database, about to take a journal.
pub(in crate::journal) struct Receiver {
    session: Session,
    schema: String,
    journal: String,
}

/// What the database has on record of the journal that was moved to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::journal) struct Arrived {
    pub(in crate::journal) journal: String,
    pub(in crate::journal) sequence: i64,
    hash: String,
    pub(in crate::journal) entries: i64,
    pub(in crate::journal) tenants: usize,
}

impl Arrived {
    /// Whether it is this journal up to this place.
    pub(in crate::journal) fn is_of(&self, journal: &str, head: Link) -> bool {
        self.journal == journal && self.sequence == head.sequence && self.hash == hex(&head.hash)
    }
}

/// Why it is not committed, or not known to be.
pub(in crate::journal) struct Uncommitted {
    pub(in crate::journal) error: OpenError,
    /// The database has said that it was not done.
    pub(in crate::journal) was_not_done: bool,
}

/// The chain of a tenant while it is made.
struct Chain {
    head: Link,
    lines: Sha256,
}

impl Receiver {
    /// Connects, and makes the tables if there are none.
    pub(in crate::journal) async fn open(settings: &Postgres) -> Result<Self, OpenError> {
        let dialer = Dialer::new(settings, true);
        let dialled = dialer.dial().await;
        let session = dialled.map_err(|failure| failure.at("the database of the journal"))?;
        let schema = dialer.schema().to_owned();
        let about = schema::bring_up(&session, &schema).await?;
        Ok(Self { session, schema, journal: about.journal })
    }

    /// The name of the journal in the database.
    pub(in crate::journal) fn journal(&self) -> &str {
        &self.journal
    }

    /// Which database it is, for people.
    pub(in crate::journal) fn shown(&self) -> String {
        let schema = self.schema.trim_matches('"');
        format!("the schema {schema} of the {}", self.session.shown())
    }

    fn at(&self, failure: PostgresFailure) -> OpenError {
        failure.at(&self.session.shown())
    }

    /// Begins to take one; from now on nobody else writes. The answer is what was moved here
    /// before. An error if anything is there that was not.
    pub(in crate::journal) async fn begin(&self) -> Result<Option<Arrived>, OpenError> {
        let schema = &self.schema;
        let at = |failure| self.at(failure);
        self.session.batch(BEGIN).await.map_err(at)?;
        // One that was cut off in its commit is waited for.
        let about = format!("SELECT moved FROM {schema}.about FOR UPDATE");
        let rows = self.session.ask((&about, &[])).await.map_err(at)?;
        let moved = rows.first().map(|row| value::<Option<String>>(row, 0)).transpose();
        if let Some(text) = moved.map_err(at)?.flatten() {
            let odd = |error: serde_json::Error| {
                PostgresFailure::new(FailureKind::Other, error.to_string())
            };
            return serde_json::from_str(&text).map(Some).map_err(odd).map_err(at);
        }
        let lock = format!("LOCK TABLE {schema}.tenants, {schema}.entries IN EXCLUSIVE MODE");
        self.session.batch(&lock).await.map_err(at)?;
        let query = format!(
            "SELECT host, process FROM {schema}.service WHERE id IS NOT NULL AND \
                until > clock_timestamp() FOR UPDATE"
        );
        let leads = self.session.ask((&query, &[])).await.map_err(at)?;
        if let Some(row) = leads.first() {
            let host: String = value(row, 0).map_err(at)?;
            let process: i64 = value(row, 1).map_err(at)?;
            return Err(OpenError::Database {
                place: self.shown(),
                reason: format!("process {process} on {} leads there", foreign::line(host)),
                hint: "nothing was changed; end all services first, then run it again",
            });
        }
        let query = format!(
            "SELECT EXISTS (SELECT FROM {schema}.tenants) OR EXISTS (SELECT FROM {schema}.entries)"
        );
        let rows = self.session.ask((&query, &[])).await.map_err(at)?;
        let is_used = rows.first().map(|row| value::<bool>(row, 0)).transpose().map_err(at)?;
        if is_used == Some(false) { Ok(None) } else { Err(self.is_not_empty()) }
    }

    /// There is a journal already.
    pub(in crate::journal) fn is_not_empty(&self) -> OpenError {
        OpenError::Database {
            place: self.shown(),
            reason: "it holds another journal already".to_owned(),
            hint: "nothing was changed; set `state.postgres.schema` to one that is not there yet",
        }
    }

    /// Adds all of it, reads it back and compares. Nothing counts before the commit.
    pub(in crate::journal) async fn take(
        &self,
        whole: &mut LockedJournal,
    ) -> Result<(), OpenError> {
        let chains = self.add(whole).await?;
        let mut entries = 0;
        for (tenant, sum) in &whole.sums {
            let fresh = Chain { head: whole.anchor, lines: Sha256::new() };
            let chain = chains.get(tenant).unwrap_or(&fresh);
            self.store(tenant, sum, whole.anchor, chain.head).await?;
            self.compare(tenant, sum, whole.anchor, chain).await?;
            entries += chain.head.sequence - whole.anchor.sequence;
        }
        if entries != whole.head.sequence - whole.anchor.sequence {
            return Err(self.differs("some entries are of a tenant that has no sum"));
        }
        let about = Arrived {
            journal: whole.id.clone(),
            sequence: whole.head.sequence,
            hash: hex(&whole.head.hash),
            entries,
            tenants: whole.sums.iter().filter(|(_, sum)| !sum.tenants.is_empty()).count(),
        };
        let told = serde_json::to_string(&about).map_err(|error| {
            self.at(PostgresFailure::new(FailureKind::Other, error.to_string()))
        })?;
        let accepted = whole.accepted.as_ref().map(load::debt_text);
        let query = format!("UPDATE {}.about SET moved = $1, accepted = $2", self.schema);
        let values: [_; 2] = [(&told as _, Type::TEXT), (&accepted as _, Type::TEXT)];
        let done = self.session.ask((&query, &values)).await;
        done.map(drop).map_err(|failure| self.at(failure))
    }

    /// From now on it counts.
    pub(in crate::journal) async fn commit(&self) -> Result<(), Uncommitted> {
        let committed = self.session.batch("COMMIT").await;
        committed.map_err(|failure| Uncommitted {
            was_not_done: matches!(
                failure.kind,
                FailureKind::Again | FailureKind::Rights | FailureKind::Other
            ),
            error: self.at(failure),
        })
    }

    /// Every line, in its order.
    async fn add(&self, whole: &mut LockedJournal) -> Result<BTreeMap<TenantId, Chain>, OpenError> {
        let mut chains: BTreeMap<TenantId, Chain> = BTreeMap::new();
        let anchor = whole.anchor;
        let mut behind = anchor.sequence;
        loop {
            let page = whole.page(behind)?;
            let Some(last) = page.last() else { return Ok(chains) };
            behind = last.sequence;
            let mut links = Vec::with_capacity(page.len());
            for StoredLine { tenant, line, .. } in &page {
                let fresh = || Chain { head: anchor, lines: Sha256::new() };
                let chain = chains.entry(tenant.clone()).or_insert_with(fresh);
                chain.head = chain.head.next(line);
                add_line(&mut chain.lines, line);
                links.push(chain.head);
            }
            self.insert(&page, &links).await?;
        }
    }

    async fn insert(&self, page: &[StoredLine], links: &[Link]) -> Result<(), OpenError> {
        let query = format!(
            "INSERT INTO {}.entries (tenant_id, sequence, line, hash) SELECT e.tenant_id, \
                e.sequence, e.line, e.hash FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS \
                e(tenant_id, sequence, line, hash, place) ORDER BY e.place",
            self.schema
        );
        let tenants: Vec<&str> = page.iter().map(|said| said.tenant.as_str()).collect();
        let sequences: Vec<i64> = links.iter().map(|link| link.sequence).collect();
        let lines: Vec<&str> = page.iter().map(|said| said.line.as_str()).collect();
        let hashes: Vec<&[u8]> = links.iter().map(|link| &link.hash[..]).collect();
        let values: [_; 4] = [
            (&tenants as _, Type::TEXT_ARRAY),
            (&sequences as _, Type::INT8_ARRAY),
            (&lines as _, Type::TEXT_ARRAY),
            (&hashes as _, Type::BYTEA_ARRAY),
        ];
        let added = self.session.ask((&query, &values)).await;
        added.map(drop).map_err(|failure| self.at(failure))
    }

    /// The row of a tenant.
    async fn store(
        &self,
        tenant: &TenantId,
        sum: &Fold,
        anchor: Link,
        head: Link,
    ) -> Result<(), OpenError> {
        let fold = serde_json::to_string(&Frozen::from(sum)).map_err(|error| {
            self.at(PostgresFailure::new(FailureKind::Other, error.to_string()))
        })?;
        let stored = (head, fold);
        let seal = StoredTenant::sealed(tenant, anchor, &stored);
        let query = format!(
            "INSERT INTO {}.tenants (tenant_id, sequence, hash, fold, fold_sequence, fold_hash, \
                anchor_sequence, anchor_hash, seal) VALUES ($1, $2, $3, $4, $2, $3, $5, $6, $7)",
            self.schema
        );
        let hashes = [&head.hash[..], &anchor.hash[..], &seal[..]];
        let values: [_; 7] = [
            (&tenant.as_str() as _, Type::TEXT),
            (&head.sequence as _, Type::INT8),
            (&hashes[0] as _, Type::BYTEA),
            (&stored.1 as _, Type::TEXT),
            (&anchor.sequence as _, Type::INT8),
            (&hashes[1] as _, Type::BYTEA),
            (&hashes[2] as _, Type::BYTEA),
        ];
        let added = self.session.ask((&query, &values)).await;
        added.map(drop).map_err(|failure| self.at(failure))
    }

    /// Reads a tenant back: its sum, every link of its chain, every line.
    async fn compare(
        &self,
        tenant: &TenantId,
        sum: &Fold,
        anchor: Link,
        chain: &Chain,
    ) -> Result<(), OpenError> {
        let query =
            format!("SELECT {TENANT} FROM {}.tenants t WHERE t.tenant_id = $1", self.schema);
        let id = tenant.as_str();
        let rows = self.session.ask((&query, &[(&id, Type::TEXT)])).await;
        let rows = rows.map_err(|failure| self.at(failure))?;
        let row =
            rows.first().map(StoredTenant::of).transpose().map_err(|failure| self.at(failure))?;
        let Some(row) = row else { return Err(self.differs("a tenant is missing")) };
        let stored = row.stored().map_err(|bad| self.differs(&load::why(bad)))?;
        if stored.1 != *sum || row.anchor != anchor || row.head != chain.head {
            return Err(self.differs(&format!("the sum of tenant {tenant} is another one")));
        }
        let mut head = anchor;
        let mut lines = Sha256::new();
        loop {
            let entries = self.page(tenant, head.sequence).await?;
            if entries.is_empty() {
                break;
            }
            let followed = load::follow(&mut head, &entries, |entry| {
                add_line(&mut lines, &entry.line);
                Ok(())
            });
            followed.map_err(|bad| self.differs(&load::why(bad)))?;
        }
        if head != chain.head || digest(lines) != digest(chain.lines.clone()) {
            return Err(self.differs(&format!("the entries of tenant {tenant} are others")));
        }
        Ok(())
    }

    async fn page(
        &self,
        tenant: &TenantId,
        behind: i64,
    ) -> Result<Vec<load::HashedRow>, OpenError> {
        let query = format!(
            "SELECT sequence, line, hash FROM {}.entries WHERE tenant_id = $1 AND sequence > $2 \
                ORDER BY sequence LIMIT $3",
            self.schema
        );
        let values: [_; 3] = [
            (&tenant.as_str() as _, Type::TEXT),
            (&behind as _, Type::INT8),
            (&PAGE as _, Type::INT8),
        ];
        let rows = self.session.ask((&query, &values)).await;
        let rows = rows.map_err(|failure| self.at(failure))?;
        let stored = rows.iter().map(load::stored).collect::<Result<_, _>>();
        stored.map_err(|failure| self.at(failure))
    }

    fn differs(&self, reason: &str) -> OpenError {
        OpenError::Database {
            place: self.shown(),
            reason: format!("what was read back is not what was written: {reason}"),
            hint: "nothing was changed; the database is not to be trusted with a journal",
        }
    }
}

fn add_line(lines: &mut Sha256, line: &str) {
    lines.update(line);
    lines.update(b"\n");
}

fn digest(lines: Sha256) -> Hash {
    lines.finalize().into()
}
