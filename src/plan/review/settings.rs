//! Settings of a tenant that a change says something else of.

use crate::model::DesiredTenant;

/// A setting of a tenant that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As manifests have it.
    pub name: &'static str,
    /// Before and after, where that is one word.
    pub words: Option<(&'static str, &'static str)>,
}

/// The settings that differ, in the order of the manifests.
pub(super) fn of(before: &DesiredTenant, after: &DesiredTenant) -> Vec<Setting> {
    // Taken apart field by field: a new one does not compile until somebody has decided about it.
    let DesiredTenant {
        name,
        id: _,
        account,
        mode,
        prune,
        adopt,
        limits,
        protect,
        live,
        confirm,
        shrink_limit,
        writes,
        extension_prefix,
        release,
        parking,
        windows,
        clocks,
        users: _,
        hands_on: _,
        origin: _,
        incomplete: _,
        missing: _,
    } = after;
    let mut settings = Vec::new();
    let mut add = |differs: bool, name| {
        if differs {
            settings.push(Setting { name, words: None });
        }
    };
    add(*name != before.name, "metadata.name");
    add(*account != before.account, "account");
    add(*adopt != before.adopt, "adopt");
    add((limits, shrink_limit) != (&before.limits, &before.shrink_limit), "limits");
    add(*protect != before.protect, "protect");
    add(*live != before.live, "live");
    add(*confirm != before.confirm, "confirm");
    add(*writes != before.writes, "writes");
    add(*extension_prefix != before.extension_prefix, "numbers.extensionPrefix");
    add(*release != before.release, "numbers.release");
    add(*parking != before.parking, "numbers.parking");
    add(*windows != before.windows, "windows");
    add(*clocks != before.clocks, "timeZone");
    if *prune != before.prune {
        let words = Some((before.prune.name(), prune.name()));
        settings.insert(0, Setting { name: "prune", words });
    }
    if *mode != before.mode {
        let words = Some((before.mode.name(), mode.name()));
        settings.insert(0, Setting { name: "mode", words });
    }
    settings
}
