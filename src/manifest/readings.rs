//! What was read of each file, kept for as long as the file says the same.
//!
//! **Invariant:** what is loaded with kept readings is what is loaded from scratch. A reading is a
//! function of its file alone, the users of a tenant of the files that speak of it, and whatever
//! takes more is checked over all files.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Loaded, ManifestFile,
    check::{self, Checked},
    draft::FileRead,
    former::Former,
    read,
};

/// What was read of each file that was there last time.
#[derive(Debug, Default)]
pub struct Readings {
    files: BTreeMap<Arc<str>, (ManifestFile, Arc<FileRead>)>,
    tenants: Former,
}

impl Readings {
    /// The same as [`load`](super::load); only files that are new or have changed are read, and
    /// tenants of which no such file speaks keep their users.
    pub fn load(&mut self, files: &[ManifestFile]) -> Loaded {
        let mut former = std::mem::take(&mut self.files);
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            let kept = former.remove(&file.path).filter(|(kept, _)| is_same(kept, file));
            let reading = kept.map_or_else(|| Arc::new(read::read(file)), |(_, reading)| reading);
            all.push(Arc::clone(&reading));
            self.files.insert(Arc::clone(&file.path), (file.clone(), reading));
        }
        // What is gone or has changed is not kept while all are checked.
        drop(former);
        let unchanged = std::mem::take(&mut self.tenants).unchanged(&all);
        let Checked { loaded, glances, .. } = check::check(&all, &unchanged);
        self.tenants = Former::of(&all, &loaded.desired, glances);
        loaded
    }
}

/// Whether both files say the same. A text that was not read again is not compared.
fn is_same(kept: &ManifestFile, file: &ManifestFile) -> bool {
    match (&kept.text, &file.text) {
        (Ok(kept_text), Ok(text)) if Arc::ptr_eq(kept_text, text) => {
            kept.role == file.role && kept.scope == file.scope
        }
        _ => kept == file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DesiredTenant, TenantName};

    fn file(number: u8, site: &str) -> ManifestFile {
        let text = format!(
            "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: {{ name: t{number} }}\nspec: {{ \
                tenantId: 5e93b6a1-0c48-4d27-b1fa-94d7e2c3508{number}, mode: report, prune: never \
                }}\n---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: {{ name: all, tenant: \
                t{number} }}\nspec:\n  users:\n    - {{ userPrincipalName: ann@t{number}.com, calling: \
                enabled, site: {site} }}\n"
        );
        ManifestFile::new(&format!("{number}.yaml"), &text)
    }

    #[test]
    fn users_of_a_tenant_whose_files_have_not_changed_are_not_made_again() {
        let mut readings = Readings::default();
        let before = readings.load(&[file(1, "leeds"), file(2, "leeds")]).desired.tenants;
        let now = readings.load(&[file(1, "leeds"), file(2, "london")]).desired.tenants;
        let users = |tenants: &BTreeMap<TenantName, Arc<DesiredTenant>>, name: &str| {
            tenants[&TenantName::parse(name).unwrap()].users.clone()
        };
        assert!(users(&before, "t1").is_plainly(&users(&now, "t1")));
        assert_ne!(users(&before, "t2"), users(&now, "t2"));
    }
}
