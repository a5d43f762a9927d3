//! The secrets of somebody who is set up: read when the call is made, sent once, kept nowhere.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{core::Core, redact::Redactor};
use crate::{
    config::UserSecrets,
    model::{Fault, FaultKind, SetUp, Upn},
    words::list,
};

/// The secrets of one user, each with the name of its field.
#[derive(Default)]
pub(super) struct Secrets(Vec<(&'static str, SecretString)>);

impl Secrets {
    /// Puts them into the body of a call.
    pub(super) fn add_to(&self, body: &mut Value) {
        let Some(body) = body.as_object_mut() else { return };
        for (field, secret) in &self.0 {
            body.insert((*field).to_owned(), secret.expose_secret().into());
        }
    }

    /// The same redactor, which knows these as well.
    pub(super) fn redactor(&self, redactor: &Redactor) -> Redactor {
        redactor.and(self.0.iter().map(|(_, secret)| secret.clone()))
    }
}

/// Reads the secrets that the settings have for a set-up. Nothing is sent if one is missing.
pub(super) async fn of(core: &Core, what: &str, set_up: &SetUp) -> Result<Secrets, Fault> {
    let Some(name) = &set_up.secrets else { return Ok(Secrets::default()) };
    let known = &core.account.user_secrets;
    let Some(sources) = known.get(&**name) else {
        let message = format!("{what}: the settings have no secrets called `{name}`");
        let known = if known.is_empty() { "none".to_owned() } else { list(known.keys()) };
        let add = core.section().key(&format!("userSecrets.{name}"));
        let hint =
            format!("add {add}, or correct `secretsFrom` in the manifests; there are: {known}");
        return Err(Fault::new(FaultKind::SecretMissing, message).hint(hint));
    };
    let missing = |(field, why): (&str, String)| {
        let place = core.section().key(&format!("userSecrets.{name}.{field}"));
        Fault::new(FaultKind::SecretMissing, format!("{what}: no {field} could be had: {why}"))
            .hint(format!("see that {place} gives one for this user; nothing was sent"))
    };
    read(sources, set_up.user()).await.map(Secrets).map_err(missing)
}

async fn read(
    sources: &UserSecrets,
    user: &Upn,
) -> Result<Vec<(&'static str, SecretString)>, (&'static str, String)> {
    let mut all = Vec::new();
    for (field, source) in sources.sources() {
        let own = source.of_user(user.as_str());
        let own = own.ok_or((field, "the user's name would be read as an option".to_owned()))?;
        let read = own.read().await.map_err(|error| (field, error.to_string()))?;
        all.push((field, read.secret));
    }
    Ok(all)
}
