//! `import --from`: manifests of a list that somebody has.

use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;

use super::{Arguments, There, proven_beside, report, write};
use crate::{
    cli::{
        exit::{Exit, Failure},
        out,
    },
    file,
    foreign::line,
    import::{
        File,
        lists::{self, Asked, Format, Report},
    },
    model::{Calling, TenantRef},
    snapshot::TenantSnapshot,
    words::{list, many},
};

/// The largest list that is read.
const MOST: u64 = 64 * 1024 * 1024;
/// The report beside the manifests.
const REPORT: &str = "import-report.md";

/// What calling is of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Said {
    /// It is on
    Enabled,
    /// It is off
    Disabled,
}

/// Writes the manifests of a list, once they have been read again and planned to nothing.
pub(super) fn import(
    command: &Arguments,
    (format, path): (&Path, &Path),
    folder: &Path,
) -> Result<Exit, Failure> {
    let [tenant] = command.targets.ids() else {
        return Err(Failure::new("a list is of one tenant")
            .hint("name it with one `--tenant-id NAME=GUID`"));
    };
    let there = There::look(folder)?;
    is_new(&there, tenant, folder)?;
    let (shot, told) = read(command, format, path, tenant)?;
    let (mut imported, unknown) = proven_beside(vec![shot], &command.choice(), &there)?;
    let page = imported.files.first().and_then(|file| file.path.split_once('/'));
    if let Some((folder, _)) = page {
        let path = format!("{folder}/{REPORT}");
        imported.files.push(File { path, text: told.page() });
    }
    write::all(folder, &imported.files)?;
    report::tell(&imported, &unknown, folder, 0);
    tell(&told);
    Ok(Exit::Done)
}

/// Whether no manifest in the folder describes the tenant: those are left alone.
fn is_new(there: &There, tenant: &TenantRef, folder: &Path) -> Result<(), Failure> {
    let known = there.desired().tenants.values();
    let known = known.into_iter().find(|known| known.id == tenant.id || known.name == tenant.name);
    match known {
        None => Ok(()),
        Some(known) => Err(Failure::new(format!(
            "tenant {} is described in {} already, and is left alone",
            known.name,
            folder.display()
        ))
        .hint("import into another folder, and compare the two")),
    }
}

/// The list as live state of the tenant.
fn read(
    command: &Arguments,
    format: &Path,
    path: &Path,
    tenant: &TenantRef,
) -> Result<(TenantSnapshot, Report), Failure> {
    let name = format.to_string_lossy();
    let format = Format::named(&name).ok_or_else(|| {
        let all = list(Format::ALL.map(Format::name));
        Failure::new(format!("`{}` is not a kind of list that is known", line(&name)))
            .hint(format!("possible are {all}"))
    })?;
    let file = path.display().to_string();
    let bytes = file::read(path, MOST).map_err(|why| Failure::new(format!("{file}: {why}")))?;
    let asked = Asked {
        format,
        file: &file,
        prefix: tenant.extension_prefix.as_ref(),
        country: command.country.as_ref(),
        calling: command.calling.map(|said| match said {
            Said::Enabled => Calling::Enabled,
            Said::Disabled => Calling::Disabled,
        }),
    };
    let (live, report) = lists::read(&bytes, &asked).map_err(|refused| {
        Failure::new(format!("{file}: {}; nothing was written", refused.why)).hint(refused.hint)
    })?;
    let shot = TenantSnapshot {
        tenant: tenant.clone(),
        at: Timestamp::now(),
        reader: format.name().into(),
        inventory: None,
        live: Ok(live.into()),
    };
    Ok((shot, report))
}

/// What became of the list, in a few lines; the report has it all.
fn tell(report: &Report) {
    if report.repaired_cells() > 0 {
        out::talk(&format!("{} repaired\n", many(report.repaired_cells(), "cell")));
    }
    if !report.secrets.is_empty() {
        let columns = list(report.secrets.iter().map(|heading| format!("`{}`", line(heading))));
        out::talk(&format!("not read, because they hold secrets: {columns}\n"));
    }
    if !report.findings.is_empty() {
        out::talk(&format!("{} to look at: see {REPORT}\n", many(report.findings.len(), "row")));
    }
}
