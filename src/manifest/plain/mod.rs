//! Documents as almost everybody writes them, read in one pass: the users of a `UserSet` straight
//! into entries with their lines, everything else into values for the full reader's checks.
//!
//! **Invariant:** never says what is wrong. A user with a mistake is kept as a value for the one
//! who does, and a document that is written in an unusual way is left to the full reader.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_yaml::{Mapping, Value};

use super::{
    draft::{MAX_PROBLEMS, PlainUsers},
    entry::{UserEntry, UserSeed},
    texts::Texts,
    user,
};
use crate::yaml::{
    Path,
    plain::{self, CurrentLine, Document, NotPlain, PlainMapping},
};

/// A text as far as it is plain.
#[derive(Debug)]
pub(super) struct Plain {
    /// The documents; nothing in the place of those that the full reader is to read.
    pub(super) documents: Vec<Option<Value>>,
    /// The users of each document that were read here; an empty list takes their place.
    pub(super) users: BTreeMap<usize, PlainUsers>,
    /// What the full reader is to read.
    pub(super) rest: Option<String>,
}

/// Reads what is plain, if anything is.
pub(super) fn read(text: &str) -> Option<Plain> {
    let mut texts = Texts::default();
    let read = plain::plainly(text, |source| document(source, &mut texts))?;
    let mut users = BTreeMap::new();
    let keep = |(number, document): (usize, Document<PlainDocument>)| match document {
        Document::Null => Some(Value::Null),
        Document::Full => None,
        Document::Read((value, list)) => {
            users.extend(list.map(|list| (number, list)));
            Some(value)
        }
    };
    let documents = read.documents.into_iter().enumerate().map(keep).collect();
    Some(Plain { documents, users, rest: read.rest })
}

type PlainDocument = (Value, Option<PlainUsers>);

fn document(source: PlainMapping<'_, '_>, texts: &mut Texts) -> Result<PlainDocument, NotPlain> {
    let here = source.here();
    let mut users = None;
    let keys = TopLevelKeys { level: Level::Document, here, texts, users: &mut users };
    let value = keys.deserialize(source)?;
    Ok((value, users))
}

/// How deep the list of users is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Document,
    Spec,
}

/// A mapping on the way to the list of users.
struct TopLevelKeys<'u> {
    level: Level,
    here: CurrentLine,
    texts: &'u mut Texts,
    users: &'u mut Option<PlainUsers>,
}

impl<'t> DeserializeSeed<'t> for TopLevelKeys<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'t> Visitor<'t> for TopLevelKeys<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of keys and values")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Value, A::Error> {
        let Self { level, here, texts, users } = self;
        let mut mapping = Mapping::new();
        while let Some(key) = map.next_key::<&str>()? {
            let value = match (level, key) {
                (Level::Document, "spec") if is_user_set(&mapping)? => {
                    let here = here.clone();
                    let texts = &mut *texts;
                    map.next_value_seed(TopLevelKeys { level: Level::Spec, here, texts, users })?
                }
                (Level::Spec, "users") => {
                    let here = here.clone();
                    *users = Some(map.next_value_seed(PlainUserList { here, texts })?);
                    Value::Sequence(Vec::new())
                }
                _ => map.next_value()?,
            };
            mapping.insert(key.into(), value);
        }
        Ok(Value::Mapping(mapping))
    }
}

/// Whether the keys so far say that these are users; if they do not say what this is, it is for the
/// full reader.
fn is_user_set<E: Error>(keys: &Mapping) -> Result<bool, E> {
    let kind = keys.get("kind").ok_or_else(|| E::custom("no kind"))?;
    Ok(kind.as_str() == Some("UserSet"))
}

struct PlainUserList<'u> {
    here: CurrentLine,
    texts: &'u mut Texts,
}

impl<'t> DeserializeSeed<'t> for PlainUserList<'_> {
    type Value = PlainUsers;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<PlainUsers, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'t> Visitor<'t> for PlainUserList<'_> {
    type Value = PlainUsers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<PlainUsers, A::Error> {
        let mut users = PlainUsers::default();
        let Self { here, texts } = self;
        while users.wrong.len() <= MAX_PROBLEMS {
            let (entry, line) = match list.next_element_seed(PlainUser { here: &here, texts }) {
                Ok(Some(user)) => user,
                Ok(None) => return Ok(users),
                Err(_) => {
                    let element = list.next_element_seed(WrongUser { here: &here })?;
                    let (value, line) = element.ok_or_else(|| A::Error::custom("no element"))?;
                    users.wrong.push((users.entries.len(), value));
                    (UserEntry::default(), line)
                }
            };
            users.entries.push(&entry);
            users.lines.push(line);
        }
        // The rest is looked at for being plain alone.
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(users)
    }
}

struct PlainUser<'u> {
    here: &'u CurrentLine,
    texts: &'u mut Texts,
}

impl<'t> DeserializeSeed<'t> for PlainUser<'_> {
    type Value = (UserEntry, u32);

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let line = self.here.line();
        let entry = UserSeed(self.texts).deserialize(deserializer)?;
        if entry.upn.is_none() || entry.calling.is_none() {
            return Err(D::Error::custom("a key is missing"));
        }
        Ok((entry, line))
    }
}

/// A user with a mistake. One without a mistake that is found here is for the full reader.
struct WrongUser<'u> {
    here: &'u CurrentLine,
}

impl<'t> DeserializeSeed<'t> for WrongUser<'_> {
    type Value = (Value, u32);

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let line = self.here.line();
        let value = Value::deserialize(deserializer)?;
        match user::read(&value, &Path::root(0)) {
            (_, wrongs) if wrongs.is_empty() => Err(D::Error::custom("nothing is wrong")),
            _ => Ok((value, line)),
        }
    }
}
