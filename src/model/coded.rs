//! Kinds that people and machines know by a stable code.
//!
//! The enum, the list of all its kinds and their codes come from one list, so a new kind cannot be
//! missing from any of them. A code is written once and never changes its meaning; `dialplane
//! explain CODE` explains it.

/// Declares an enum whose kinds have codes: `Kind = "code",` for each.
macro_rules! coded {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $kind:ident = $code:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $kind,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The stable code, which `dialplane explain` explains.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $code),+ }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                let code = <String as serde::Deserialize>::deserialize(reader)?;
                let kind = Self::ALL.iter().copied().find(|kind| kind.code() == code);
                kind.ok_or_else(|| serde::de::Error::custom(format!("`{code}` is not a known code")))
            }
        }
    };
}

pub(crate) use coded;
