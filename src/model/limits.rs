//! How much may change at once: of a tenant in a run, of its list between two looks, and of the fleet
//! within an hour.

/// How many users may vanish from a tenant's list between two looks before the list is doubted; the
/// larger of the two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShrinkLimit {
    /// Of the users in the last whole list, rounded up.
    pub percent: u8,
    /// As many as these, whatever the share: in a small tenant three people are a third.
    pub floor: u32,
}

impl ShrinkLimit {
    /// The limit of a tenant that names none.
    pub const DEFAULT: Self = Self { percent: 20, floor: 5 };

    /// How many of `before` users may vanish.
    #[must_use]
    pub fn allows(self, before: usize) -> usize {
        let share = before.saturating_mul(usize::from(self.percent)).div_ceil(100);
        share.max(usize::try_from(self.floor).unwrap_or(usize::MAX))
    }
}

/// How much may change in one run of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// People who lose calling.
    pub disable: Limit,
    /// People whose present number is replaced or given up.
    pub numbers: Limit,
    /// People with calling, if anything of them is changed.
    pub changes: Limit,
}

impl Limits {
    /// The limits of a tenant that names none.
    pub const DEFAULT: Self = Self {
        disable: Limit { percent: 10, count: 25, floor: 0 },
        numbers: Limit { percent: 20, count: 100, floor: 10 },
        changes: Limit { percent: 50, count: 1000, floor: 25 },
    };
}

/// A number of people: a share of those whose calling is enabled now, bounded above and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// The share, rounded up, so a small tenant can still let one person go. With 0 it is
    /// nobody, whatever the floor.
    pub percent: u8,
    /// In any case no more than these.
    pub count: u32,
    /// This many are allowed whatever the share: in a small tenant three people are half of it.
    pub floor: u32,
}

impl Limit {
    /// How many of `enabled` people it allows.
    #[must_use]
    pub fn allows(self, enabled: usize) -> usize {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let share = enabled.saturating_mul(usize::from(self.percent)).div_ceil(100);
        if self.percent == 0 { 0 } else { share.max(whole(self.floor)).min(whole(self.count)) }
    }
}

/// How much may be sent for the whole fleet within any hour, whatever each tenant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PerHour {
    /// Disables.
    pub disable: u32,
    /// Updates that replace a number or give it up.
    pub numbers: u32,
    /// Updates and disables.
    pub changes: u32,
}

impl Default for PerHour {
    fn default() -> Self {
        Self { disable: 100, numbers: 500, changes: 5000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_share_between_two_bounds() {
        let limit = Limit { percent: 10, count: 25, floor: 0 };
        assert_eq!(
            [0, 1, 5, 10, 11, 250, 10_000].map(|enabled| limit.allows(enabled)),
            [0, 1, 1, 1, 2, 25, 25]
        );
        let limit = Limit { percent: 10, count: 25, floor: 3 };
        assert_eq!([0, 5, 30, 31, 10_000].map(|enabled| limit.allows(enabled)), [3, 3, 3, 4, 25]);
        assert_eq!(Limit { percent: 0, count: 25, floor: 3 }.allows(1000), 0);
        assert_eq!(Limit { percent: 100, count: 0, floor: 3 }.allows(1000), 0);
    }
}
