//! What a user is, as far as anybody can know: what was written and may still become visible goes
//! over what is shown.

use jiff::Timestamp;

use super::Patience;
use crate::model::{
    Calling, Field, LiveCalling, LiveUser, Memory, Observed, Value, Write, Written,
};

/// What is remembered of a tenant, and when that is asked.
pub(super) struct Present<'m> {
    pub(super) memory: &'m Memory,
    pub(super) now: Timestamp,
    pub(super) patience: Patience,
}

impl Present<'_> {
    /// Whether the user has calling.
    pub(super) fn calling(&self, user: &LiveUser) -> LiveCalling {
        let write = self.written(user).and_then(|written| written.calling.as_ref());
        match self.under_way(write) {
            Some(Calling::Enabled) => LiveCalling::Enabled,
            Some(Calling::Disabled) => LiveCalling::Disabled,
            None => user.calling.clone(),
        }
    }

    /// The value of a field; nothing if it is not known. No number is a value, and what is not
    /// understood is none.
    pub(super) fn value<'v>(&'v self, user: &'v LiveUser, field: Field) -> Option<&'v Value> {
        let write = self.written(user).and_then(|written| written.details.get(&field));
        match (self.under_way(write), user.details.get(&field)) {
            (Some(value), _) | (None, Some(Observed::Set(value))) => Some(value),
            (None, Some(Observed::Unset)) if field == Field::PhoneNumber => Some(&Value::NoPhone),
            (None, Some(Observed::Unset | Observed::Unreadable(_))) => None,
            (None, None) => write.filter(|write| !write.lost).map(|write| &write.value),
        }
    }

    fn written(&self, user: &LiveUser) -> Option<&Written> {
        self.memory.written.get(&user.upn)
    }

    fn under_way<'w, T>(&self, write: Option<&'w Write<T>>) -> Option<&'w T> {
        let open = |write: &&Write<T>| {
            !write.landed && self.patience.is_open(self.memory, *write, self.now)
        };
        write.filter(open).map(|write| &write.value)
    }
}
