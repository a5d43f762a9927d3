//! Writing manifests: each tenant's folder appears whole, or not at all.

use std::{collections::BTreeMap, fs, io, io::Write as _, path::Path};

use crate::{
    cli::{exit::Failure, out},
    foreign::line,
    import::File,
};

/// Writes the folders of all tenants. Each is filled under a name that no reader of manifests looks
/// at, and then renamed: a tenant that is there is there whole.
pub(super) fn all(folder: &Path, files: &[File]) -> Result<(), Failure> {
    let mut tenants: BTreeMap<&str, Vec<(&str, &File)>> = BTreeMap::new();
    for file in files {
        let (tenant, name) = file.path.split_once('/').unwrap_or(("", &file.path));
        tenants.entry(tenant).or_default().push((name, file));
    }
    for (tenant, files) in tenants {
        one(folder, tenant, &files).map_err(|error| {
            Failure::new(format!("{}: {error}", folder.join(tenant).display())).hint(
                "tenants that were named above are whole; put it right and import the others \
                    with --all or --tenants",
            )
        })?;
        for (_, file) in files {
            out::data(&format!("{}\n", line(folder.join(&file.path).display())));
        }
    }
    Ok(())
}

fn one(folder: &Path, tenant: &str, files: &[(&str, &File)]) -> io::Result<()> {
    let begun = folder.join(format!(".{tenant}.import"));
    match fs::remove_dir_all(&begun) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for (name, file) in files {
        write(&begun.join(name), &file.text)?;
    }
    let whole = folder.join(tenant);
    if fs::symlink_metadata(&whole).is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it has just been made by others",
        ));
    }
    fs::rename(begun, whole)
}

/// Writes a file that must not be there yet.
pub(in crate::cli) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
