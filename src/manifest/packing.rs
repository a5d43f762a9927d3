//! Entries of users at rest: as a file was read, until the users of its tenant are made of it.

use std::borrow::Cow;

use super::{
    carried,
    dates::{self, DateEntry},
    entry::{UserEntry, ValueAsWritten},
    glances::Glances,
    sets::SetDefaults,
    turns::DatedClaim,
};
use crate::{
    model::{
        Calling, Dates, Field, FieldMap, FieldSet, GatewayId, NumberRef, PhoneNumber, Service,
        Site, TenantName, Upn, Value, WritePath, is_of_platform, is_small,
        packed::{self, Pack, PackValue, PackedColumn, PackedReader, PackedWriter},
    },
    yaml::Path,
};

impl Pack for UserEntry {
    fn pack(&self, pen: &mut PackedWriter) {
        let Self {
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
        } = self;
        let onboard = match onboard {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        let calling = match calling {
            None => 0,
            Some(Calling::Enabled) => 1,
            Some(Calling::Disabled) => 2,
        };
        let has = [upn.is_some(), site.is_some(), reason.is_some(), secrets_from.is_some()];
        let bits = has.into_iter().fold(onboard, |bits, has| bits << 1 | u8::from(has));
        let service = match service {
            None => 0,
            Some(Service::Phone) => 1,
            Some(Service::CallApp) => 2,
        };
        let dates = [from, until];
        let is_dated = dates.iter().any(|date| date.is_some());
        if is_dated || service != 0 || names_call_app(fields) {
            pen.byte(bits << 2 | MORE);
            let has = dates.iter().fold(service, |bits, date| bits << 1 | u8::from(date.is_some()));
            pen.byte(has << 2 | calling);
            dates.into_iter().flatten().for_each(|date| date.pack(pen));
        } else {
            pen.byte(bits << 2 | calling);
        }
        if let Some(upn) = upn {
            pen.name(PackedColumn::Upn, upn.as_str());
        }
        if let Some(site) = site {
            pen.word(PackedColumn::Site, site.text());
        }
        if let Some(reason) = reason {
            pen.word(PackedColumn::Reason, reason);
        }
        if let Some(secrets_from) = secrets_from {
            pen.word(PackedColumn::SecretsFrom, secrets_from);
        }
        fields.pack(pen);
    }

    fn unpack(eye: &mut PackedReader<'_>) -> Self {
        let bits = eye.byte();
        Self::after(bits, eye)
    }
}

/// Whether a gateway is said that only users of the Call App have: whether that may be depends on more
/// than a glance sees.
fn names_call_app(fields: &FieldMap<ValueAsWritten>) -> bool {
    let call_app = Value::Gateway(GatewayId::CALL_APP);
    matches!(fields.get(Field::SbcGatewayId), Some(ValueAsWritten::Ready(value)) if *value == call_app)
}

impl UserEntry {
    /// The rest of an entry, after its first byte.
    fn after(bits: u8, eye: &mut PackedReader<'_>) -> Self {
        let has = |bit: u8| bits & bit != 0;
        let is_more = bits & CALLING == MORE;
        let more = if is_more { eye.byte() } else { bits & CALLING };
        let mut date = |bit: u8| (is_more && more & bit != 0).then(|| DateEntry::unpack(eye));
        let from = date(HAS_FROM);
        let until = date(HAS_UNTIL);
        Self {
            upn: has(UPN).then(|| Upn::known(eye.name(PackedColumn::Upn).as_ref())),
            calling: match more & CALLING {
                0 => None,
                1 => Some(Calling::Enabled),
                _ => Some(Calling::Disabled),
            },
            site: has(SITE).then(|| Site::known(eye.word(PackedColumn::Site))),
            reason: has(REASON).then(|| eye.word(PackedColumn::Reason)),
            from,
            until,
            secrets_from: has(SECRETS_FROM).then(|| eye.word(PackedColumn::SecretsFrom)),
            onboard: match bits >> 6 {
                0 => None,
                onboard => Some(onboard == 2),
            },
            service: match more >> SERVICE {
                0 => None,
                1 => Some(Service::Phone),
                _ => Some(Service::CallApp),
            },
            fields: FieldMap::unpack(eye),
        }
    }
}

/// What the first byte of an entry says: the last two bits whether calling is wanted, the first two
/// whether the user may be set up.
const CALLING: u8 = 3;
/// In the place of calling: a second byte has that, which dates are said, and which service.
const MORE: u8 = 3;
/// Where in the second byte the service begins.
const SERVICE: u8 = 4;
const HAS_UNTIL: u8 = 1 << 2;
const HAS_FROM: u8 = 1 << 3;
const SECRETS_FROM: u8 = 1 << 2;
const REASON: u8 = 1 << 3;
const SITE: u8 = 1 << 4;
const UPN: u8 = 1 << 5;

/// A glance at the users of a set.
pub(super) struct Glance<'g> {
    pub(super) noted: &'g mut Glances,
    pub(super) tenant: &'g TenantName,
    pub(super) common: &'g SetDefaults,
}

impl Glance<'_> {
    /// Notes the name and the number of a packed entry. False if there is more to be said of it.
    pub(super) fn at(&mut self, eye: &mut PackedReader<'_>) -> bool {
        let bits = eye.byte();
        let is_usual = self.common.path(None) == WritePath::UpdateUserDetails;
        if !is_usual || bits & CALLING == MORE {
            return self.closely(&UserEntry::after(bits, eye));
        }
        let has = |bit: u8| bits & bit != 0;
        // This call sets nobody up.
        let mut is_fine = has(UPN) && has(CALLING) && bits >> 6 != 2;
        if has(UPN) {
            is_fine &= self.name(&eye.name(PackedColumn::Upn));
        }
        if has(SITE) {
            eye.pass_word(PackedColumn::Site);
        }
        if has(REASON) {
            eye.pass_word(PackedColumn::Reason);
        }
        if has(SECRETS_FROM) {
            eye.pass_word(PackedColumn::SecretsFrom);
        }
        for field in FieldSet::of_bits(eye.count()) {
            is_fine &= self.common.writes.carries(field);
            match eye.byte() {
                packed::OTHER => is_fine &= self.number(&eye.name(PackedColumn::Number)),
                tag => packed::pass(tag, field, eye),
            }
        }
        is_fine
    }

    /// The same where values matter as well.
    fn closely(&mut self, entry: &UserEntry) -> bool {
        let UserEntry { upn, calling, from, until, onboard, service, fields, .. } = entry;
        let Ok(dates) = dates::moments(*from, *until, *calling, self.common.zone.as_ref()) else {
            return false;
        };
        let writes = self.common.path(*service);
        let at = || Path::root(0);
        let is_carried = carried::onboard(*onboard, writes, at).is_none()
            && carried::wrongs(fields, writes, at).is_empty();
        let has_name = upn.as_ref().is_some_and(|upn| self.name(upn.as_str()));
        let has_number = match (fields.get(Field::PhoneNumber), dates, upn) {
            (Some(ValueAsWritten::Number(text)), Some(dates), Some(upn)) => {
                self.wish(upn, text, dates)
            }
            (Some(ValueAsWritten::Number(text)), ..) => self.number(text),
            (Some(ValueAsWritten::Ready(_)) | None, ..) => true,
        };
        is_carried && has_name && has_number && calling.is_some()
    }

    fn name(&mut self, upn: &str) -> bool {
        let key = if is_small(upn) { Cow::Borrowed(upn) } else { Cow::Owned(upn.to_lowercase()) };
        self.noted.names.note(&key);
        !is_of_platform(&key)
    }

    /// Notes the number of somebody who has it for a time.
    fn wish(&mut self, upn: &Upn, text: &str, dates: Dates) -> bool {
        let number = PhoneNumber::parse(text, self.common.prefix.as_ref());
        let wish = |number| DatedClaim::new((upn, self.tenant), &number, dates);
        let wish = number.map(wish);
        let is_fine = wish.is_ok();
        self.noted.wishes.extend(wish);
        is_fine
    }

    fn number(&mut self, text: &str) -> bool {
        if self.common.prefix.is_none() && PhoneNumber::is_normal(text) {
            // As the number itself would be noted, which is its own normal form.
            self.noted.numbers.note(&(None::<&TenantName>, text));
            return true;
        }
        match PhoneNumber::parse(text, self.common.prefix.as_ref()) {
            Ok(number) => self.noted.numbers.note(&NumberRef::new(self.tenant, &number)),
            Err(_) => return false,
        }
        true
    }
}

impl PackValue for ValueAsWritten {
    fn pack(&self, field: Field, pen: &mut PackedWriter) {
        match self {
            Self::Ready(value) => value.pack(field, pen),
            Self::Number(text) => {
                pen.byte(packed::OTHER);
                pen.name(PackedColumn::Number, text);
            }
        }
    }

    fn unpack(tag: u8, field: Field, eye: &mut PackedReader<'_>) -> Self {
        match tag {
            packed::OTHER => Self::Number(eye.name(PackedColumn::Number).into()),
            tag => Self::Ready(Value::unpack(tag, field, eye)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Details, ExtensionPrefix, packed::Packed};

    fn common(writes: WritePath, prefix: Option<ExtensionPrefix>) -> SetDefaults {
        let details = Details::default();
        SetDefaults {
            zone: None,
            is_zone_wrong: false,
            writes,
            prefix,
            site: None,
            onboard: None,
            secrets_from: None,
            service: Service::default(),
            details,
        }
    }

    #[test]
    fn entries_come_back_as_they_were() {
        let texts = [
            "{ userPrincipalName: Adele@contoso.com, calling: enabled, phoneNumber: '+14255550100' }",
            "{ userPrincipalName: adele@contoso.com, calling: disabled, reason: gone, site: leeds }",
            "{ calling: disabled, phoneNumber: none, sbcGatewayId: 805, useTeamsVoicemail: true }",
            "{ userPrincipalName: \u{c9}@contoso.com, callPolicy: { name: National }, userTag: \u{6771} }",
            "{ site: leeds, callPolicy: { name: National }, phoneNumber: '1000' }",
            "{ userPrincipalName: a@b.c, onboard: true, secretsFrom: vault }",
            "{ userPrincipalName: a@b.d, onboard: false, email: a@b.d }",
            "{ userPrincipalName: a@b.g, calling: enabled, service: callApp, sbcGatewayId: -1 }",
            "{ userPrincipalName: a@b.h, calling: enabled, sbcGatewayId: -1, userTag: a }",
            "{ userPrincipalName: a@b.i, calling: disabled, service: phone, from: '2026-12-01' }",
            "{ userPrincipalName: a@b.e, calling: enabled, from: '2026-12-01', until: '2027-12-01' }",
            "{ userPrincipalName: a@b.f, onboard: true, until: '2027-12-01T08:00', userTag: a }",
            "{ calling: disabled, from: '2026-12-01T08:00:00+01:00', reason: gone, secretsFrom: a }",
            "{}",
        ];
        let read = |text: &&str| serde_yaml::from_str::<UserEntry>(text).unwrap();
        let entries: Vec<UserEntry> = texts.iter().map(read).collect();
        let packed: Packed<UserEntry> = entries.iter().collect();
        let again: Vec<UserEntry> = packed.iter().collect();
        assert_eq!(format!("{again:?}"), format!("{entries:?}"));
        assert_eq!(again, entries);
    }

    #[test]
    fn a_glance_notes_what_a_look_notes() {
        let texts = [
            "{ userPrincipalName: Adele@contoso.com, calling: enabled, phoneNumber: '+14255550100' }",
            "{ userPrincipalName: ann@contoso.com, calling: disabled, reason: gone, site: leeds, userTag: a }",
            "{ userPrincipalName: bert@contoso.com, calling: disabled, phoneNumber: '1000', userTag: b }",
            "{ userPrincipalName: carl@contoso.com, calling: enabled, phoneNumber: none, userTag: a }",
        ];
        let entries = texts.map(|text| serde_yaml::from_str::<UserEntry>(text).unwrap());
        let tenant = TenantName::parse("contoso").unwrap();
        let prefixes = [None, Some(ExtensionPrefix::parse("+1").unwrap())];
        let paths = [WritePath::UpdateUserDetails, WritePath::ConfigureUser];
        for (writes, prefix) in
            paths.into_iter().flat_map(|path| prefixes.clone().map(|p| (path, p)))
        {
            let common = common(writes, prefix);
            let prefix = common.prefix.as_ref();
            for (number, entry) in entries.iter().enumerate() {
                let packed: Packed<UserEntry> =
                    [&entries[1], entry, &entries[3]].into_iter().collect();
                let mut noted = Glances::default();
                let mut glance = Glance { noted: &mut noted, tenant: &tenant, common: &common };
                let fine: Vec<bool> = packed.each(|eye| glance.at(eye)).collect();
                assert_eq!(fine, [true, number != 2 || prefix.is_some(), true]);
                let Glances { mut names, mut numbers, .. } = noted;
                names.note(entry.upn.as_ref().unwrap());
                assert!(!names.are_once(), "{number}: a name is noted as it is compared");
                if let Some(ValueAsWritten::Number(text)) = entry.fields.get(Field::PhoneNumber)
                    && let Ok(wanted) = PhoneNumber::parse(text, prefix)
                {
                    assert!(numbers.are_once());
                    numbers.note(&NumberRef::new(&tenant, &wanted));
                    assert!(!numbers.are_once(), "{number}: a number is noted as it is compared");
                }
            }
        }
    }
}
