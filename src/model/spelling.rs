//! How people and services spell telephone numbers: what is passed over, and what would be a guess.
//!
//! **Invariant:** digits are never added, dropped or changed: either the digits of a text are its
//! number, or nobody can say which number it is.

/// What may be between digits after a `+`, besides blanks.
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

/// What comes before and after `;ext=`, in any case.
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
