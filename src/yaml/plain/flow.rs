//! Mappings in braces and lists in brackets, on one line.

use serde::de::{
    DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor, value::BorrowedStrDeserializer,
};

use super::{NotPlain, reader::PlainReader, scalar};

/// The value that `text` begins with, and what follows it.
pub(super) fn value<'t, V: Visitor<'t>>(
    reader: &mut PlainReader<'t>,
    text: &'t str,
    visitor: V,
) -> Result<(V::Value, &'t str), NotPlain> {
    let mut line = RestOfLine { reader, text };
    let value = line.deserialize_any(visitor)?;
    Ok((value, line.text))
}

/// The rest of a line.
struct RestOfLine<'r, 't> {
    reader: &'r mut PlainReader<'t>,
    text: &'t str,
}

impl RestOfLine<'_, '_> {
    fn skip_spaces(&mut self) {
        self.text = self.text.trim_start_matches(' ');
    }

    /// Takes a sign off, if the rest begins with it.
    fn takes(&mut self, sign: char) -> bool {
        self.skip_spaces();
        let rest = self.text.strip_prefix(sign);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// Whether another value comes, and no closing `bracket`.
    fn goes_on(&mut self, bracket: char, is_first: &mut bool) -> Result<bool, NotPlain> {
        let first = std::mem::replace(is_first, false);
        if self.takes(bracket) {
            self.reader.close();
            return Ok(false);
        }
        let separated = first || self.takes(',');
        self.skip_spaces();
        if separated { Ok(true) } else { Err(NotPlain) }
    }
}

impl<'t> Deserializer<'t> for &mut RestOfLine<'_, 't> {
    type Error = NotPlain;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        self.skip_spaces();
        if self.takes('{') {
            return self
                .inside(|rest, from| visitor.visit_map(Pairs { rest, from, is_first: true }));
        }
        if self.takes('[') {
            return self.inside(|rest, _| visitor.visit_seq(Elements { rest, is_first: true }));
        }
        let is_quoted = self.text.starts_with(['"', '\'']);
        let (scalar, rest) =
            if is_quoted { scalar::quoted(self.text)? } else { scalar::bare_in_flow(self.text)? };
        self.text = rest;
        self.reader.values += 1;
        scalar.visit(visitor)
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'t>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'t> RestOfLine<'_, 't> {
    /// What `visit` makes of what is between brackets.
    fn inside<T>(
        &mut self,
        visit: impl FnOnce(&mut RestOfLine<'_, 't>, usize) -> Result<T, NotPlain>,
    ) -> Result<T, NotPlain> {
        let text = &mut self.text;
        self.reader.whole(|reader, from| {
            let mut rest = RestOfLine { reader, text };
            let value = visit(&mut rest, from)?;
            *text = rest.text;
            Ok(value)
        })
    }
}

struct Pairs<'f, 'r, 't> {
    rest: &'f mut RestOfLine<'r, 't>,
    from: usize,
    is_first: bool,
}

impl<'t> MapAccess<'t> for Pairs<'_, '_, 't> {
    type Error = NotPlain;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NotPlain> {
        if !self.rest.goes_on('}', &mut self.is_first)? {
            return Ok(None);
        }
        let (key, rest) = scalar::key(self.rest.text).ok_or(NotPlain)?;
        self.rest.text = rest;
        self.rest.reader.key(self.from, key)?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value, NotPlain> {
        seed.deserialize(&mut *self.rest)
    }
}

struct Elements<'f, 'r, 't> {
    rest: &'f mut RestOfLine<'r, 't>,
    is_first: bool,
}

impl<'t> SeqAccess<'t> for Elements<'_, '_, 't> {
    type Error = NotPlain;

    /// An element that `seed` refuses may be asked for once more, with another one.
    fn next_element_seed<E: DeserializeSeed<'t>>(
        &mut self,
        seed: E,
    ) -> Result<Option<E::Value>, NotPlain> {
        let place = self.rest.reader.place();
        let text = self.rest.text;
        let is_first = self.is_first;
        let element = self.element(seed);
        if element.is_err() {
            self.rest.reader.go_back(&place);
            self.rest.text = text;
            self.is_first = is_first;
        }
        element
    }
}

impl<'t> Elements<'_, '_, 't> {
    fn element<E: DeserializeSeed<'t>>(&mut self, seed: E) -> Result<Option<E::Value>, NotPlain> {
        if !self.rest.goes_on(']', &mut self.is_first)? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.rest).map(Some)
    }
}
