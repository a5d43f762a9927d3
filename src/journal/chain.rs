//! The chain that entries are links of: each has a hash over the hash before it and its line.

use sha2::{Digest as _, Sha256};

/// A hash of the chain.
pub(super) type Hash = [u8; 32];

/// A place in the chain: after this entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Link {
    pub(super) sequence: i64,
    pub(super) hash: Hash,
}

impl Link {
    /// The next link, which is the entry that `line` says.
    pub(super) fn next(self, line: &str) -> Self {
        let sequence = self.sequence + 1;
        let hash = Sha256::new()
            .chain_update(self.hash)
            .chain_update(sequence.to_le_bytes())
            .chain_update(line)
            .finalize();
        Self { sequence, hash: hash.into() }
    }
}
