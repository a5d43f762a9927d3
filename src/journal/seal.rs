//! Seals: what is beside the entries, each part under a hash of its own. The chain proves
//! entries only; a sum of entries that are no longer kept can be proved by nothing else.
//!
//! **Invariant:** each change of a part seals it in the same transaction. Every command that reads
//! looks at all seals first.

use rusqlite::{Connection, OptionalExtension as _, params, types::ValueRef};
use sha2::{Digest as _, Sha256};

use super::chain::Hash;

/// What is under a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealedPart {
    /// The journal's own name.
    Name,
    /// What the tables are made of: a column that is computed says what its expression says.
    Tables,
    /// Where the entries that are kept begin.
    Anchor,
    /// What all entries up to one add up to.
    Fold,
    /// The last fencing tokens.
    Leases,
}

impl SealedPart {
    pub(super) const ALL: [Self; 5] =
        [Self::Name, Self::Tables, Self::Anchor, Self::Fold, Self::Leases];

    fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Tables => "tables",
            Self::Anchor => "anchor",
            Self::Fold => "fold",
            Self::Leases => "leases",
        }
    }

    /// What of it is not as it was written, for people.
    pub(super) fn broken(self) -> &'static str {
        match self {
            Self::Name => "the name of the journal is not what was written",
            Self::Tables => "its tables are not what was made",
            Self::Anchor => "the place where its entries begin is not what was written",
            Self::Fold => "the sum of its entries is not what was written",
            Self::Leases => "the counts of leases are not what was written",
        }
    }

    fn content(self) -> &'static str {
        match self {
            Self::Name => "SELECT id FROM journal",
            Self::Tables => {
                "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
            }
            Self::Anchor => "SELECT one, sequence, hash FROM anchor",
            Self::Fold => "SELECT one, sequence, hash, state FROM fold",
            Self::Leases => "SELECT tenant_id, token FROM leases ORDER BY tenant_id",
        }
    }

    /// The hash of all that it holds: of each value its kind, its length and its bytes.
    fn hash(self, db: &Connection) -> rusqlite::Result<Hash> {
        let mut statement = db.prepare_cached(self.content())?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut hash = Sha256::new_with_prefix(self.key());
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                let number;
                let (kind, bytes): (u8, &[u8]) = match row.get_ref(column)? {
                    ValueRef::Null => (0, &[]),
                    ValueRef::Integer(value) => {
                        number = value.to_le_bytes();
                        (1, &number)
                    }
                    ValueRef::Real(value) => {
                        number = value.to_le_bytes();
                        (2, &number)
                    }
                    ValueRef::Text(text) => (3, text),
                    ValueRef::Blob(bytes) => (4, bytes),
                };
                hash.update([kind]);
                hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
                hash.update(bytes);
            }
        }
        Ok(hash.finalize().into())
    }

    /// Seals what it holds now.
    pub(super) fn seal(self, db: &Connection) -> rusqlite::Result<()> {
        let mut statement =
            db.prepare_cached("INSERT OR REPLACE INTO seals (part, hash) VALUES (?1, ?2)")?;
        statement.execute(params![self.key(), self.hash(db)?]).map(drop)
    }

    /// Whether it holds what was sealed.
    pub(super) fn is_whole(self, db: &Connection) -> rusqlite::Result<bool> {
        let sealed = db
            .query_row("SELECT hash FROM seals WHERE part = ?1", [self.key()], |row| {
                row.get::<_, Hash>(0)
            })
            .optional();
        Ok(sealed? == Some(self.hash(db)?))
    }
}
