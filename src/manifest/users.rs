//! The users of all sets: each is named once in the fleet, and gets what its set and its tenant say.

use std::{mem::take, sync::Arc};

use super::{
    carried,
    draft::{SetDraft, What},
    entry::{Fields, UserEntry, Written},
    fleet::{Fleet, Spot, UserSpot},
};
use crate::{
    model::{
        Calling, DesiredUser, Details, ExtensionPrefix, Field, FieldMap, Onboard, Origin,
        PhoneNumber, Site, TenantName, Upn, WritePath,
    },
    yaml::{At, Path, Wrong},
};

/// What the users of a set have in common.
struct Common {
    writes: WritePath,
    prefix: Option<ExtensionPrefix>,
    site: Option<Site>,
    onboard: Option<bool>,
    secrets_from: Option<Arc<str>>,
    details: Details,
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

impl<'f> Fleet<'f> {
    /// The users of one set, the `nth` of its file.
    pub(super) fn users(&mut self, number: usize, nth: usize, set: &'f SetDraft) {
        let Some(file) = self.files.get(number) else { return };
        if self.unchanged.contains_key(&set.tenant) {
            for (index, entry) in set.users.iter().enumerate() {
                let Some(upn) = &entry.upn else { continue };
                self.is_once(upn, UserSpot { file: number, set: nth, index }, set);
            }
            return;
        }
        let common = self.common(set);
        for wrong in carried::of_defaults(&set.defaults, common.writes, || {
            set.at.key("spec").key("defaults")
        }) {
            self.problem(number, What::at(wrong), &[&set.tenant]);
        }
        let lines = file.lines.get(set.at.document);
        let mut users = self.users.remove(&set.tenant).unwrap_or_default();
        let entries = self.entries.get_mut(number).and_then(|sets| sets.get_mut(nth));
        let entries = entries.map(take).unwrap_or_default();
        users.reserve(entries.len());
        let mut onboards = None;
        for (index, entry) in entries.into_iter().enumerate() {
            let spot = UserSpot { file: number, set: nth, index };
            let UserEntry { upn, calling, site, reason, onboard, secrets_from, fields } = entry;
            let Some(upn) = upn.filter(|upn| self.is_once(upn, spot, set)) else { continue };
            self.carried(&fields, onboard, spot, set, common.writes);
            let own = self.own(fields, spot, set, common.prefix.as_ref());
            let onboard = common.onboard(onboard, secrets_from, &mut onboards);
            let line = lines.and_then(|lines| lines.get(index)).copied();
            let user = DesiredUser {
                upn,
                calling: calling.unwrap_or(Calling::Enabled), // absent only where a problem has been reported
                details: own.or(&common.details),
                site: site.or_else(|| common.site.clone()),
                reason,
                onboard,
                origin: Origin { file: Arc::clone(&file.path), line },
            };
            users.push(user);
        }
        self.users.insert(set.tenant.clone(), users);
    }

    /// The defaults of a set over those of its tenant.
    fn common(&self, set: &SetDraft) -> Common {
        let tenant = self.tenants.get(&set.tenant);
        let prefix = tenant.and_then(|(_, tenant)| tenant.extension_prefix.clone());
        let none = Fields::default();
        let lower = self.drafts.get(&set.tenant).map_or(&none, |draft| &draft.spec.defaults);
        let of_tenant = values(lower.values.clone(), None).0;
        let of_set = values(set.defaults.values.clone(), prefix.as_ref()).0;
        let upper = &set.defaults;
        let site = upper.site.as_ref().or(lower.site.as_ref()).cloned();
        let onboard = upper.onboard.or(lower.onboard);
        let secrets_from = upper.secrets_from.as_ref().or(lower.secrets_from.as_ref()).cloned();
        let writes = tenant.map(|(_, tenant)| tenant.writes).unwrap_or_default();
        let details = of_set.or(&of_tenant);
        Common { writes, prefix, site, onboard, secrets_from, details }
    }

    /// Whether nobody named this user before.
    fn is_once(&mut self, upn: &Upn, spot: UserSpot, set: &SetDraft) -> bool {
        if upn.is_platform_account() {
            let wrong = Wrong::value(
                path(set, spot.index).key("userPrincipalName"),
                format!("`{upn}` is an account that the platform made for itself"),
            );
            let what =
                What::at(wrong.hint("remove the user: changing it would break the platform"));
            self.problem(spot.file, what, &[&set.tenant]);
        }
        let first = self.seen.note(upn.clone(), spot);
        if let Some(first) = first {
            self.twice(upn, spot, set, first);
        }
        first.is_none()
    }

    fn twice(&mut self, upn: &Upn, spot: UserSpot, set: &SetDraft, first: UserSpot) {
        let files = self.files;
        let Some(other) = files.get(first.file).and_then(|file| file.sets.get(first.set)) else {
            return;
        };
        self.one_of_many(spot.file, &[&set.tenant, &other.tenant], |_| {
            Some(twice(upn, (set, spot), (other, first)))
        });
    }

    /// The values that an entry itself says; those that are wrong are told.
    fn own(
        &mut self,
        fields: FieldMap<Written>,
        spot: UserSpot,
        set: &SetDraft,
        prefix: Option<&ExtensionPrefix>,
    ) -> Details {
        let (own, wrongs) = values(fields, prefix);
        for (field, written, error) in wrongs {
            self.one_of_many(spot.file, &[&set.tenant], |_| {
                let wrong = Wrong::value(path(set, spot.index).key(field.name()), error);
                let hint = hint(&written, prefix, set);
                Some(What::at(Wrong { hint: hint.or(wrong.hint), ..wrong }))
            });
        }
        own
    }

    /// Tells what the call that stores details cannot take.
    fn carried(
        &mut self,
        fields: &FieldMap<Written>,
        onboard: Option<bool>,
        spot: UserSpot,
        set: &SetDraft,
        writes: WritePath,
    ) {
        let at = || path(set, spot.index);
        if let Some(wrong) = carried::onboard(onboard, writes, at) {
            self.one_of_many(spot.file, &[&set.tenant], |_| Some(What::at(wrong)));
        }
        for wrong in carried::wrongs(fields, writes, || path(set, spot.index)) {
            self.one_of_many(spot.file, &[&set.tenant], |_| Some(What::at(wrong)));
        }
    }

    /// The file in which a user is written.
    pub(super) fn file_of(&self, user: &Upn) -> Option<usize> {
        self.seen.get(user).map(|spot| spot.file)
    }

    /// Where a user of a tenant is written.
    pub(super) fn spot_of(&self, user: &Upn, tenant: &TenantName) -> Option<Spot> {
        let spot = self.seen.get(user)?;
        let set = self.files.get(spot.file)?.sets.get(spot.set)?;
        (set.tenant == *tenant).then(|| Spot { file: spot.file, path: path(set, spot.index) })
    }
}

/// A user whom two entries name.
fn twice(
    upn: &Upn,
    (set, spot): (&SetDraft, UserSpot),
    (other, first): (&SetDraft, UserSpot),
) -> What {
    let whose = if other.tenant == set.tenant {
        String::new()
    } else {
        format!(", in tenants `{}` and `{}`", other.tenant, set.tenant)
    };
    let wrong = Wrong::value(
        path(set, spot.index).key("userPrincipalName"),
        format!("user `{upn}` is listed twice{whose}"),
    );
    let what = What::at(wrong.hint("keep one of the two entries"));
    let there = path(other, first.index).key("userPrincipalName");
    what.and(first.file, there, At::Value, "first here")
}

/// What to do about a number that is not one.
fn hint(written: &Written, prefix: Option<&ExtensionPrefix>, set: &SetDraft) -> Option<String> {
    if let Some(bare) = bare_number(written) {
        return Some(format!("write \"{bare}\""));
    }
    (is_short(written) && prefix.is_none()).then(|| {
        format!("set `numbers.extensionPrefix` of tenant `{}`, such as \"+1\"", set.tenant)
    })
}

fn path(set: &SetDraft, index: usize) -> Path {
    set.at.key("spec").key("users").index(index)
}

/// The values of written fields in a tenant with this prefix, and what is wrong with some.
fn values(
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

fn is_short(written: &Written) -> bool {
    matches!(written, Written::Number(text) if PhoneNumber::is_short(text))
}

/// A number without what people put between its digits, if that is all that is wrong with it.
fn bare_number(written: &Written) -> Option<String> {
    let Written::Number(text) = written else { return None };
    let text = text.trim().strip_prefix("tel:").unwrap_or(text);
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/'))
        .collect();
    // As it is dialled from most countries.
    let bare = bare.strip_prefix("00").map_or_else(|| bare.clone(), |rest| format!("+{rest}"));
    (bare.starts_with('+') && PhoneNumber::parse(&bare, None).is_ok()).then_some(bare)
}
