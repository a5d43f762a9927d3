//! Keys of a tenant that do not go together.

use super::{
    carried,
    choices::{ConfirmEntry, LiveEntry, PruneEntry},
    draft::TenantDraft,
};
use crate::{model::WritePath, yaml::Mismatch};

/// What contradicts itself in a tenant, each at its place.
pub(super) fn contradictions(draft: &TenantDraft) -> Vec<Mismatch> {
    let spec = &draft.spec;
    let at = draft.at.key("spec");
    let mut wrongs = Vec::new();
    if spec.live == LiveEntry::Graph && spec.confirm == ConfirmEntry::Graph {
        let message =
            "`confirm: graph` confirms nothing where `live: graph` reads from Graph already";
        wrongs.push(Mismatch::value(at.key("confirm"), message).hint("leave one of the two out"));
    }
    if spec.live == LiveEntry::File && spec.confirm == ConfirmEntry::Graph {
        let message =
            "`confirm: graph` goes with what the service shows, and `live: file` does not ask it";
        wrongs.push(Mismatch::value(at.key("confirm"), message).hint("leave one of the two out"));
    }
    if spec.live == LiveEntry::Graph && spec.prune == Some(PruneEntry::Disable) {
        let message = "`live: graph` shows every user with calling in Teams, whichever provider it comes from: `prune: disable` would disable them";
        wrongs.push(Mismatch::value(at.key("prune"), message).hint(
            "set `prune: never`, or `live: connecttoteams`, which shows the provider's own users",
        ));
    }
    let defaults = || at.key("defaults");
    let service = spec.defaults.service.unwrap_or_default();
    let path = WritePath::from(spec.writes).of(service);
    wrongs.extend(carried::of_defaults(&spec.defaults, path, defaults));
    wrongs
}
