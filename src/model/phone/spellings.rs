//! Spellings of numbers that are understood, and those that are not.

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
