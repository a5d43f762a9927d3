//! Identities: who and which tenant. Each is checked once, when it is built.

use std::{cmp::Ordering, fmt, hash, sync::Arc};

use super::forms::Forms;

/// A Microsoft 365 tenant: a GUID, kept in lower case (contract 8).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Reads `8-4-4-4-12` hexadecimal digits; upper case is folded.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_fine = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if text.len() == 36 && text.bytes().enumerate().all(is_fine) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(format!(
                "`{text}` is not a tenant id: a GUID such as 87d349ed-44d7-43e1-9a83-5f2406dee5bd \
                    is expected"
            ))
        }
    }

    /// The GUID of zeros, which no tenant has.
    #[must_use]
    pub fn nil() -> Self {
        Self("00000000-0000-0000-0000-000000000000".into())
    }

    /// The GUID in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is this GUID, in whatever case.
    pub(crate) fn is_spelled(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of a user that outlives a change of name: the object id in the customer's directory
/// (contract 12). Readers that show none leave only the [`Upn`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Takes it as the service spells it, in lower case; `None` if it is empty, longer than 64
    /// bytes or no visible ASCII.
    #[must_use]
    pub fn observed(text: &str) -> Option<Self> {
        let fine = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fine.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// One that was an identity before.
    pub(super) fn known(text: &str) -> Self {
        Self(text.into())
    }

    /// The identity in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How manifests, reports and the command line call a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(Arc<str>);

impl TenantName {
    /// The longest name, so reports stay in columns (the same as a DNS label).
    pub const MAX: usize = 63;

    /// What the journal calls all tenants together. A tenant may have this name as well, and has
    /// another id than [`TenantId::nil`].
    #[must_use]
    pub fn all() -> Self {
        Self("all".into())
    }

    /// Lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit.
    pub fn parse(text: &str) -> Result<Self, String> {
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends =
            bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric);
        if ends
            && bytes.len() <= Self::MAX
            && bytes.iter().all(|b| alphanumeric(b) || *b == b'-' || *b == b'.')
        {
            Ok(Self(text.into()))
        } else {
            Err(format!(
                "`{text}` is not a name: use 1 to {} lower-case letters, digits, `-` or `.`, with \
                    a letter or digit at both ends",
                Self::MAX
            ))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the configuration calls an account at the service, and how a tenant names the one that
/// manages it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(TenantName);

impl AccountName {
    /// By the rules of [`TenantName::parse`].
    pub fn parse(text: &str) -> Result<Self, String> {
        TenantName::parse(text).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A user principal name, the platform's `teamsUserId`. Equal without regard to case (contract 7),
/// shown as written.
#[derive(Clone)]
pub struct Upn(Forms);

impl Upn {
    /// The longest name that is accepted, in bytes. Microsoft's own limit is lower; this one only
    /// bounds memory and URLs.
    pub const MAX: usize = 320;

    /// `local@domain` without white space, control characters, `/` or `\`: it becomes one segment
    /// of a URL (contract 10 #16).
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '\\';
        let is_fine = |byte: u8| byte.is_ascii_graphic() && byte != b'/' && byte != b'\\';
        let parts = text.split_once('@').filter(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && text.len() <= Self::MAX
        });
        if parts.is_none() || (!text.bytes().all(is_fine) && text.contains(bad)) {
            return Err(format!(
                "`{}` is not a user principal name: `name@domain` without spaces or slashes is \
                    expected",
                text.chars().take(80).collect::<String>()
            ));
        }
        Ok(Self::known(text))
    }

    /// One that was a name before.
    pub(crate) fn known(text: &str) -> Self {
        Self(if is_small(text) {
            Forms::same(text.into())
        } else {
            Forms::of(text, &text.to_lowercase())
        })
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.written()
    }

    /// The name in lower case: the form that is compared.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.compared()
    }

    /// Whether the platform made this account for itself: such accounts must never be touched
    /// (contract 8).
    #[must_use]
    pub fn is_platform_account(&self) -> bool {
        is_of_platform(self.key())
    }
}

/// The same of a name in lower case.
pub(crate) fn is_of_platform(key: &str) -> bool {
    key.starts_with("callappservice@") || key.ends_with(".sbc.connecttoteams.com")
}

/// Whether a text is its own form in lower case, as almost all are.
pub(crate) fn is_small(text: &str) -> bool {
    // To the end in any case: so many bytes are looked at at once.
    text.bytes().fold(true, |small, byte| small & byte.is_ascii() & !byte.is_ascii_uppercase())
}

impl fmt::Debug for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq for Upn {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Upn {}

impl PartialOrd for Upn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Upn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

impl hash::Hash for Upn {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// A place where people's phones are, such as an office. Compared as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(Arc<str>);

impl Site {
    /// The longest name, in bytes, so reports stay in lines.
    pub const MAX: usize = 63;

    /// Any name of one line without space at its ends.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fine = !text.is_empty()
            && text.len() <= Self::MAX
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if fine {
            Ok(Self(text.into()))
        } else {
            let shown: String = text.chars().take(80).collect();
            Err(format!(
                "`{}` is not the name of a site: 1 to {} bytes are expected, such as london",
                shown.escape_debug(),
                Self::MAX
            ))
        }
    }

    /// One that was the name of a site before.
    pub(crate) fn known(text: Arc<str>) -> Self {
        Self(text)
    }

    /// The name, to be shared.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.0
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An SBC gateway of the provider; above 0 (contract 4.3), or [`Self::CALL_APP`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayId(i64);

impl GatewayId {
    /// What stands in the place of a gateway for users of the Call App, and for nobody else (contract
    /// 5.5).
    pub const CALL_APP: Self = Self(-1);

    /// The same, or what users of the Call App have in its place.
    pub fn of_user(id: i64) -> Result<Self, String> {
        if id == Self::CALL_APP.get() { Ok(Self::CALL_APP) } else { Self::new(id) }
    }

    /// Refuses 0 and below: the service does too.
    pub fn new(id: i64) -> Result<Self, String> {
        if id > 0 {
            Ok(Self(id))
        } else {
            Err(format!("gateway {id} does not exist: gateway ids are above 0"))
        }
    }

    /// One that was the id of a gateway before.
    pub(super) fn known(id: i64) -> Self {
        Self(id)
    }

    /// The number that the API takes.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_id_is_a_guid_and_is_folded() {
        assert_eq!(
            TenantId::parse("87D349ED-44d7-43e1-9a83-5f2406dee5bd").unwrap().as_str(),
            "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
        );
        for bad in [
            "",
            "87d349ed44d743e19a835f2406dee5bd",
            "87d349ed-44d7-43e1-9a83-5f2406dee5bg",
            "{87d349ed-44d7-43e1-9a83-5f2406dee5bd}",
        ] {
            assert!(TenantId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_users_are_equal_without_regard_to_case() {
        let written = Upn::parse("Adele.Vance@Contoso.com").unwrap();
        assert_eq!(written, Upn::parse("adele.vance@contoso.COM").unwrap());
        assert_eq!(written.as_str(), "Adele.Vance@Contoso.com");
        for bad in
            ["", "adele", "@contoso.com", "adele@", "a@b@c", "a b@c", "a/b@c", "a\\b@c", "a\u{7}@c"]
        {
            assert!(Upn::parse(bad).is_err(), "{bad}");
        }
        assert!(Upn::parse("guest_fabrikam.com#EXT#@contoso.com").is_ok());
    }

    #[test]
    fn accounts_of_the_platform_are_recognised() {
        let of_platform = |text: &str| Upn::parse(text).unwrap().is_platform_account();
        assert!(of_platform("CallAppService@contoso.com"));
        assert!(of_platform("directrouting@cust12.SBC.connecttoteams.com"));
        assert!(!of_platform("sbc.connecttoteams.com@contoso.com"));
    }
}
