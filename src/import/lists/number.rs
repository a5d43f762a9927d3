//! A number in a cell: what people, programs and spreadsheets have made of it.
//!
//! **Invariant:** nothing is guessed. A digit that is lost is lost; a `+` is put in front only where
//! somebody said which country is meant.

use super::report::Repair;
use crate::model::{ExtensionPrefix, PhoneNumber, is_blank};

/// What a cell says.
#[derive(Debug, PartialEq)]
pub(super) enum NumberCell {
    Nothing,
    Number(PhoneNumber, Option<Repair>),
    /// A spreadsheet has made something else of it.
    Damaged,
    /// It is no number that is known.
    Unread,
}

/// How numbers are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NumberOptions<'h> {
    /// What the platform shows before a short extension.
    pub(super) prefix: Option<&'h ExtensionPrefix>,
    /// The country whose numbers may lack their `+`.
    pub(super) country: Option<&'h ExtensionPrefix>,
    /// The same, as the row says it.
    pub(super) of_row: Option<&'static str>,
}

pub(super) fn read(cell: &str, how: NumberOptions<'_>) -> NumberCell {
    // The mark by which a sheet knows text.
    let bare = cell.trim().trim_start_matches('\'').trim();
    if is_blank(bare) {
        return NumberCell::Nothing;
    }
    if is_float(bare) {
        return NumberCell::Damaged;
    }
    let scheme = bare.get(..4).filter(|start| start.eq_ignore_ascii_case("tel:"));
    let text = bare.get(scheme.map_or(0, str::len)..).unwrap_or_default().trim();
    let number = PhoneNumber::observed(text, how.prefix);
    // What has no `+` may be any: an extension, or a number of some country.
    if let Some(number) = number.filter(|it| text.contains('+') || it.is_extension()) {
        let repair = match scheme {
            Some(_) => Some(Repair::Scheme),
            None => {
                (number.as_str() != cell || number.normal() != cell).then_some(Repair::Spelling)
            }
        };
        let is_short = number.is_extension();
        return NumberCell::Number(number, repair.filter(|_| !is_short));
    }
    let named = how.country.and_then(|country| country.as_str().strip_prefix('+'));
    // What somebody said goes before what the list says.
    let (country, repair) = match (named, how.of_row) {
        (Some(country), _) => (country, Repair::Plus),
        (None, Some(country)) => (country, Repair::PlusOfCountry),
        (None, None) => return NumberCell::Unread,
    };
    match with_plus(text, country) {
        Some(number) => {
            let is_abroad = text.starts_with("00");
            NumberCell::Number(number, Some(if is_abroad { Repair::Abroad } else { repair }))
        }
        None => NumberCell::Unread,
    }
}

/// Whether a country that somebody names may be all that a number lacks.
pub(super) fn may_lack_plus(cell: &str) -> bool {
    let text = cell.trim().strip_prefix("00").unwrap_or(cell.trim());
    text.starts_with(|c: char| matches!(c, '1'..='9'))
}

/// `1.44255E+10`, `4,93E11`, `14255550100.0`: what a spreadsheet shows of a long number.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, exponent) = match text.split_once(['E', 'e']) {
        Some((whole, exponent)) => (whole, Some(exponent)),
        None => (text, None),
    };
    let is_exponent = |text: &str| digits(text.trim_start_matches(['+', '-']));
    match (whole.split_once(['.', ',']), exponent) {
        (Some((whole, part)), Some(exponent)) => {
            digits(whole) && digits(part) && is_exponent(exponent)
        }
        (None, Some(exponent)) => digits(whole) && is_exponent(exponent),
        (Some((whole, part)), None) => digits(whole) && matches!(part, "0" | "00"),
        (None, None) => false,
    }
}

/// The number of a country that lacks its `+`. A zero behind the country may be one that is dialled
/// at home only.
fn with_plus(text: &str, country: &str) -> Option<PhoneNumber> {
    // As it is dialled from abroad.
    let text = text.strip_prefix("00").unwrap_or(text).trim_start();
    let rest = text.strip_prefix(country)?.replace(['/', '\u{a0}'], " ");
    let number = PhoneNumber::observed(&format!("+{country} {rest}"), None)?;
    PhoneNumber::parse(number.normal(), None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text, None).unwrap()
    }

    #[test]
    fn a_number_is_read_as_it_is_meant_or_not_at_all() {
        let germany = ExtensionPrefix::parse("+49").unwrap();
        let plain = NumberOptions::default();
        let german = NumberOptions { country: Some(&germany), ..plain };
        let in_germany = NumberOptions { of_row: Some("49"), ..plain };
        let whole = || number("+493012345678");
        let cases = [
            ("", plain, NumberCell::Nothing),
            ("+493012345678", plain, NumberCell::Number(whole(), None)),
            ("tel:+493012345678", plain, NumberCell::Number(whole(), Some(Repair::Scheme))),
            ("TEL:+49 30 12345678", plain, NumberCell::Number(whole(), Some(Repair::Scheme))),
            ("+49 (30) 1234-5678", plain, NumberCell::Number(whole(), Some(Repair::Spelling))),
            ("'+493012345678", plain, NumberCell::Number(whole(), Some(Repair::Spelling))),
            ("493012345678", plain, NumberCell::Unread),
            ("493012345678", german, NumberCell::Number(whole(), Some(Repair::Plus))),
            ("49 30 12345678", german, NumberCell::Number(whole(), Some(Repair::Plus))),
            ("03012345678", german, NumberCell::Unread),
            ("0049 30 12345678", german, NumberCell::Number(whole(), Some(Repair::Abroad))),
            ("00493012345678", in_germany, NumberCell::Number(whole(), Some(Repair::Abroad))),
            ("00493012345678", plain, NumberCell::Unread),
            ("0014255550100", german, NumberCell::Unread),
            ("0049030 12345678", german, NumberCell::Unread),
            ("49 (0)30 12345678", german, NumberCell::Unread),
            ("4903012345678", german, NumberCell::Unread),
            ("49+3012345678", german, NumberCell::Unread),
            ("49/30/12345678", german, NumberCell::Number(whole(), Some(Repair::Plus))),
            ("14255550100", german, NumberCell::Unread),
            ("4.93012E+11", german, NumberCell::Damaged),
            ("4,93012E+11", plain, NumberCell::Damaged),
            ("493012345678.0", german, NumberCell::Damaged),
            ("5E11", plain, NumberCell::Damaged),
            ("on leave", german, NumberCell::Unread),
            ("493012345678", in_germany, NumberCell::Number(whole(), Some(Repair::PlusOfCountry))),
            ("03012345678", in_germany, NumberCell::Unread),
            ("14255550100", in_germany, NumberCell::Unread),
        ];
        for (cell, how, reading) in cases {
            assert_eq!(read(cell, how), reading, "{cell}");
        }
        let extension = read("+493012345678;ext=12", plain);
        assert_eq!(extension, NumberCell::Number(number("+493012345678;ext=12"), None));
    }
}
