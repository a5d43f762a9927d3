//! What to do about a text that is not a number, for the person who wrote it.
//!
//! **Invariant:** a number that is proposed has the digits of the text. Where a zero may be one that
//! is dialled at home only, none is proposed.

use super::{PhoneNumber, spelling};

impl PhoneNumber {
    /// How a text that is not understood is to be written.
    #[must_use]
    pub fn advice(text: &str) -> String {
        let text = spelling::without_scheme(text.trim());
        if let Some(number) = meant(text) {
            return format!("write \"{number}\"");
        }
        let whole = Some(text).filter(|text| spelling::all_digits(text) && !text.starts_with('0'));
        if let Some(number) = whole.and_then(|digits| Self::parse(&format!("+{digits}"), None).ok())
        {
            return format!(
                "if it begins with its country code, write \"{}\"; if not, write `+` and that code \
                    before it",
                number.normal()
            );
        }
        "write it as it is dialled from abroad: `+`, the country code and the number, without \
            blanks, such as \"+493012345678\" for 030 12345678 in Germany"
            .to_owned()
    }
}

/// The number that a text is, if only its spelling is wrong.
fn meant(text: &str) -> Option<String> {
    let (main, extension) = parts(text);
    // As it is dialled from most countries.
    let abroad = main.strip_prefix("+00").or_else(|| main.strip_prefix("00"));
    let main = abroad.map_or_else(|| main.to_owned(), |rest| format!("+{rest}"));
    let digits =
        spelling::digits(&main.replace('/', " ")).filter(|_| main.starts_with(['+', '(']))?;
    let number = PhoneNumber::parse(&format!("+{digits}{extension}"), None).ok()?;
    Some(number.normal().to_owned())
}

/// A number and its extension, in some of the ways in which people write one.
fn parts(text: &str) -> (&str, String) {
    for mark in [";ext=", "extension", "ext", "x", "#"] {
        let lower = text.to_ascii_lowercase();
        let Some(at) = lower.find(mark) else { continue };
        let main = text.get(..at).unwrap_or_default();
        let digits = text.get(at + mark.len()..).unwrap_or_default();
        let digits = digits.trim_matches(|c: char| c.is_whitespace() || ".:=".contains(c));
        if spelling::all_digits(digits) {
            return (main.trim_end_matches([' ', ',', ';']), format!(";ext={digits}"));
        }
    }
    (text, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proposed_has_the_digits_of_the_text() {
        let germany = "write \"+49301234567\"";
        let extension = "write \"+49301234567;ext=12\"";
        for (text, advice) in [
            ("0049301234567", germany),
            ("0049 30 1234567", germany),
            ("00 49 (30) 123-4567", germany),
            ("+0049 30 1234567", germany),
            ("tel:+49 30/1234567", germany),
            ("(+49) 30 1234567", germany),
            ("+49 30 1234567 ext. 12", extension),
            ("0049301234567x12", extension),
            ("+49301234567, Ext=12", extension),
        ] {
            assert_eq!(PhoneNumber::advice(text), advice, "{text}");
        }
        let code = "if it begins with its country code, write \"+14255550100\"";
        assert!(PhoneNumber::advice("14255550100").starts_with(code));
        for uncertain in [
            "+49 (0)30 1234567",
            "0049 (0)30 1234567",
            "+49 030 1234567",
            "0301234567",
            "(425) 555-0100",
            "00",
            "",
            "x",
            "é00x1",
            "+49301234567 oder 0049301234568",
            "12345",
        ] {
            let advice = PhoneNumber::advice(uncertain);
            assert!(advice.starts_with("write it as it is dialled"), "{uncertain}: {advice}");
        }
    }
}
