//! Dice that do not mind the order in which calls of different users arrive.

use std::collections::BTreeMap;

/// Where dice come from: how often each was thrown.
#[derive(Debug, Default)]
pub(super) struct Dice {
    thrown: BTreeMap<String, u64>,
}

impl Dice {
    /// The numbers for the next throw for `what`.
    pub(super) fn rng(&mut self, seed: u64, what: &str) -> fastrand::Rng {
        let thrown = self.thrown.entry(what.to_owned()).or_default();
        *thrown += 1;
        // FNV-1a: the same on every machine and in every release, which std's hashers do not
        // promise.
        let bytes = seed.to_le_bytes().into_iter().chain(thrown.to_le_bytes()).chain(what.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        fastrand::Rng::with_seed(hash)
    }
}
