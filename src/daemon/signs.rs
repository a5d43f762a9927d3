//! Whether a pass hears anything of its service. One that hears nothing for long makes room for
//! another: who does not answer holds nobody up.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::{Call, Consent, Fault, TenantRef},
    ports::{Permit, Provisioner},
};

/// When a pass last heard anything, or began.
#[derive(Debug, Clone)]
pub(super) struct Signs(Arc<Mutex<Instant>>);

impl Signs {
    /// It begins now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Something came.
    pub(super) fn heard(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// For how long nothing has.
    pub(super) fn silence(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// A writer whose answers are heard.
#[derive(Debug)]
pub(super) struct SignallingWriter<'p, P> {
    pub(super) inner: &'p P,
    pub(super) signs: &'p Signs,
}

impl<P: Provisioner> Provisioner for SignallingWriter<'_, P> {
    async fn consent(&self, tenant: &TenantRef) -> Result<Consent, Fault> {
        let answer = self.inner.consent(tenant).await;
        self.signs.heard();
        answer
    }

    async fn send(&self, tenant: &TenantRef, call: &Call, permit: &Permit) -> Result<(), Fault> {
        let answer = self.inner.send(tenant, call, permit).await;
        self.signs.heard();
        answer
    }
}
