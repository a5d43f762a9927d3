//! Writes numbers and texts in few bytes.

use std::sync::Arc;

use super::{ColumnHistory, KNOWN, PackedColumn};

/// So many texts in a row that nobody had before: nobody looks for the next ones.
const VAIN: u8 = 64;

/// Writes numbers and texts in few bytes.
#[derive(Debug, Default)]
pub(crate) struct PackedWriter {
    bytes: Vec<u8>,
    columns: Vec<ColumnHistory>,
    /// Where the next text is put together.
    spare: Vec<u8>,
}

impl PackedWriter {
    /// All that was written.
    pub(super) fn into_bytes(self) -> Arc<[u8]> {
        self.bytes.into()
    }

    /// One byte.
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// A number that is mostly small.
    pub(crate) fn count(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.bytes.push(low & 0x7f);
            }
            self.bytes.push(low | 0x80);
        }
    }

    /// A number that may be below nothing.
    pub(crate) fn whole(&mut self, number: i64) {
        self.count((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    /// A text that hardly any other row has.
    pub(crate) fn name(&mut self, column: PackedColumn, text: &str) {
        let text = text.as_bytes();
        let Self { bytes, columns, spare } = self;
        let former = former(columns, column);
        let front = alike_in_front(&former.last, text);
        let rest = text.get(front..).unwrap_or_default();
        let before = former.last.get(front..).unwrap_or_default();
        let back = alike_behind(before, rest);
        let own = rest.get(..rest.len() - back).unwrap_or_default();
        bytes.extend([front, back].map(|count| u8::try_from(count).unwrap_or(u8::MAX)));
        spare.clear();
        spare.extend_from_slice(text);
        std::mem::swap(&mut former.last, spare);
        self.count(own.len() as u64);
        self.bytes.extend_from_slice(own);
    }

    /// A text that many rows may have.
    pub(crate) fn word(&mut self, column: PackedColumn, text: &Arc<str>) {
        let former = former(&mut self.columns, column);
        if former.in_vain < VAIN {
            let mut known = former.known.iter();
            let place = known.position(|known| Arc::ptr_eq(known, text) || known == text);
            if let Some(place) = place.and_then(|place| u8::try_from(place + 1).ok()) {
                former.in_vain = 0;
                return self.byte(place);
            }
        }
        if former.known.len() < KNOWN {
            former.known.push(Arc::clone(text));
        } else {
            former.in_vain = former.in_vain.saturating_add(1);
        }
        self.byte(0);
        self.name(column, text);
    }
}

/// What was in a column so far.
pub(super) fn former(columns: &mut Vec<ColumnHistory>, column: PackedColumn) -> &mut ColumnHistory {
    if columns.is_empty() {
        columns.resize_with(PackedColumn::ALL, ColumnHistory::default);
    }
    &mut columns[column.number()]
}

/// How many bytes are alike from the beginning, as far as one byte can say. Eight at a time.
fn alike_in_front(one: &[u8], other: &[u8]) -> usize {
    let mut count = 0;
    let mut pairs = one.chunks(WIDTH).zip(other.chunks(WIDTH));
    let last = pairs.find(|(one, other)| {
        let is_alike = one.len() == WIDTH && one == other;
        count += if is_alike { WIDTH } else { 0 };
        !is_alike
    });
    let (one, other) = last.unwrap_or_default();
    count += one.iter().zip(other).take_while(|(one, other)| one == other).count();
    count.min(MOST)
}

/// The same from the end.
fn alike_behind(one: &[u8], other: &[u8]) -> usize {
    let mut count = 0;
    let mut pairs = one.rchunks(WIDTH).zip(other.rchunks(WIDTH));
    let last = pairs.find(|(one, other)| {
        let is_alike = one.len() == WIDTH && one == other;
        count += if is_alike { WIDTH } else { 0 };
        !is_alike
    });
    let (one, other) = last.unwrap_or_default();
    let pairs = one.iter().rev().zip(other.iter().rev());
    count += pairs.take_while(|(one, other)| one == other).count();
    count.min(MOST)
}

/// What one byte can count.
const MOST: usize = 255;
/// How many bytes are compared at once.
const WIDTH: usize = 8;
