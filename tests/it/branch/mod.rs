//! A branch of git as the source of the service: real git, over `git http-backend` on loopback and over
//! `file:`.

mod commands;
mod distant;
mod followed;
mod hooked;
mod killed;
mod parsed;
mod patched;
mod private;
pub(crate) mod repo;
pub(crate) mod server;
mod several;
mod signed;
mod sources;
mod story;
mod texts;
