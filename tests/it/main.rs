//! Dialplane from the outside, by what it promises.

mod keeper;
mod mistakes;
mod properties;
mod tree;
