//! What was read of each file, kept for as long as the file says the same.
//!
//! **Invariant:** what is loaded with kept readings is what is loaded from scratch. A reading is a
//! function of its file alone, and whatever takes several files is checked over all of them.

use std::{collections::BTreeMap, sync::Arc};

use super::{Loaded, ManifestFile, check, draft::FileRead, read};

/// What was read of each file that was there last time.
#[derive(Debug, Default)]
pub struct Readings {
    files: BTreeMap<Arc<str>, (ManifestFile, Arc<FileRead>)>,
}

impl Readings {
    /// The same as [`load`](super::load); only files that are new or have changed are read.
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
        check::check(all)
    }
}

/// Whether both files say the same. A text that was not read again is not compared.
fn is_same(kept: &ManifestFile, file: &ManifestFile) -> bool {
    match (&kept.text, &file.text) {
        (Ok(kept_text), Ok(text)) if Arc::ptr_eq(kept_text, text) => kept.role == file.role,
        _ => kept == file,
    }
}
