//! A journal to look back at, wherever it is kept.

use std::{collections::BTreeSet, sync::Arc};

use super::{Finding, PostgresHistory, SqliteHistory};
use crate::{
    model::{Entry, Memory, RunId, RunStart, TenantId, TenantName, Upn},
    ports::{History, HistoryError, JournalCheck, JournalError, JournalExport, Recall},
};

/// In a file, or in a database.
#[derive(Debug)]
pub enum StoredHistory {
    /// In a file.
    File(Box<SqliteHistory>),
    /// In a database that machines share.
    Shared(Box<PostgresHistory>),
}

impl StoredHistory {
    /// What is to be known of it before it is used, if anything.
    #[must_use]
    pub fn doubt(&self) -> Option<Finding> {
        match self {
            Self::File(history) => history.doubt(),
            Self::Shared(_) => None,
        }
    }
}

impl Recall for StoredHistory {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        match self {
            Self::File(history) => history.recall(tenant).await,
            Self::Shared(history) => history.recall(tenant).await,
        }
    }
}

impl History for StoredHistory {
    async fn runs(
        &self,
        tenant: Option<&TenantName>,
        limit: usize,
    ) -> Result<Vec<RunId>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.runs(tenant, limit)?,
            Self::Shared(history) => history.runs(tenant, limit).await?,
        })
    }

    async fn begun(&self, limit: usize) -> Result<Vec<RunStart>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.begun(limit)?,
            Self::Shared(history) => history.begun(limit).await?,
        })
    }

    async fn suspensions(&self, limit: usize) -> Result<Vec<Entry>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.suspensions(limit)?,
            Self::Shared(history) => history.suspensions(limit).await?,
        })
    }

    async fn tenants(&self) -> Result<BTreeSet<String>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.tenants()?,
            Self::Shared(history) => history.tenants().await?,
        })
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.entries(run)?,
            Self::Shared(history) => history.entries(run).await?,
        })
    }

    async fn entries_of(&self, tenant: &TenantId, user: &Upn) -> Result<Vec<Entry>, HistoryError> {
        Ok(match self {
            Self::File(history) => history.entries_of(tenant, user)?,
            Self::Shared(history) => history.entries_of(tenant, user).await?,
        })
    }

    async fn check(&self) -> Result<JournalCheck, HistoryError> {
        Ok(match self {
            Self::File(history) => history.check()?,
            Self::Shared(history) => history.check().await?,
        })
    }

    async fn export(&self, each: &mut (dyn FnMut(&str) + Send)) -> JournalExport {
        match self {
            Self::File(history) => history.export(each),
            Self::Shared(history) => history.export(each).await,
        }
    }
}
