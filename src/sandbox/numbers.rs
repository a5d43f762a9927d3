//! Who holds which number, so setting one does not look through everybody.
//!
//! **Invariant:** what is found is what [`World::holder`] would find. Code that changes the world in
//! another way than through [`NumberIndex::set`] must [`NumberIndex::forget`].

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::model::{Details, PhoneNumber, TenantId, Upn};

type Holders = BTreeMap<PhoneNumber, BTreeSet<(TenantId, Upn)>>;

/// The index; made when it is first asked.
#[derive(Debug, Default)]
pub(super) struct NumberIndex(Option<Holders>);

impl NumberIndex {
    /// The world has changed.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// Whether somebody else than `user` of `place` holds `number`; a short extension is looked for
    /// in its own tenant only.
    pub(super) fn is_taken(
        &mut self,
        world: &World,
        number: &PhoneNumber,
        (place, user): (&TenantId, &Upn),
    ) -> bool {
        let holders = self.0.get_or_insert_with(|| holders(world));
        let others = holders
            .get(number)
            .into_iter()
            .flatten()
            .filter(|(id, upn)| (id, upn) != (place, user));
        others.into_iter().any(|(id, _)| id == place || !number.is_extension())
    }

    /// A user's stored details change.
    pub(super) fn set(
        &mut self,
        (place, user): (&TenantId, &Upn),
        before: &Details,
        after: &Details,
    ) {
        let Some(holders) = &mut self.0 else { return };
        if let Some(number) = before.phone() {
            holders.entry(number.clone()).or_default().remove(&(place.clone(), user.clone()));
        }
        if let Some(number) = after.phone() {
            holders.entry(number.clone()).or_default().insert((place.clone(), user.clone()));
        }
    }
}

/// Everybody who holds a number now.
fn holders(world: &World) -> Holders {
    let mut holders = Holders::new();
    for (id, upn, user) in world.users() {
        if let Some(number) = user.stored.phone() {
            holders.entry(number.clone()).or_default().insert((id.clone(), upn.clone()));
        }
    }
    holders
}
