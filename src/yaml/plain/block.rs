//! Mappings and lists by indentation.

use serde::de::{
    DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value::BorrowedStrDeserializer,
};

use super::{NotPlain, PlainMapping, flow, lines::DocumentLine, reader::PlainReader, scalar};

/// The mapping whose keys are in this column, from the line at hand on.
pub(super) fn mapping<'t, V: Visitor<'t>>(
    reader: &mut PlainReader<'t>,
    column: usize,
    visitor: V,
) -> Result<V::Value, NotPlain> {
    reader.whole(|reader, from| visitor.visit_map(Mapping { reader, column, from, rest: "" }))
}

struct Mapping<'r, 't> {
    reader: &'r mut PlainReader<'t>,
    column: usize,
    from: usize,
    /// What follows the key.
    rest: &'t str,
}

impl<'t> MapAccess<'t> for Mapping<'_, 't> {
    type Error = NotPlain;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NotPlain> {
        let Some(line) = self.reader.line.filter(|line| line.column >= self.column) else {
            self.reader.close();
            return Ok(None);
        };
        // A deeper line would go on with the value before it.
        let (key, rest) =
            scalar::key(line.text).filter(|_| line.column == self.column).ok_or(NotPlain)?;
        self.reader.key(self.from, key)?;
        self.rest = rest;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value, NotPlain> {
        let Self { reader, column, rest, .. } = self;
        seed.deserialize(BlockValue { reader, rest, column: *column, of_key: true })
    }
}

struct BlockList<'r, 't> {
    reader: &'r mut PlainReader<'t>,
    column: usize,
}

impl<'t> SeqAccess<'t> for BlockList<'_, 't> {
    type Error = NotPlain;

    /// An element that `seed` refuses may be asked for once more, with another one.
    fn next_element_seed<E: DeserializeSeed<'t>>(
        &mut self,
        seed: E,
    ) -> Result<Option<E::Value>, NotPlain> {
        let place = self.reader.place();
        let element = self.element(seed);
        if element.is_err() {
            self.reader.go_back(&place);
        }
        element
    }
}

impl<'t> BlockList<'_, 't> {
    fn element<E: DeserializeSeed<'t>>(&mut self, seed: E) -> Result<Option<E::Value>, NotPlain> {
        let line = self.reader.line.filter(|line| line.column >= self.column);
        let Some((line, rest)) = line.and_then(|line| Some((line, line.element()?))) else {
            self.reader.close();
            return Ok(None);
        };
        let text = rest.trim_start_matches(' ');
        if line.column != self.column || text.is_empty() || text.starts_with('#') {
            return Err(NotPlain);
        }
        let reader = &mut *self.reader;
        if scalar::key(text).is_none() {
            let element = BlockValue { reader, rest: text, column: self.column, of_key: false };
            return seed.deserialize(element).map(Some);
        }
        let column = line.column + line.text.len() - text.len();
        reader.line = Some(DocumentLine { column, text, ..line });
        seed.deserialize(PlainMapping { reader, column }).map(Some)
    }
}

/// A value behind a key or a dash.
struct BlockValue<'r, 't> {
    reader: &'r mut PlainReader<'t>,
    /// The rest of the line.
    rest: &'t str,
    /// The column of the key or the dash.
    column: usize,
    of_key: bool,
}

impl<'t> BlockValue<'_, 't> {
    /// A list or mapping on the lines below.
    fn below<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        let Self { reader, column: above, of_key, .. } = self;
        reader.advance();
        let Some(DocumentLine { column, .. }) = reader.line else { return Err(NotPlain) };
        let is_list = reader.line.is_some_and(|line| line.element().is_some());
        if is_list && (column > above || (of_key && column == above)) {
            return reader.whole(|reader, _| visitor.visit_seq(BlockList { reader, column }));
        }
        if column > above { mapping(reader, column, visitor) } else { Err(NotPlain) }
    }
}

impl<'t> Deserializer<'t> for BlockValue<'_, 't> {
    type Error = NotPlain;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        let text = self.rest.trim_start_matches(' ');
        let scalar = match text.as_bytes().first() {
            None | Some(b'#') => return self.below(visitor),
            Some(b'{' | b'[') => {
                let (value, rest) = flow::value(self.reader, text, visitor)?;
                self.reader.advance();
                return if scalar::is_end(rest) { Ok(value) } else { Err(NotPlain) };
            }
            Some(b'"' | b'\'') => {
                let (scalar, rest) = scalar::quoted(text)?;
                if scalar::is_end(rest) { scalar } else { return Err(NotPlain) }
            }
            Some(_) => scalar::bare(text)?,
        };
        self.reader.values += 1;
        self.reader.advance();
        scalar.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'t>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}
