//! What a file says of tenants that it may not speak of is a mistake at its place and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    draft::{FileProblem, FileRead, ProblemDetail},
    scope::TenantScope,
};
use crate::{
    model::TenantName,
    yaml::{Mismatch, Path},
};

/// Takes out of a file what it says of tenants that it may not speak of.
pub(super) fn confine(file: &mut FileRead) {
    let Some(tenants) = file.scope.tenants().cloned() else { return };
    let mut strangers: Vec<(Path, TenantName)> = Vec::new();
    let mut admits = |at: &Path, key: &str, tenant: &TenantName| {
        let is_ours = tenants.contains(tenant);
        if !is_ours {
            strangers.push((at.key("metadata").key(key), tenant.clone()));
        }
        is_ours
    };
    file.tenants.retain(|draft| admits(&draft.at, "name", &draft.name));
    file.sets.retain(|set| admits(&set.at, "tenant", &set.tenant));
    file.approvals.retain(|draft| admits(&draft.at, "tenant", &draft.tenant));
    file.more.retain(|tenant| tenants.contains(tenant));
    for problem in &mut file.problems {
        problem.confine(&tenants);
    }
    for (path, tenant) in strangers {
        let wrong =
            Mismatch::value(path, format!("this source must not speak of tenant `{tenant}`"));
        let wrong = wrong.hint("`tenants` of the source, in the configuration, names those it may");
        // It concerns nobody: the tenant that it names is described elsewhere.
        file.problems.push(FileProblem {
            of_approval: true,
            ..FileProblem::of(ProblemDetail::at(wrong), Vec::new())
        });
    }
}

impl FileProblem {
    /// It can concern these tenants and no others.
    pub(super) fn confine(&mut self, tenants: &BTreeSet<TenantName>) {
        if self.of_approval {
            return;
        }
        if self.concerns.is_empty() {
            self.concerns = tenants.iter().cloned().collect();
            return;
        }
        self.concerns.retain(|tenant| tenants.contains(tenant));
        self.of_approval = self.concerns.is_empty();
    }
}

/// Between a tenant that a limited source describes and one that none does, only the former is wrong:
/// what somebody may say of his own tenants must not hold others.
pub(super) fn spare_hosts(files: &[Arc<FileRead>], problems: &mut [(usize, FileProblem)]) {
    let limited = files.iter().filter(|file| file.scope.is_limited());
    let guests: BTreeSet<TenantName> = limited.flat_map(|file| file.speaks_of()).collect();
    if guests.is_empty() {
        return;
    }
    for (number, problem) in problems {
        let scope = files.get(*number).and_then(|file| file.scope.tenants());
        if let Some(tenants) = scope.filter(|_| problem.concerns.is_empty()) {
            problem.confine(tenants);
        }
        if problem.concerns.iter().any(|tenant| guests.contains(tenant)) {
            problem.concerns.retain(|tenant| guests.contains(tenant));
        }
    }
}

/// The files that may speak of some tenants only.
pub(super) fn scopes(files: &[Arc<FileRead>]) -> BTreeMap<Arc<str>, TenantScope> {
    let limited = files.iter().filter(|file| file.scope.is_limited());
    limited.map(|file| (Arc::clone(&file.path), file.scope.clone())).collect()
}
