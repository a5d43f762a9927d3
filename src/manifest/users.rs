//! The users of all sets: each is named once in the fleet, and gets what its set and its tenant
//! say.

use std::sync::Arc;

use super::{
    carried, dates,
    draft::{ProblemDetail, SetDraft},
    entry::{FieldDefaults, UserEntry, ValueAsWritten},
    fleet::{FileSpot, ManifestFleet, UserSpot},
    packing::Glance,
    sets::{SetDefaults, UserSet, of_any_service, values},
};
use crate::{
    model::{ExtensionPrefix, FieldMap, PhoneNumber, TenantName, Upn, WritePath},
    yaml::{At, Mismatch, Path},
};

impl<'f> ManifestFleet<'f> {
    /// The users of one set, the `nth` of its file.
    pub(super) fn users(&mut self, number: usize, nth: usize, set: &'f SetDraft) {
        let Some(file) = self.files.get(number) else { return };
        let common = self.common(set);
        let is_known = self.unchanged.contains_key(&set.tenant);
        for wrong in carried::of_defaults(&set.defaults, common.path(None), || {
            set.at.key("spec").key("defaults")
        }) {
            self.problem(number, ProblemDetail::at(wrong), &[&set.tenant]);
        }
        if self.seen.is_none() {
            self.glance(set, &common);
        } else {
            for (index, entry) in set.users.iter().enumerate() {
                let spot = UserSpot { file: number, set: nth, index };
                let Some(upn) = &entry.upn else { continue };
                if self.is_once(upn, spot, set) && !is_known {
                    self.carried(&entry, spot, set, common.path(entry.service));
                    self.check_dates(&entry, spot, set, &common);
                    self.check_values(entry.fields, spot, set, common.prefix.as_ref());
                }
            }
        }
        if !is_known {
            let lines = file.lines.get(set.at.document).map(Vec::as_slice).unwrap_or_default();
            let set_at_rest = UserSet {
                entries: set.users.clone(),
                common,
                file: Arc::clone(&file.path),
                lines: lines.into(),
            };
            self.users.entry(set.tenant.clone()).or_default().0.push(set_at_rest);
        }
    }

    /// Glances at the users of a set, unless what was noted of them is known.
    fn glance(&mut self, set: &SetDraft, common: &SetDefaults) {
        let known = self.unchanged.get(&set.tenant);
        if known.is_some_and(|known| known.glances.is_some()) {
            return;
        }
        let noted = self.glances.entry(set.tenant.clone()).or_default();
        let mut glance = Glance { noted: Arc::make_mut(noted), tenant: &set.tenant, common };
        let is_fine = set.users.each(|eye| glance.at(eye)).fold(true, |all, one| all & one);
        glance.noted.is_odd |= !is_fine;
    }

    /// The defaults of a set over those of its tenant.
    fn common(&self, set: &SetDraft) -> SetDefaults {
        let tenant = self.tenants.get(&set.tenant);
        let prefix = tenant.and_then(|(_, tenant)| tenant.extension_prefix.clone());
        let none = FieldDefaults::default();
        let lower = self.drafts.get(&set.tenant).map_or(&none, |draft| &draft.spec.defaults);
        let of_tenant = values(lower.values.clone(), None).0;
        let of_set = values(set.defaults.values.clone(), prefix.as_ref()).0;
        let upper = &set.defaults;
        let site = upper.site.as_ref().or(lower.site.as_ref()).cloned();
        let onboard = upper.onboard.or(lower.onboard);
        let secrets_from = upper.secrets_from.as_ref().or(lower.secrets_from.as_ref()).cloned();
        let writes = tenant.map(|(_, tenant)| tenant.writes).unwrap_or_default();
        let service_above = lower.service.unwrap_or_default();
        let service = upper.service.unwrap_or(service_above);
        let details = if service == service_above {
            of_set.or(&of_tenant)
        } else {
            of_set.or(&of_any_service(&of_tenant, writes.of(service)))
        };
        let zone = self.drafts.get(&set.tenant).and_then(|draft| draft.spec.zone());
        let mut problems = self.files.iter().flat_map(|file| &file.problems);
        let is_zone_wrong = zone.is_none()
            && problems.any(|it| it.concerns.contains(&set.tenant) && it.what.is_at(TIME_ZONE));
        SetDefaults {
            zone,
            is_zone_wrong,
            writes,
            prefix,
            site,
            onboard,
            secrets_from,
            service,
            details,
        }
    }

    /// Whether nobody named this user before.
    fn is_once(&mut self, upn: &Upn, spot: UserSpot, set: &SetDraft) -> bool {
        if upn.is_platform_account() {
            let wrong = Mismatch::value(
                path(set, spot.index).key("userPrincipalName"),
                format!("`{upn}` is an account that the platform made for itself"),
            );
            let what = ProblemDetail::at(
                wrong.hint("remove the user: changing it would break the platform"),
            );
            self.problem(spot.file, what, &[&set.tenant]);
        }
        let first = self.seen.as_mut().and_then(|seen| seen.note(upn, spot));
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

    /// Tells what is wrong with the dates of an entry.
    fn check_dates(
        &mut self,
        entry: &UserEntry,
        spot: UserSpot,
        set: &SetDraft,
        common: &SetDefaults,
    ) {
        let zone = common.zone.as_ref();
        let Err(wrong) = dates::moments(entry.from, entry.until, entry.calling, zone) else {
            return;
        };
        if wrong.wants_zone && common.is_zone_wrong {
            return;
        }
        self.one_of_many(spot.file, &[&set.tenant], |_| {
            let path = path(set, spot.index).key(wrong.key);
            Some(ProblemDetail::at(Mismatch::value(path, wrong.message).hint(wrong.hint)))
        });
    }

    /// Tells which of the values that an entry itself says are wrong.
    fn check_values(
        &mut self,
        fields: FieldMap<ValueAsWritten>,
        spot: UserSpot,
        set: &SetDraft,
        prefix: Option<&ExtensionPrefix>,
    ) {
        let (_, wrongs) = values(fields, prefix);
        for (field, written, error) in wrongs {
            self.one_of_many(spot.file, &[&set.tenant], |_| {
                let wrong = Mismatch::value(path(set, spot.index).key(field.name()), error);
                let hint = hint(&written, prefix, set);
                Some(ProblemDetail::at(Mismatch { hint: hint.or(wrong.hint), ..wrong }))
            });
        }
    }

    /// Tells what the call that stores details cannot take.
    fn carried(&mut self, entry: &UserEntry, spot: UserSpot, set: &SetDraft, writes: WritePath) {
        let at = || path(set, spot.index);
        if let Some(wrong) = carried::onboard(entry.onboard, writes, at) {
            self.one_of_many(spot.file, &[&set.tenant], |_| Some(ProblemDetail::at(wrong)));
        }
        for wrong in carried::wrongs(&entry.fields, writes, at) {
            self.one_of_many(spot.file, &[&set.tenant], |_| Some(ProblemDetail::at(wrong)));
        }
    }

    /// The file in which a user is written.
    pub(super) fn file_of(&self, user: &Upn) -> Option<usize> {
        Some(self.seen.as_ref()?.get(user)?.file)
    }

    /// Where a user of a tenant is written.
    pub(super) fn spot_of(&self, user: &Upn, tenant: &TenantName) -> Option<FileSpot> {
        let spot = self.seen.as_ref()?.get(user)?;
        let set = self.files.get(spot.file)?.sets.get(spot.set)?;
        (set.tenant == *tenant).then(|| FileSpot { file: spot.file, path: path(set, spot.index) })
    }
}

/// The key of the tenant's clocks.
const TIME_ZONE: &str = "timeZone";

/// A user that two entries name.
fn twice(
    upn: &Upn,
    (set, spot): (&SetDraft, UserSpot),
    (other, first): (&SetDraft, UserSpot),
) -> ProblemDetail {
    let whose = if other.tenant == set.tenant {
        String::new()
    } else {
        format!(", in tenants `{}` and `{}`", other.tenant, set.tenant)
    };
    let wrong = Mismatch::value(
        path(set, spot.index).key("userPrincipalName"),
        format!("user `{upn}` is listed twice{whose}"),
    );
    let what = ProblemDetail::at(wrong.hint("keep one of the two entries"));
    let there = path(other, first.index).key("userPrincipalName");
    what.and(first.file, there, At::Value, "first here")
}

/// What to do about a number that is not one.
fn hint(
    written: &ValueAsWritten,
    prefix: Option<&ExtensionPrefix>,
    set: &SetDraft,
) -> Option<String> {
    let ValueAsWritten::Number(text) = written else { return None };
    if !PhoneNumber::is_short(text) {
        return Some(PhoneNumber::advice(text));
    }
    prefix.is_none().then(|| {
        format!("set `numbers.extensionPrefix` of tenant `{}`, such as \"+1\"", set.tenant)
    })
}

fn path(set: &SetDraft, index: usize) -> Path {
    set.at.key("spec").key("users").index(index)
}
