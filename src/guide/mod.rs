//! The guide: what to know beyond the README, as pages of this documentation.
//!
//! - [`codes`]: what each code of a hold, problem, note or failed call means.
//! - [`contract`]: what the vendor's services accept, as far as it is known, and how sure that is.
//! - [`decisions`]: why it is built as it is.
//! - [`threats`]: what is defended, against whom, and what is not.
//! - [`wording`]: how it speaks, in messages, names and documents.
//!
//! Deliberately not here: how to use the commands (`dialplane help`, the README) and the design of
//! each module (its own page).

#[doc = include_str!("codes.md")]
pub mod codes {}

#[doc = include_str!("contract.md")]
pub mod contract {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("wording.md")]
pub mod wording {}
