//! How people and services spell telephone numbers: what is passed over, and what would be a guess.
//!
//! **Invariant:** digits are never added, dropped or changed: either the digits of a text are its
//! number, or nobody can say which number it is.

/// What may stand between digits behind a `+`, beside blanks.
const DASHES: [char; 9] = [
    '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}',
    '\u{ff0d}',
];
/// Where a zero behind the country code belongs to the number: Italy and its neighbours, the Ivory
/// Coast, Benin, Gabon, Congo.
const ZERO_STAYS: [&str; 7] = ["39", "378", "379", "225", "229", "241", "242"];
/// As many digits together may be a whole number.
const WHOLE: usize = 7;

/// Whether a character is invisible and says nothing: marks of direction, of joining, of the order
/// of bytes.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

pub(super) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text behind `tel:`, in any case (RFC 3966).
pub(super) fn without_scheme(text: &str) -> &str {
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
            text.get(4..).unwrap_or_default().trim_start()
        }
        _ => text,
    }
}

/// What stands before and behind `;ext=`, in any case.
pub(super) fn find_extension(text: &str) -> Option<(&str, &str)> {
    let (main, parameter) = text.split_once(';')?;
    let name = parameter.get(..4)?;
    let digits = parameter.get(4..)?;
    name.eq_ignore_ascii_case("ext=").then_some((main, digits))
}

/// The digits of a number without its extension; nothing if they are not certain.
pub(super) fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let Some(at) = text.find('+') else {
        return all_digits(text).then(|| text.to_owned());
    };
    let opened = match text.get(..at)? {
        "" => 0,
        "(" => 1,
        _ => return None,
    };
    let rest = text.get(at + 1..)?;
    let pieces = Pieces::of(rest, opened)?;
    pieces.are_certain(rest).then(|| pieces.digits.concat())
}

/// Digits in the groups that separators make.
struct Pieces {
    digits: Vec<String>,
    /// Which of them begin within brackets.
    bracketed: Vec<usize>,
}

impl Pieces {
    /// Nothing if something else than digits and separators is there, or brackets do not close.
    fn of(text: &str, opened: usize) -> Option<Self> {
        let mut pieces = Self { digits: Vec::new(), bracketed: Vec::new() };
        let mut depth = opened;
        let mut within = false;
        for c in text.chars() {
            let digit = c.is_ascii_digit();
            match c {
                '(' if depth == 0 => depth = 1,
                ')' if depth == 1 => depth = 0,
                _ if digit && within => pieces.digits.last_mut()?.push(c),
                _ if digit => {
                    if depth > 0 && !pieces.digits.is_empty() {
                        pieces.bracketed.push(pieces.digits.len());
                    }
                    pieces.digits.push(c.to_string());
                }
                _ if c == '.' || c.is_whitespace() || DASHES.contains(&c) => {}
                _ => return None,
            }
            within = digit;
        }
        (depth == 0 && !pieces.digits.is_empty()).then_some(pieces)
    }

    /// Whether there is but one way to read them.
    fn are_certain(&self, text: &str) -> bool {
        // `+44 (0)20`: a zero that is dialled at home only, or one that belongs to the number
        // (Italy).
        let at_home = self
            .bracketed
            .iter()
            .any(|at| self.digits.get(*at).is_some_and(|group| group.starts_with('0')));
        let at_home = at_home || self.has_zero_in_front();
        // Two numbers in one place.
        let whole = self.digits.iter().filter(|group| group.len() >= WHOLE).count();
        !(at_home || whole > 1 || is_fraction(text))
    }
}

impl Pieces {
    /// `+44 020`: the same zero without its brackets.
    fn has_zero_in_front(&self) -> bool {
        let [country, next, ..] = self.digits.as_slice() else { return false };
        next.starts_with('0') && !ZERO_STAYS.contains(&country.as_str())
    }
}

/// `14255550101.0`: a tool has made a number with a fraction of it.
fn is_fraction(text: &str) -> bool {
    let Some((before, behind)) = text.rsplit_once('.') else { return false };
    behind == "0" || all_digits(before) && behind.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::model::{ExtensionPrefix, PhoneNumber};

    fn read(text: &str) -> Option<String> {
        PhoneNumber::observed(text, None).map(|number| number.normal().to_owned())
    }

    #[test]
    fn known_spellings_are_understood() {
        for shown in [
            "+493012345678",
            "493012345678",
            "  493012345678 ",
            "TEL:+493012345678",
            "Tel: +49 30 1234 5678",
            "tel:493012345678",
            "(+49) 30 1234-5678",
            "+49 (30) 1234 5678",
            "+49.30.1234.5678",
            "+49\u{2011}30\u{2013}12345678",
            "+49\u{a0}30\u{202f}1234\u{2009}5678",
            "+49\t30\u{3000}12345678",
            "\u{202a}+493012345678\u{202c}",
            "\u{feff}+49\u{ad}30\u{200b}1234\u{2060}5678\u{200e}",
            "\u{2066}493012345678\u{2069}",
        ] {
            assert_eq!(read(shown).as_deref(), Some("+493012345678"), "{shown:?}");
        }
        for shown in [
            "+493012345678;ext=12",
            "+493012345678;EXT=12",
            "tel:+49 30 12345678 ;Ext=12",
            "493012345678;ext=12",
        ] {
            assert_eq!(read(shown).as_deref(), Some("+493012345678;ext=12"), "{shown:?}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_not_understood() {
        for shown in [
            "",
            "+",
            "()",
            "reception",
            "(425) 555-0101",
            "425-555-0101",
            "425.555.0101",
            "425 555 0101",
            "49 30 12345678",
            "030/12345678",
            "352-2344",
            "00493012345678",
            "0301234567",
            "+0493012345678",
            "011493012345678",
            "+49 (0)30 12345678",
            "+49 (0) 30 12345678",
            "(+49)(030) 12345678",
            "+49 030 12345678",
            "+44-0-20-7946-0110",
            "493012345678.0",
            "+493012345678.0",
            "493012345678.00",
            "+493012345678.00",
            "+49 30 12345678.0",
            "493012345678,0",
            "4.93012E+11",
            "4.93012e11",
            "+4.93E11",
            "+49 30 12345678 ext. 12",
            "+49 30 12345678 x12",
            "+493012345678;ext=",
            "+493012345678;ext=1a",
            "+493012345678;ext=123456789",
            "+493012345678;phone-context=+49",
            "+493012345678 +493012345679",
            "+493012345678, +493012345679",
            "+493012345678/79",
            "+4930123\n4567890",
            "49+3012345678",
            "++493012345678",
            "+tel:493012345678",
            "- +493012345678",
            "+49 (30 12345678",
            "+49 30) 12345678",
            "+49 ((30)) 12345678",
            "+4930123456789012",
            "4930123456789012",
            "1",
            "+1",
            "+\u{ff14}\u{ff19}3012345678",
            "sip:+493012345678@contoso.example",
            "#N/A",
            "-493012345678",
        ] {
            assert_eq!(read(shown), None, "{shown:?}");
        }
    }

    #[test]
    fn a_zero_that_belongs_to_the_number_stays() {
        assert_eq!(read("+39 06 698 12345").as_deref(), Some("+390669812345"));
        assert_eq!(read("+390669812345").as_deref(), Some("+390669812345"));
        assert_eq!(read("+39 (06) 698 12345"), None, "brackets may say otherwise");
    }

    #[test]
    fn a_few_digits_are_an_extension() {
        let prefix = ExtensionPrefix::parse("+49").unwrap();
        for (shown, normal) in [
            ("1000", "+491000"),
            ("+491000", "+491000"),
            ("0100", "+490100"),
            ("\u{200e}1000", "+491000"),
        ] {
            let number = PhoneNumber::observed(shown, Some(&prefix)).unwrap();
            assert_eq!((number.normal(), number.is_extension()), (normal, true), "{shown:?}");
        }
        assert_eq!(PhoneNumber::observed("10-00", Some(&prefix)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_digits_of_a_text_are_its_number_or_it_has_none(text in "\\PC{0,24}|[-+ \
            ().0-9\u{a0}\u{200e}eExt:;=/]{0,24}") {
            if let Some(number) = PhoneNumber::observed(&text, None) {
                let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
                prop_assert_eq!(digits(number.normal()), digits(&text), "{:?}", text);
                // What is kept or sent again reads the same.
                for again in [number.as_str(), number.normal()] {
                    let again = PhoneNumber::observed(again, None);
                    prop_assert_eq!(again, Some(number.clone()));
                }
            }
        }

        #[test]
        fn what_a_manifest_says_is_understood_when_it_is_shown(digits in "[1-9][0-9][1-9][0-9]{4,12}", ext in proptest::option::of("[0-9]{1,8}")) {
            let said = format!("+{digits}{}", ext.map(|ext| format!(";ext={ext}")).unwrap_or_default());
            let wanted = PhoneNumber::parse(&said, None).unwrap();
            let bare = said.trim_start_matches('+').to_owned();
            let marked = format!("\u{202d}TEL:{}\u{202c}", said.to_uppercase());
            let spaced = format!("+{}\u{a0}{}", &said[1..3], &said[3..]);
            for shown in [said.clone(), bare, marked, spaced] {
                let read = PhoneNumber::observed(&shown, None);
                prop_assert_eq!(read, Some(wanted.clone()), "{:?}", shown);
            }
        }
    }
}
