//! Reads what a [`PackedWriter`](super::PackedWriter) wrote.

use std::{borrow::Cow, sync::Arc};

use super::{ColumnHistory, KNOWN, PackedColumn, pen::former};

/// Reads what a [`PackedWriter`](super::PackedWriter) wrote.
#[derive(Debug)]
pub(crate) struct PackedReader<'b> {
    bytes: &'b [u8],
    columns: Vec<ColumnHistory>,
    /// Where the next text is put together.
    spare: Vec<u8>,
}

impl<'b> PackedReader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, columns: Vec::new(), spare: Vec::new() }
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.split_off_first().copied().unwrap_or_default()
    }

    /// A number that is mostly small.
    pub(crate) fn count(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    /// A number that may be below nothing.
    pub(crate) fn whole(&mut self) -> i64 {
        let number = self.count();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    /// A text that hardly any other row has.
    pub(crate) fn name(&mut self, column: PackedColumn) -> Cow<'_, str> {
        let front = usize::from(self.byte());
        let back = usize::from(self.byte());
        let own = usize::try_from(self.count()).unwrap_or_default();
        let own = self.bytes.split_off(..own).unwrap_or_default();
        let Self { columns, spare, .. } = self;
        let last = &mut former(columns, column).last;
        spare.clear();
        spare.extend_from_slice(last.get(..front).unwrap_or_default());
        spare.extend_from_slice(own);
        let end = last.len().saturating_sub(back);
        spare.extend_from_slice(last.get(end..).unwrap_or_default());
        std::mem::swap(last, spare);
        // The usual way is the quick one.
        str::from_utf8(last).map_or_else(|_| String::from_utf8_lossy(last), Cow::Borrowed)
    }

    /// Passes over a text that many rows may have.
    pub(crate) fn pass_word(&mut self, column: PackedColumn) {
        if self.byte() == 0 {
            self.name(column);
            let known = &mut former(&mut self.columns, column).known;
            if known.len() < KNOWN {
                known.push(Arc::default());
            }
        }
    }

    /// A text that many rows may have.
    pub(crate) fn word(&mut self, column: PackedColumn) -> Arc<str> {
        let place = usize::from(self.byte());
        if let Some(place) = place.checked_sub(1) {
            let known = former(&mut self.columns, column).known.get(place);
            return known.map(Arc::clone).unwrap_or_default();
        }
        let text: Arc<str> = self.name(column).into();
        let known = &mut former(&mut self.columns, column).known;
        if known.len() < KNOWN {
            known.push(Arc::clone(&text));
        }
        text
    }
}
