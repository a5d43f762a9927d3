//! Phone numbers in one comparable form.
//!
//! Three spellings of one number meet here: what people write (`+14255550100`, `1000`), what the
//! platform stores (often digits without `+`) and what it shows (an extension behind the country
//! code of the user's location, contract 7).

mod advice;

use std::{cmp::Ordering, fmt, hash, sync::Arc};

use super::{
    TenantName,
    forms::Forms,
    spelling::{self, all_digits, find_extension, is_unseen, without_scheme},
};

/// What the platform puts before a short extension, such as `+1`; a property of the tenant's users'
/// location (contract 7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExtensionPrefix(Arc<str>);

impl ExtensionPrefix {
    /// `+` and one to four digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('+') {
            Some(digits) if (1..=4).contains(&digits.len()) && all_digits(digits) => {
                Ok(Self(text.into()))
            }
            _ => Err(format!(
                "`{text}` is not an extension prefix: `+` and a country code is expected, such as \
                    \"+1\""
            )),
        }
    }

    /// The prefix with its `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A phone number or extension. Compared by its normal form, shown and sent as it was written.
#[derive(Clone)]
pub struct PhoneNumber {
    /// Marked if it is an extension.
    forms: Forms,
}

impl PhoneNumber {
    /// Digits of a full number, at most (E.164).
    const MAX_DIGITS: usize = 15;
    /// Digits of a full number, at least; below, it is an extension.
    const MIN_DIGITS: usize = 7;
    /// Digits behind `;ext=`, at most.
    const MAX_EXTENSION: usize = 8;

    /// Reads a number as people write it in a manifest: `+` and 7 to 15 digits, with or without
    /// `;ext=` and digits; or an extension of 2 to 6 digits where the tenant has a prefix for it.
    pub fn parse(text: &str, prefix: Option<&ExtensionPrefix>) -> Result<Self, String> {
        Self::of_text(text.into(), prefix)
    }

    /// The same of a text that is kept: a full number is its own normal form.
    pub fn of_text(written: Arc<str>, prefix: Option<&ExtensionPrefix>) -> Result<Self, String> {
        if Self::is_normal(&written) {
            return Ok(Self::of(Forms::same(written), prefix));
        }
        let text = &*written;
        let (main, extension) = match text.split_once(";ext=") {
            Some((main, extension)) => (main, Some(extension)),
            None => (text, None),
        };
        if extension.is_some_and(|digits| !all_digits(digits) || digits.len() > Self::MAX_EXTENSION)
        {
            return Err(format!(
                "`{text}` has a wrong extension: 1 to 8 digits are expected behind `;ext=`"
            ));
        }
        if main.starts_with('+') {
            return if Self::is_normal(main) {
                Ok(Self::of(Forms::same(written), prefix))
            } else {
                Err(format!(
                    "`{text}` is not a phone number: `+`, the country code and the number are \
                        expected, 7 to 15 digits in all and no spaces, such as \"+14255550100\""
                ))
            };
        }
        if Self::is_short(text) {
            return match prefix {
                Some(with) => {
                    let normal = format!("{}{main}", with.as_str());
                    Ok(Self::of(Forms::of(text, &normal), prefix))
                }
                None => Err(format!(
                    "`{text}` is an extension, and the tenant does not say how the platform shows \
                        extensions"
                )),
            };
        }
        Err(format!(
            "`{text}` is not a phone number: it starts with `+` and the country code, such as \
                \"+14255550100\""
        ))
    }

    /// Whether people write an extension so: a number only where the tenant has a prefix for it.
    #[must_use]
    pub fn is_short(text: &str) -> bool {
        all_digits(text) && (2..Self::MIN_DIGITS).contains(&text.len())
    }

    /// Reads a number as a service shows it: known spellings are understood, and nothing is
    /// guessed.
    ///
    /// Behind a `+`, what people put between digits is passed over: blanks, dashes, dots, brackets.
    /// Without a `+` digits alone are a full number, as the platform stores it, or an extension if
    /// they are few; anything between them says that a person wrote it, and people write numbers of
    /// their own country so. Marks that nobody sees are passed over everywhere.
    #[must_use]
    pub fn observed(text: &str, prefix: Option<&ExtensionPrefix>) -> Option<Self> {
        if Self::is_normal(text) {
            return Some(Self::of(Forms::same(text.into()), prefix));
        }
        Self::spelled(text, prefix)
    }

    /// Whether a text is a full number in its normal form already, as most services show it.
    pub(crate) fn is_normal(text: &str) -> bool {
        text.strip_prefix('+').is_some_and(|digits| {
            (Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits.len())
                && all_digits(digits)
                && !digits.starts_with('0')
        })
    }

    /// Reads a number in any spelling that is known.
    fn spelled(text: &str, prefix: Option<&ExtensionPrefix>) -> Option<Self> {
        let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
        let seen = seen.trim();
        let text = without_scheme(seen);
        let (main, extension) = match find_extension(text) {
            Some((main, extension)) => (main, Some(extension)),
            None => (text, None),
        };
        let digits = spelling::digits(main)?;
        let international = main.contains('+');
        let short = digits.len() < Self::MIN_DIGITS;
        let fits = if short {
            digits.len() > 1
        } else {
            digits.len() <= Self::MAX_DIGITS && !digits.starts_with('0')
        };
        if !fits
            || extension
                .is_some_and(|digits| !all_digits(digits) || digits.len() > Self::MAX_EXTENSION)
        {
            return None;
        }
        let mut normal = match prefix {
            Some(prefix) if !international && short => format!("{}{digits}", prefix.as_str()),
            _ => format!("+{digits}"),
        };
        if let Some(extension) = extension {
            normal.push_str(";ext=");
            normal.push_str(extension);
        }
        // What is sent again must be fit to be sent.
        let written = if seen.is_ascii() { seen } else { &normal };
        Some(Self::of(Forms::of(written, &normal), prefix))
    }

    /// The one place that tells extensions from full numbers. What is sent of an extension is the
    /// extension: the platform adds the prefix itself.
    fn of(forms: Forms, prefix: Option<&ExtensionPrefix>) -> Self {
        let normal = forms.compared();
        let behind = prefix.and_then(|prefix| normal.strip_prefix(prefix.as_str()));
        let short =
            behind.filter(|rest| (2..Self::MIN_DIGITS).contains(&rest.len()) && all_digits(rest));
        match short {
            Some(short) => Self { forms: Forms::of(short, normal).marked(true) },
            None => Self { forms },
        }
    }

    /// As it was written, as it is compared if that is another form, and whether it is an
    /// extension.
    pub(super) fn parts(&self) -> (&str, Option<&str>, bool) {
        let written = self.as_str();
        let normal = self.normal();
        (written, (written != normal).then_some(normal), self.is_extension())
    }

    /// A number of which these were the parts.
    pub(super) fn of_parts(written: Arc<str>, compared: &str, extension: bool) -> Self {
        let forms =
            if compared.is_empty() { Forms::same(written) } else { Forms::of(&written, compared) };
        Self { forms: forms.marked(extension) }
    }

    /// As it was written: this is what is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.forms.written()
    }

    /// Whether this is a short extension behind the tenant's prefix: unique in its tenant only,
    /// while a full number is unique in the world.
    #[must_use]
    pub fn is_extension(&self) -> bool {
        self.forms.is_marked()
    }

    /// The comparable form: `+` and digits, and `;ext=` where there is one.
    #[must_use]
    pub fn normal(&self) -> &str {
        self.forms.compared()
    }
}

/// A number where it is unique: a full number in the whole fleet, an extension in its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberKey(Option<TenantName>, PhoneNumber);

/// The same of names and numbers that another holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NumberRef<'n>(Option<&'n TenantName>, &'n PhoneNumber);

impl<'n> NumberRef<'n> {
    /// The key of `number`, held or wanted in `tenant`.
    #[must_use]
    pub fn new(tenant: &'n TenantName, number: &'n PhoneNumber) -> Self {
        Self(number.is_extension().then_some(tenant), number)
    }
}

impl NumberKey {
    /// The key of `number`, held or wanted in `tenant`.
    #[must_use]
    pub fn new(tenant: &TenantName, number: &PhoneNumber) -> Self {
        let NumberRef(tenant, number) = NumberRef::new(tenant, number);
        Self(tenant.cloned(), number.clone())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.as_str();
        let normal = self.normal();
        f.write_str(normal)?;
        if !normal.ends_with(written) {
            write!(f, " (written {written})")?;
        }
        Ok(())
    }
}

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }
}

impl Eq for PhoneNumber {}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhoneNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.normal().cmp(other.normal())
    }
}

impl hash::Hash for PhoneNumber {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.normal().hash(state);
    }
}

#[cfg(test)]
mod spellings;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_number_are_equal() {
        let us = ExtensionPrefix::parse("+1").unwrap();
        let full = PhoneNumber::parse("+14255550100", None).unwrap();
        for shown in ["14255550100", "+14255550100", "tel:+1 (425) 555-0100", "+1.425.555.0100"] {
            assert_eq!(Some(&full), PhoneNumber::observed(shown, None).as_ref(), "{shown}");
        }
        let extension = PhoneNumber::parse("1000", Some(&us)).unwrap();
        assert_eq!(extension, PhoneNumber::observed("+11000", Some(&us)).unwrap());
        assert_eq!(extension, PhoneNumber::observed("1000", Some(&us)).unwrap());
        assert_eq!(extension.as_str(), "1000");
        for shown in ["+11000", "+1 1000", "1000", "+1-1000"] {
            let shown = PhoneNumber::observed(shown, Some(&us)).unwrap();
            assert_eq!(
                (shown.as_str(), shown.normal(), shown.is_extension()),
                ("1000", "+11000", true)
            );
        }
        let uk = ExtensionPrefix::parse("+44").unwrap();
        assert!(
            PhoneNumber::parse("+4412345", Some(&uk)).unwrap().is_extension(),
            "however it is written"
        );
        assert!(
            extension.is_extension()
                && PhoneNumber::observed("+11000", Some(&us)).unwrap().is_extension()
        );
        assert!(!PhoneNumber::observed("14255550100", Some(&us)).unwrap().is_extension());
        assert_ne!(PhoneNumber::parse("+14255550100;ext=7", None).unwrap(), full);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_number_in_its_normal_form_is_read_as_by_all_rules(
            text in "\\+?[0-9]{1,17}(;ext=[0-9]{1,3})?",
            prefix in prop::option::of("\\+[0-9]{1,4}"),
        ) {
            let prefix = prefix.map(|prefix| ExtensionPrefix::parse(&prefix).unwrap());
            let read = |number: Option<PhoneNumber>| number.map(|number| {
                (number.as_str().to_owned(), number.normal().to_owned(), number.is_extension())
            });
            prop_assert_eq!(
                read(PhoneNumber::observed(&text, prefix.as_ref())),
                read(PhoneNumber::spelled(&text, prefix.as_ref()))
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in [
            "",
            "+",
            "14255550100",
            "+1 425 555 0100",
            "+1425555010011111",
            "+0425555010",
            "1000",
            "+14255550100;ext=",
            "+14255550100;ext=a",
            "tel:+1425",
            "+１４２５５５５０１００",
        ] {
            assert!(PhoneNumber::parse(bad, None).is_err(), "{bad}");
        }
    }
}
