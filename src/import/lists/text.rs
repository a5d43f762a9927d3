//! The bytes of a list as text: UTF-8 or UTF-16, with or without a mark in front.

/// The text, and whether it was UTF-16.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, bool), String> {
    let (rest, is_little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] => (rest, false),
        // A sheet begins with a letter, of which UTF-16 has a half that is nothing.
        [first, 0, ..] if *first != 0 => (bytes, true),
        [0, second, ..] if *second != 0 => (bytes, false),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|_| wrong("UTF-8"))?;
            return Ok((text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(), false));
        }
    };
    let (pairs, odd) = rest.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(wrong("UTF-16"));
    }
    let unit = |pair: &[u8; 2]| {
        if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) }
    };
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(unit)).collect();
    text.map(|text| (text, true)).map_err(|_| wrong("UTF-16"))
}

fn wrong(encoding: &str) -> String {
    format!("this is not text in {encoding}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_however_a_program_has_written_it() {
        let text = "UserPrincipalName,Größe\nadele@contoso.com,1\n";
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        let little = utf16(u16::to_le_bytes);
        let big = utf16(u16::to_be_bytes);
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for (bytes, is_utf16) in [
            (text.as_bytes().to_vec(), false),
            (marked(&[0xef, 0xbb, 0xbf], text.as_bytes()), false),
            (little.clone(), true),
            (big.clone(), true),
            (marked(&[0xff, 0xfe], &little), true),
            (marked(&[0xfe, 0xff], &big), true),
        ] {
            assert_eq!(decode(&bytes), Ok((text.to_owned(), is_utf16)));
        }
        assert_eq!(decode(b""), Ok((String::new(), false)));
        assert!(decode(b"Gr\xf6\xdfe").is_err(), "of which code page nobody knows");
        assert!(decode(&[0xff, 0xfe, 0x41]).is_err(), "half a character");
        assert!(decode(&[0xff, 0xfe, 0x00, 0xd8]).is_err(), "half a pair");
    }
}
