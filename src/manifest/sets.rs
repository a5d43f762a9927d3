//! The users of a tenant as its sets say them, made whenever somebody looks: what was read of the
//! files is all that is kept of them.

use std::{any::Any, borrow::Cow, sync::Arc};

use jiff::tz::TimeZone;

use super::{
    dates,
    entry::{UserEntry, ValueAsWritten},
};
use crate::model::{
    Calling, DesiredUser, Details, ExtensionPrefix, Field, FieldMap, Likeness, Onboard, Origin,
    Service, Site, UserSource, Users, WritePath, packed::Packed,
};

/// All sets of a tenant.
#[derive(Default)]
pub(super) struct Sets(pub(super) Vec<UserSet>);

/// One set.
pub(super) struct UserSet {
    pub(super) entries: Packed<UserEntry>,
    pub(super) common: SetDefaults,
    /// Where they are.
    pub(super) file: Arc<str>,
    /// The line of each.
    pub(super) lines: Arc<[u32]>,
}

/// What the users of a set have in common.
#[derive(PartialEq, Eq)]
pub(super) struct SetDefaults {
    /// The clocks that dates are meant by.
    pub(super) zone: Option<TimeZone>,
    /// There are none because they are written wrongly, which was told.
    pub(super) is_zone_wrong: bool,
    pub(super) writes: WritePath,
    pub(super) prefix: Option<ExtensionPrefix>,
    pub(super) site: Option<Site>,
    pub(super) onboard: Option<bool>,
    pub(super) secrets_from: Option<Arc<str>>,
    /// Which service the users have that do not say.
    pub(super) service: Service,
    /// What is said of users with that service.
    pub(super) details: Details,
}

/// What is different for each service: said of one, it is not said of the other.
const OF_A_SERVICE: [Field; 3] = [Field::SbcGatewayId, Field::UseTeamsVoicemail, Field::UserType];

/// What is said of users with one service, for users with another one whose call is `path`.
pub(super) fn of_any_service(details: &Details, path: WritePath) -> Details {
    let is_of_all = |field: &Field| !OF_A_SERVICE.contains(field) && path.carries(*field);
    let pairs = details.iter().filter(|(field, _)| is_of_all(field));
    pairs.map(|(field, value)| (field, value.clone())).collect()
}

impl SetDefaults {
    /// The call that stores the details of users with this service.
    pub(super) fn path(&self, service: Option<Service>) -> WritePath {
        self.writes.of(service.unwrap_or(self.service))
    }

    /// What is said of users with this service.
    fn details_of(&self, service: Service) -> Cow<'_, Details> {
        if service == self.service {
            Cow::Borrowed(&self.details)
        } else {
            Cow::Owned(of_any_service(&self.details, self.writes.of(service)))
        }
    }

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

impl UserSource<DesiredUser> for Sets {
    fn len(&self) -> usize {
        self.0.iter().map(|set| set.entries.len()).sum()
    }

    fn open(&self) -> Users<DesiredUser> {
        self.0.iter().flat_map(UserSet::users).collect()
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn likeness(&self, other: &dyn UserSource<DesiredUser>) -> Likeness {
        let others = other.as_any().and_then(|other| other.downcast_ref::<Self>());
        let others = others.filter(|others| others.0.len() == self.0.len());
        let Some(others) = others else { return Likeness::Unknown };
        let pairs = self.0.iter().zip(&others.0);
        pairs.map(|(one, other)| one.likeness(other)).min().unwrap_or(Likeness::Same)
    }
}

impl UserSet {
    fn likeness(&self, other: &Self) -> Likeness {
        let is_in_place = self.file == other.file && self.lines == other.lines;
        if !self.entries.is_like(&other.entries) || self.common != other.common {
            Likeness::Unknown
        } else if is_in_place || self.entries.len() == 0 {
            Likeness::Same
        } else {
            Likeness::Moved
        }
    }

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
        let UserEntry {
            upn,
            calling,
            site,
            reason,
            from,
            until,
            onboard,
            secrets_from,
            service,
            fields,
        } = entry;
        let common = &self.common;
        let service = service.unwrap_or(common.service);
        // What is wrong with them has been reported, and a tenant with problems is not used.
        let dates = dates::moments(from, until, calling, common.zone.as_ref()).ok().flatten();
        let (own, _) = values(fields, common.prefix.as_ref());
        Some(DesiredUser {
            upn: upn?,
            calling: calling.unwrap_or(Calling::Enabled), // absent only where a problem has been reported
            details: own.or(&common.details_of(service)),
            site: site.or_else(|| common.site.clone()),
            reason,
            dates: dates.map(Arc::new),
            onboard: common
                .onboard(onboard, secrets_from, onboards)
                .filter(|_| common.path(Some(service)).sets_up()),
            service,
            origin: Origin { file: Arc::clone(&self.file), line },
        })
    }
}

/// The values of written fields in a tenant with this prefix, and what is wrong with some.
pub(super) fn values(
    written: FieldMap<ValueAsWritten>,
    prefix: Option<&ExtensionPrefix>,
) -> (Details, Vec<(Field, ValueAsWritten, String)>) {
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

#[cfg(test)]
mod tests {
    use crate::{
        manifest::{self, ManifestFile},
        model::{DesiredTenant, TenantName},
    };

    const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: { name: t }\nspec: { tenantId: \
        5e93b6a1-0c48-4d27-b1fa-94d7e2c35080, mode: report, prune: never }\n---\n";
    const SET: &str = "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: { name: all, tenant: t }\nspec:\n  \
        defaults: { site: leeds }\n  users:\n    - { userPrincipalName: ann@t.com, calling: enabled }\n    \
        - { userPrincipalName: bert@t.com, calling: enabled, phoneNumber: \"+14255550100\" }\n";

    fn tenant(path: &str, text: &str) -> DesiredTenant {
        let loaded = manifest::load(&[ManifestFile::new(path, text)]);
        let name = TenantName::parse("t").unwrap();
        DesiredTenant::clone(&loaded.desired.tenants[&name])
    }

    /// What shows without a look at anybody is what a look shows.
    #[test]
    fn what_is_plainly_the_same_is_the_same() {
        let whole = format!("{TENANT}{SET}");
        let before = tenant("t.yaml", &whole);
        let cases = [
            (whole.clone(), [true, true]),
            (format!("{whole}# a comment\n"), [true, true]),
            (format!("# a comment\n{whole}"), [false, true]),
            (whole.replace("  users:\n", "  users:\n    # a comment\n"), [false, true]),
            (whole.replace("leeds", "london"), [false, false]),
            (whole.replace("ann@", "Ann@"), [false, false]),
            (whole.replace("0100", "0101"), [false, false]),
            (whole.replace("calling: enabled }", "calling: disabled }"), [false, false]),
        ];
        for (text, [same, says_the_same]) in cases {
            let now = tenant("t.yaml", &text);
            let plainly = [
                now.users.is_plainly(&before.users),
                now.users.says_plainly_the_same(&before.users),
            ];
            assert_eq!(plainly, [same, says_the_same], "{text}");
            // Looked at, they do not rest and are compared one by one.
            let [mut one, mut other] = [now.clone(), before.clone()];
            one.users.values_mut().chain(other.users.values_mut()).for_each(drop);
            let is_spelling = text.contains("Ann@");
            assert_eq!(one.users == other.users, same || is_spelling, "{text}");
            assert_eq!(one.says_the_same(&other), says_the_same || is_spelling, "{text}");
        }
        let elsewhere = tenant("u.yaml", &whole);
        assert!(!elsewhere.users.is_plainly(&before.users) && elsewhere.users != before.users);
        assert!(elsewhere.says_the_same(&before));
    }
}
