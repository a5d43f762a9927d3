//! Names that nothing has anywhere else: of a journal, of a start of the program.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A new one: 128 bits of the system's own chance.
pub(super) fn fresh() -> String {
    let chance = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", chance(), chance())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_the_same() {
        let names: std::collections::BTreeSet<String> = (0..100).map(|_| fresh()).collect();
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| name.len() == 32));
    }
}
