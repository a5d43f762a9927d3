//! The users of a tenant as its sets say them, made whenever somebody looks: what was read of the
//! files is all that is kept of them.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{
    dates,
    entry::{UserEntry, Written},
};
use crate::model::{
    Calling, DesiredUser, Details, ExtensionPrefix, Field, FieldMap, Onboard, Origin, Site, Source,
    Users, WritePath, packed::Packed,
};

/// All sets of a tenant.
#[derive(Default)]
pub(super) struct Sets(pub(super) Vec<Set>);

/// One set.
pub(super) struct Set {
    pub(super) entries: Packed<UserEntry>,
    pub(super) common: Common,
    /// Where they are.
    pub(super) file: Arc<str>,
    /// The line of each.
    pub(super) lines: Arc<[u32]>,
}

/// What the users of a set have in common.
pub(super) struct Common {
    /// The clocks that dates are meant by.
    pub(super) zone: Option<TimeZone>,
    /// There are none because they are written wrongly, which was told.
    pub(super) is_zone_wrong: bool,
    pub(super) writes: WritePath,
    pub(super) prefix: Option<ExtensionPrefix>,
    pub(super) site: Option<Site>,
    pub(super) onboard: Option<bool>,
    pub(super) secrets_from: Option<Arc<str>>,
    pub(super) details: Details,
}

impl Common {
    /// Whether a user may be set up, and with what. Most users of a set share one value, which is
    /// `kept` from one to the next.
    fn onboard(
        &self,
        own: Option<bool>,
        secrets_from: Option<Arc<str>>,
        kept: &mut Option<Arc<Onboard>>,
    ) -> Option<Arc<Onboard>> {
        if !own.or(self.onboard).unwrap_or_default() {
            return None;
        }
        let secrets = secrets_from.or_else(|| self.secrets_from.clone());
        if kept.as_ref().is_none_or(|kept| kept.secrets != secrets) {
            *kept = Some(Arc::new(Onboard { secrets }));
        }
        kept.clone()
    }
}

impl Source<DesiredUser> for Sets {
    fn len(&self) -> usize {
        self.0.iter().map(|set| set.entries.len()).sum()
    }

    fn open(&self) -> Users<DesiredUser> {
        self.0.iter().flat_map(Set::users).collect()
    }
}

impl Set {
    fn users(&self) -> impl Iterator<Item = DesiredUser> + '_ {
        let mut onboards = None;
        let entries = self.entries.iter().enumerate();
        entries.filter_map(move |(index, entry)| {
            self.user(entry, self.lines.get(index).copied(), &mut onboards)
        })
    }

    /// The user of an entry; nothing of one that names nobody, which was told.
    fn user(
        &self,
        entry: UserEntry,
        line: Option<u32>,
        onboards: &mut Option<Arc<Onboard>>,
    ) -> Option<DesiredUser> {
        let UserEntry { upn, calling, site, reason, from, until, onboard, secrets_from, fields } =
            entry;
        let common = &self.common;
        // What is wrong with them has been reported, and a tenant with problems is not used.
        let dates = dates::moments(from, until, calling, common.zone.as_ref()).ok().flatten();
        let (own, _) = values(fields, common.prefix.as_ref());
        Some(DesiredUser {
            upn: upn?,
            calling: calling.unwrap_or(Calling::Enabled), // absent only where a problem has been reported
            details: own.or(&common.details),
            site: site.or_else(|| common.site.clone()),
            reason,
            dates: dates.map(Arc::new),
            onboard: common.onboard(onboard, secrets_from, onboards),
            origin: Origin { file: Arc::clone(&self.file), line },
        })
    }
}

/// The values of written fields in a tenant with this prefix, and what is wrong with some.
pub(super) fn values(
    written: FieldMap<Written>,
    prefix: Option<&ExtensionPrefix>,
) -> (Details, Vec<(Field, Written, String)>) {
    let mut wrongs = Vec::new();
    let values = written.filter_map(|field, written| match written.value(prefix) {
        Ok(value) => Some(value),
        Err(error) => {
            wrongs.push((field, written, error));
            None
        }
    });
    (values.into(), wrongs)
}
