//! Whether the journal in a database is whole, what can be saved of it, and how much it holds.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use super::{
    connect::Param,
    load::{self, HashedRow, StoredTenant, value},
    look::PostgresHistory,
};
use crate::{
    journal::{
        JournalSize, OpenError, chain::Link, fold::Fold, frozen::Frozen, load as lines, record,
    },
    ports::{JournalCheck, JournalExport},
    words::hex,
};

/// Rows that are read at a time.
const PAGE: i64 = 5_000;

/// What is kept of the place where reading goes on.
const FROM_THE_BEGINNING: i64 = i64::MIN;

/// Notes when an entry was recorded: tenants are read one after the other.
fn note(checked: &mut JournalCheck, at: Timestamp) {
    checked.first = Some(checked.first.map_or(at, |first| first.min(at)));
    checked.last = Some(checked.last.map_or(at, |last| last.max(at)));
}

/// Whether an entry is the one that what is kept of a tenant adds up to, if it has its place.
fn same(kept: Link, stored: &HashedRow) -> Result<(), lines::LoadError> {
    if stored.sequence == kept.sequence && stored.hash != kept.hash {
        let reason = format!("it adds up to another entry {}", kept.sequence);
        return Err(lines::LoadError::Damaged(reason));
    }
    Ok(())
}

impl PostgresHistory {
    /// Reads all of it, tenant by tenant, and proves each seal and each link of each chain.
    pub async fn check(&self) -> Result<JournalCheck, OpenError> {
        let mut checked = JournalCheck {
            entries: 0,
            first: None,
            last: None,
            head: hex(&[0; 32]),
            problems: Vec::new(),
        };
        let mut heads = Sha256::new();
        for row in self.rows().await? {
            heads.update(row.id.as_str());
            heads.update(row.head.sequence.to_le_bytes());
            heads.update(row.head.hash);
            checked.entries += row.head.sequence - row.anchor.sequence;
            if let Some(reason) = &row.refused {
                let id = &row.id;
                checked.problems.push(format!("tenant {id} waits for `journal accept`: {reason}"));
            }
            if let Err(reason) = self.prove(&row, &mut checked).await? {
                checked.problems.push(format!("tenant {}: {reason}", row.id));
            }
        }
        for (id, reason) in self.lost() {
            checked.problems.push(format!("tenant {id} waits for `journal accept`: {reason}"));
        }
        if checked.entries > 0 {
            checked.head = hex(&heads.finalize());
        }
        Ok(checked)
    }

    /// Proves one tenant, or says what is wrong.
    async fn prove(
        &self,
        row: &StoredTenant,
        checked: &mut JournalCheck,
    ) -> Result<Result<(), String>, OpenError> {
        let (at, mut fold) = match row.stored() {
            Ok(stored) => stored,
            Err(bad) => return Ok(Err(load::why(bad))),
        };
        let mut head = row.anchor;
        while head.sequence < row.head.sequence {
            let entries = self.page(row, head.sequence).await?;
            if entries.is_empty() {
                break;
            }
            let followed = load::follow(&mut head, &entries, |stored| {
                let entry = lines::parse(&stored.line, stored.sequence)?;
                note(checked, entry.at);
                if stored.sequence > at.sequence {
                    fold.add(&entry);
                }
                same(at, stored)
            });
            if let Err(bad) = followed {
                return Ok(Err(load::why(bad)));
            }
        }
        if head == row.head {
            return Ok(Ok(()));
        }
        let last = head.sequence;
        let written = row.head.sequence;
        Ok(Err(format!("it ends at entry {last}, but {written} was written")))
    }

    async fn page(&self, row: &StoredTenant, behind: i64) -> Result<Vec<HashedRow>, OpenError> {
        let query = "SELECT sequence, line, hash FROM {s}.entries WHERE tenant_id = $1 AND \
            sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";
        let values: [Param<'_>; 4] = [
            (&row.id.as_str(), Type::TEXT),
            (&behind, Type::INT8),
            (&row.head.sequence, Type::INT8),
            (&PAGE, Type::INT8),
        ];
        let rows = self.find(query, &values).await?;
        let stored = rows.iter().map(load::stored).collect::<Result<_, _>>();
        stored.map_err(|failure| self.at(failure))
    }

    /// Hands out every entry that can be read, as a line of JSON, in the order in which they came.
    /// Where entries are no longer kept, what they added up to stands behind the last one that is
    /// part of it.
    pub async fn export(&self, each: &mut (dyn FnMut(&str) + Send)) -> JournalExport {
        let mut exported = JournalExport { entries: 0, problems: Vec::new() };
        if let Err(error) = self.export_all(each, &mut exported).await {
            exported.problems.push(error.to_string());
        }
        exported
    }

    async fn export_all(
        &self,
        each: &mut (dyn FnMut(&str) + Send),
        exported: &mut JournalExport,
    ) -> Result<(), OpenError> {
        let mut sum = Fold::default();
        for row in self.rows().await?.iter().filter(|row| row.anchor.sequence > 0) {
            match row.stored() {
                Ok((_, fold)) => {
                    sum.tenants.extend(fold.tenants);
                    sum.accepted = sum.accepted.take().or(fold.accepted);
                }
                Err(bad) => {
                    let reason = load::why(bad);
                    exported
                        .problems
                        .push(format!("tenant {}: {reason}; its debts are lost", row.id));
                }
            }
        }
        let is_part = "t.anchor_sequence > 0 AND e.sequence <= t.fold_sequence";
        self.lines(&format!("({is_part})"), each, exported).await?;
        if !sum.tenants.is_empty() || sum.accepted.is_some() {
            let text = serde_json::to_string(&Frozen::from(&sum));
            let text = text.map_err(|error| self.damaged(&error.to_string()))?;
            each(&format!("{{\"v\":1,\"fold\":{text}}}"));
        }
        self.lines(&format!("({is_part}) IS NOT TRUE"), each, exported).await
    }

    async fn lines(
        &self,
        which: &str,
        each: &mut (dyn FnMut(&str) + Send),
        exported: &mut JournalExport,
    ) -> Result<(), OpenError> {
        let query = format!(
            "SELECT e.arrived, e.line, e.tenant_id, e.sequence FROM {{s}}.entries e \
                JOIN {{s}}.tenants t USING (tenant_id) WHERE {which} AND e.arrived > $1 \
                ORDER BY e.arrived LIMIT $2"
        );
        let mut behind = FROM_THE_BEGINNING;
        loop {
            let rows = self.find(&query, &[(&behind, Type::INT8), (&PAGE, Type::INT8)]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in &rows {
                let get = |column| value::<String>(row, column).map_err(|why| self.at(why));
                behind = value(row, 0).map_err(|why| self.at(why))?;
                let line = get(1)?;
                if record::read(&line).is_ok() {
                    each(&line);
                    exported.entries += 1;
                } else {
                    let tenant = get(2)?;
                    let sequence: i64 = value(row, 3).map_err(|why| self.at(why))?;
                    exported.problems.push(format!(
                        "entry {sequence} of tenant {tenant} is not an entry any more and is left \
                            out"
                    ));
                }
            }
        }
    }

    /// How much it holds. Nothing is proved.
    pub async fn about(&self) -> Result<JournalSize, OpenError> {
        let wrong = |failure| self.at(failure);
        let query = "SELECT coalesce(sum(sequence - anchor_sequence), 0)::bigint, \
            pg_total_relation_size('{s}.entries') + pg_total_relation_size('{s}.tenants') \
            FROM {s}.tenants";
        let rows = self.find(query, &[]).await?;
        let Some(row) = rows.first() else {
            let nothing =
                JournalSize { entries: 0, first: None, last: None, bytes: 0, brought_back: false };
            return Ok(nothing);
        };
        let bytes: i64 = value(row, 1).map_err(wrong)?;
        Ok(JournalSize {
            entries: value(row, 0).map_err(wrong)?,
            first: self.end("ASC").await?,
            last: self.end("DESC").await?,
            bytes: u64::try_from(bytes).unwrap_or(0),
            // A database that lost entries is found out by who wrote them.
            brought_back: false,
        })
    }

    /// When the entry at one end was recorded.
    async fn end(&self, order: &str) -> Result<Option<Timestamp>, OpenError> {
        let query = format!(
            "SELECT line::json ->> 'at' FROM {{s}}.entries WHERE kind = 'began' \
                ORDER BY arrived {order} LIMIT 1"
        );
        let rows = self.find(&query, &[]).await?;
        let at = rows.first().map(|row| value::<String>(row, 0)).transpose();
        Ok(at.map_err(|failure| self.at(failure))?.and_then(|at| at.parse().ok()))
    }
}
