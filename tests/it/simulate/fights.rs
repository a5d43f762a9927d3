//! How often the program has sent a value again that somebody else had changed back: told from
//! calls and records alone.

use std::collections::BTreeMap;

use dialplane::model::{Call, Calling, Field, LiveCalling, LiveUser, ObservedValue, Value};
use jiff::Timestamp;

use super::time::{HOUR, clock};

/// What the default settings allow.
const LIMIT: usize = 3;

/// A value of a user: calling or a field.
#[derive(Debug, Clone, PartialEq)]
enum Is {
    Calling(Calling),
    Field(Value),
}

/// What was sent for one user, field by field; nothing stands for calling.
#[derive(Debug, Default)]
pub(super) struct Fights {
    last: BTreeMap<Option<Field>, Last>,
    /// What is under way, and whether it goes against somebody.
    sent: Vec<(Option<Field>, Is, bool)>,
}

#[derive(Debug)]
struct Last {
    value: Is,
    landed: bool,
    /// When it was sent again.
    again: Vec<Timestamp>,
}

impl Fights {
    /// A call is put on record. False if it goes too far.
    pub(super) fn begins(&mut self, call: &Call, live: &LiveUser) -> bool {
        let calling = |calling: Calling| {
            let shown = match live.calling {
                LiveCalling::Enabled => Calling::Enabled,
                _ => Calling::Disabled,
            };
            vec![(None, Is::Calling(calling), shown != calling)]
        };
        let values = match call {
            Call::Enable(_) => calling(Calling::Enabled),
            Call::Disable(_) => calling(Calling::Disabled),
            Call::Update(update) => {
                let differs = |field, value: &Value| match live.details.get(field) {
                    Some(ObservedValue::Set(shown)) => shown != value,
                    Some(ObservedValue::Unset) => *value != Value::NoPhone,
                    _ => false,
                };
                let value = |(field, value): (Field, &Value)| {
                    (Some(field), Is::Field(value.clone()), differs(field, value))
                };
                update.details().iter().map(value).collect()
            }
            Call::SwitchCallApp(..) | Call::Configure(_) | Call::Sync => Vec::new(),
        };
        let mut allowed = true;
        self.sent = values
            .into_iter()
            .map(|(what, value, differs)| {
                let last = self
                    .last
                    .get(&what)
                    .filter(|last| differs && last.landed && last.value == value);
                let again = last.map_or(0, |last| {
                    last.again.iter().filter(|at| **at + HOUR * 24 > clock()).count()
                });
                allowed &= last.is_none() || again + 1 < LIMIT;
                (what, value, last.is_some())
            })
            .collect();
        allowed
    }

    /// It was answered, or never will be.
    pub(super) fn answered(&mut self, at: Timestamp, may_be_done: bool) {
        for (what, value, against) in
            std::mem::take(&mut self.sent).into_iter().filter(|_| may_be_done)
        {
            let mut again = self
                .last
                .remove(&what)
                .filter(|last| last.value == value)
                .map(|last| last.again)
                .unwrap_or_default();
            again.extend(against.then_some(at));
            self.last.insert(what, Last { value, landed: false, again });
        }
    }

    /// It is on record that a list has shown it.
    pub(super) fn landed(&mut self, what: Option<Field>) {
        if let Some(last) = self.last.get_mut(&what) {
            last.landed = true;
        }
    }
}
