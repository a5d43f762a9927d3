//! What is packed: users as they are, and values of fields.

use std::sync::Arc;

use super::{Pack, PackedColumn, PackedReader, PackedWriter};
use crate::model::{
    Field, FieldMap, FieldSet, GatewayId, LiveCalling, LiveUser, ObservedValue, PhoneNumber,
    UnreadableValue, Upn, UserId, Value,
};

/// What a value is, in one byte.
mod tag {
    pub(super) const NUMBER: u8 = 0;
    /// A number whose forms are not all the same.
    pub(super) const SPELLED: u8 = 1;
    pub(super) const EXTENSION: u8 = 2;
    pub(super) const NO_PHONE: u8 = 3;
    pub(super) const GATEWAY: u8 = 4;
    pub(super) const OFF: u8 = 5;
    pub(super) const ON: u8 = 6;
    pub(super) const TEXT: u8 = 7;
    pub(super) const UNSET: u8 = 8;
    pub(super) const UNREAD: u8 = 9;
}

/// The first tag that is free for those who pack something else beside values.
pub(crate) const OTHER: u8 = 10;

/// The value of a field, or what is in its place.
pub(crate) trait PackValue: Sized {
    /// Writes it.
    fn pack(&self, field: Field, pen: &mut PackedWriter);

    /// Reads what was written, behind its tag.
    fn unpack(tag: u8, field: Field, eye: &mut PackedReader<'_>) -> Self;
}

impl PackValue for Value {
    fn pack(&self, field: Field, pen: &mut PackedWriter) {
        match self {
            Self::Phone(number) => {
                let (written, compared, is_extension) = number.parts();
                match (compared, is_extension) {
                    (None, false) => pen.byte(tag::NUMBER),
                    (_, false) => pen.byte(tag::SPELLED),
                    (_, true) => pen.byte(tag::EXTENSION),
                }
                pen.name(PackedColumn::Number, written);
                if compared.is_some() || is_extension {
                    pen.name(PackedColumn::Compared, compared.unwrap_or_default());
                }
            }
            Self::NoPhone => pen.byte(tag::NO_PHONE),
            Self::Gateway(id) => {
                pen.byte(tag::GATEWAY);
                pen.whole(id.get());
            }
            Self::Flag(flag) => pen.byte(if *flag { tag::ON } else { tag::OFF }),
            Self::Text(text) => {
                pen.byte(tag::TEXT);
                pen.word(PackedColumn::Of(field), text);
            }
        }
    }

    fn unpack(tag: u8, field: Field, eye: &mut PackedReader<'_>) -> Self {
        match tag {
            tag::NUMBER => {
                let written: Arc<str> = eye.name(PackedColumn::Number).into();
                Self::Phone(PhoneNumber::of_parts(written, "", false))
            }
            tag::SPELLED | tag::EXTENSION => {
                let written: Arc<str> = eye.name(PackedColumn::Number).into();
                let compared = eye.name(PackedColumn::Compared);
                Self::Phone(PhoneNumber::of_parts(written, &compared, tag == tag::EXTENSION))
            }
            tag::GATEWAY => Self::Gateway(GatewayId::known(eye.whole())),
            tag::ON => Self::Flag(true),
            tag::OFF => Self::Flag(false),
            tag::TEXT => Self::Text(eye.word(PackedColumn::Of(field))),
            _ => Self::NoPhone,
        }
    }
}

/// Passes over a value, behind its tag.
pub(crate) fn pass(tag: u8, field: Field, eye: &mut PackedReader<'_>) {
    match tag {
        tag::NUMBER => {
            eye.name(PackedColumn::Number);
        }
        tag::SPELLED | tag::EXTENSION => {
            eye.name(PackedColumn::Number);
            eye.name(PackedColumn::Compared);
        }
        tag::GATEWAY => {
            eye.whole();
        }
        tag::TEXT => eye.pass_word(PackedColumn::Of(field)),
        tag::UNREAD => {
            eye.name(PackedColumn::Unread);
            eye.name(PackedColumn::Place);
        }
        _ => {}
    }
}

impl PackValue for ObservedValue {
    fn pack(&self, field: Field, pen: &mut PackedWriter) {
        match self {
            Self::Set(value) => value.pack(field, pen),
            Self::Unset => pen.byte(tag::UNSET),
            Self::Unreadable(unread) => {
                pen.byte(tag::UNREAD);
                pen.name(PackedColumn::Unread, unread.text());
                pen.name(PackedColumn::Place, unread.place());
            }
        }
    }

    fn unpack(tag: u8, field: Field, eye: &mut PackedReader<'_>) -> Self {
        match tag {
            tag::UNSET => Self::Unset,
            tag::UNREAD => {
                let text = eye.name(PackedColumn::Unread).into_owned();
                Self::Unreadable(UnreadableValue::new(text, &eye.name(PackedColumn::Place)))
            }
            tag => Self::Set(Value::unpack(tag, field, eye)),
        }
    }
}

impl<V: PackValue> Pack for FieldMap<V> {
    fn pack(&self, pen: &mut PackedWriter) {
        pen.count(self.fields().bits());
        self.iter().for_each(|(field, value)| value.pack(field, pen));
    }

    fn unpack(eye: &mut PackedReader<'_>) -> Self {
        let fields = FieldSet::of_bits(eye.count());
        Self::of(fields, |field| V::unpack(eye.byte(), field, eye))
    }
}

/// What is absent or present of a row, one bit each.
mod bit {
    pub(super) const DISABLED: u8 = 1;
    pub(super) const UNCLEAR: u8 = 1 << 1;
    pub(super) const ID: u8 = 1 << 2;
}

/// The bit, if that is so.
fn flag(bit: u8, is_set: bool) -> u8 {
    if is_set { bit } else { 0 }
}

impl Pack for LiveUser {
    fn pack(&self, pen: &mut PackedWriter) {
        let Self { upn, id, calling, details } = self;
        pen.byte(
            flag(bit::DISABLED, *calling == LiveCalling::Disabled)
                | flag(bit::UNCLEAR, matches!(calling, LiveCalling::Unclear(_)))
                | flag(bit::ID, id.is_some()),
        );
        pen.name(PackedColumn::Upn, upn.as_str());
        if let Some(id) = id {
            pen.name(PackedColumn::Id, id.as_str());
        }
        if let LiveCalling::Unclear(words) = calling {
            pen.name(PackedColumn::Calling, words);
        }
        details.pack(pen);
    }

    fn unpack(eye: &mut PackedReader<'_>) -> Self {
        let bits = eye.byte();
        let has = |bit| bits & bit != 0;
        Self {
            upn: Upn::known(eye.name(PackedColumn::Upn).as_ref()),
            id: has(bit::ID).then(|| UserId::known(eye.name(PackedColumn::Id).as_ref())),
            calling: if has(bit::UNCLEAR) {
                LiveCalling::Unclear(eye.name(PackedColumn::Calling).into_owned())
            } else if has(bit::DISABLED) {
                LiveCalling::Disabled
            } else {
                LiveCalling::Enabled
            },
            details: FieldMap::unpack(eye),
        }
    }
}
