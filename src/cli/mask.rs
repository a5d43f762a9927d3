//! `--mask`: names where the key for pseudonyms is kept.
//!
//! **Invariant:** the key is no argument, because every process of a machine sees those. What is
//! refused is not repeated: it may be the key.

use secrecy::ExposeSecret as _;

use super::{exit::Failure, out};
use crate::{config::SecretSource, plan::Mask};

/// The shortest key for pseudonyms.
const LEAST: usize = 16;
const SOURCES: &str = "name where it is kept: `--mask env:NAME` for an environment variable, `--mask \
    file:PATH` for a file";

/// The mask with the key that is kept there.
pub(super) async fn of(source: Option<&str>) -> Result<Option<Mask>, Failure> {
    let Some(source) = source else { return Ok(None) };
    let source = match source.split_once(':') {
        Some(("env", name)) if !name.is_empty() => SecretSource::Env(name.to_owned()),
        Some(("file", path)) if !path.is_empty() => SecretSource::File(path.into()),
        _ => {
            return Err(Failure::new(
                "a key on the command line is seen by every process of this machine",
            )
            .hint(format!("{SOURCES}; if this was the key, make another one")));
        }
    };
    let read = source.read().await.map_err(|error| {
        Failure::new(format!("the key of --mask cannot be read: {error}")).hint(SOURCES)
    })?;
    if read.open_to_all {
        out::talk("every user of this machine may read the file with the key of --mask\n");
    }
    let key = read.secret.expose_secret();
    if key.chars().count() < LEAST {
        return Err(Failure::new(format!("the key of --mask has less than {LEAST} characters"))
            .hint("make one that nobody finds by trying: `openssl rand -hex 16`"));
    }
    Mask::new(key).map(Some).map_err(Failure::new)
}
