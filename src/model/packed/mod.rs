//! Users at rest: a whole tenant in a few dozen bytes a user, for all the time in which nobody
//! looks at them.
//!
//! ```text
//! users --Packing--> Packed, in a Roster --look--> Users, as long as somebody works with them
//! ```
//!
//! Of a text only what differs from the one before it is written, and of those that recur, such as
//! the name of a policy, only which of them it is.
//!
//! **Invariant:** what is opened is what was packed, spelling included, and never fewer users.

mod eye;
mod pen;
mod rows;
#[cfg(test)]
mod tests;

use std::{any::Any, fmt, marker::PhantomData, sync::Arc};

pub(crate) use eye::PackedReader;
pub(crate) use pen::PackedWriter;
pub(crate) use rows::{OTHER, PackValue, pass};

use super::{Field, HasUpn, Likeness, Upn, UserSource, Users};

/// Something of which there are very many at rest.
pub(crate) trait Pack: Sized {
    /// Writes it.
    fn pack(&self, pen: &mut PackedWriter);

    /// Reads what was written.
    fn unpack(eye: &mut PackedReader<'_>) -> Self;
}

/// Where a text belongs: one is like others of its column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PackedColumn {
    Upn,
    Id,
    Calling,
    Number,
    /// The form in which a number is compared, where that is another.
    Compared,
    Site,
    Reason,
    SecretsFrom,
    /// What is not understood.
    Unread,
    /// Where that was.
    Place,
    Of(Field),
}

impl PackedColumn {
    /// Columns that belong to no field.
    const OTHERS: usize = 10;
    /// All columns.
    const ALL: usize = Self::OTHERS + Field::ALL.len();

    fn number(self) -> usize {
        match self {
            Self::Upn => 0,
            Self::Id => 1,
            Self::Calling => 2,
            Self::Number => 3,
            Self::Compared => 4,
            Self::Site => 5,
            Self::Reason => 6,
            Self::Unread => 7,
            Self::Place => 8,
            Self::SecretsFrom => 9,
            Self::Of(field) => Self::OTHERS + field as usize,
        }
    }
}

/// Texts of one column that are remembered, at most: those that differ from user to user are not
/// worth it.
const KNOWN: usize = 16;

/// What was in a column so far.
#[derive(Debug, Clone, Default)]
struct ColumnHistory {
    /// The last text that was written out.
    last: Vec<u8>,
    /// The first ones that may recur.
    known: Vec<Arc<str>>,
    /// How many in a row were none of these.
    in_vain: u8,
}

/// Rows at rest.
pub(crate) struct Packed<U> {
    bytes: Arc<[u8]>,
    count: usize,
    /// Each is behind the one before it by name.
    is_by_name: bool,
    rows: PhantomData<fn() -> U>,
}

impl<U> Packed<U> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether both are packed alike: then they are the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.count == other.count && self.bytes == other.bytes
    }
}

impl<U: Pack> Packed<U> {
    /// One after the other, as they were packed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = U> + '_ {
        self.each(U::unpack)
    }

    /// The same for a reader of its own, which passes over one whole row each time.
    pub(crate) fn each<'p, T: 'p>(
        &'p self,
        mut read: impl FnMut(&mut PackedReader<'_>) -> T + 'p,
    ) -> impl Iterator<Item = T> + 'p {
        let mut eye = PackedReader::new(&self.bytes);
        (0..self.count).map(move |_| read(&mut eye))
    }
}

impl<U: Pack + HasUpn + 'static> UserSource<U> for Packed<U> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn open(&self) -> Users<U> {
        self.iter().collect()
    }

    fn by_name(&self) -> Option<Box<dyn Iterator<Item = U> + '_>> {
        self.is_by_name.then(|| Box::new(self.iter()) as Box<dyn Iterator<Item = U>>)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn likeness(&self, other: &dyn UserSource<U>) -> Likeness {
        let other = other.as_any().and_then(|other| other.downcast_ref::<Self>());
        let is_like = other.is_some_and(|other| self.is_like(other));
        if is_like { Likeness::Same } else { Likeness::Unknown }
    }
}

impl<U> Clone for Packed<U> {
    fn clone(&self) -> Self {
        Self { bytes: Arc::clone(&self.bytes), ..*self }
    }
}

impl<U: Pack + fmt::Debug> fmt::Debug for Packed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Rows on their way to rest.
#[derive(Debug)]
pub(crate) struct Packing<U> {
    pen: PackedWriter,
    count: usize,
    /// Each is behind the one before it by name, as far as anybody looked.
    is_by_name: bool,
    /// The name of the last one, if anybody looked.
    last: Option<Upn>,
    rows: PhantomData<fn(U)>,
}

impl<U: Pack> Packing<U> {
    /// How many there are so far.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds one.
    pub(crate) fn push(&mut self, row: &U) {
        self.is_by_name = false;
        self.add(row);
    }

    fn add(&mut self, row: &U) {
        row.pack(&mut self.pen);
        self.count += 1;
    }

    /// All of them.
    pub(crate) fn finish(self) -> Packed<U> {
        let Self { pen, count, is_by_name, last: _, rows: _ } = self;
        Packed { bytes: pen.into_bytes(), count, is_by_name, rows: PhantomData }
    }
}

impl<U: Pack + HasUpn> Packing<U> {
    /// Adds one, and looks whether all are by name.
    pub(crate) fn push_named(&mut self, row: &U) {
        let is_next = self.last.as_ref().is_none_or(|last| last < row.upn());
        self.is_by_name = is_next && (self.is_by_name || self.count == 0);
        self.last = Some(row.upn().clone());
        self.add(row);
    }
}

impl<U> Default for Packing<U> {
    fn default() -> Self {
        Self {
            pen: PackedWriter::default(),
            count: 0,
            is_by_name: false,
            last: None,
            rows: PhantomData,
        }
    }
}

impl<'u, U: Pack + 'u> FromIterator<&'u U> for Packed<U> {
    fn from_iter<I: IntoIterator<Item = &'u U>>(rows: I) -> Self {
        let mut packing = Packing::default();
        rows.into_iter().for_each(|row| packing.push(row));
        packing.finish()
    }
}
