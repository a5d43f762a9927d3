//! `import --from`: manifests of a list that somebody has.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;

use super::{Arguments, ExistingFiles, proven_beside, report, write};
use crate::{
    cli::{
        exit::{Exit, Failure},
        out,
    },
    file,
    foreign::line,
    import::{
        File,
        lists::{self, Format, ListInput, Report, UpnById},
    },
    model::{Calling, LiveTenant, TenantRef},
    snapshot::TenantSnapshot,
    words::{list, many},
};

/// The largest list that is read.
const MOST: u64 = 64 * 1024 * 1024;
/// The report beside the manifests.
const REPORT: &str = "import-report.md";

/// What calling is of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListedCalling {
    /// It is on
    Enabled,
    /// It is off
    Disabled,
}

impl ListedCalling {
    fn calling(self) -> Calling {
        match self {
            Self::Enabled => Calling::Enabled,
            Self::Disabled => Calling::Disabled,
        }
    }
}

/// Writes the manifests of a list, once they have been read again and planned to nothing.
pub(super) fn import(command: &Arguments, folder: &Path) -> Result<Exit, Failure> {
    let tenant = tenant(command)?;
    let there = ExistingFiles::look(folder)?;
    is_new(&there, tenant, folder)?;
    let (shot, reports) = read(command, tenant)?;
    let (mut imported, unknown) = proven_beside(vec![shot], &command.choice(), &there)?;
    let page = imported.files.first().and_then(|file| file.path.split_once('/'));
    if let Some((folder, _)) = page {
        let path = format!("{folder}/{REPORT}");
        let pages: Vec<String> = reports.iter().map(Report::page).collect();
        imported.files.push(File { path, text: pages.join("\n") });
    }
    write::all(folder, &imported.files)?;
    report::tell(&imported, &unknown, &report::next(folder, command), 0);
    reports.iter().for_each(tell);
    Ok(Exit::Done)
}

/// Whether no manifest in the folder describes the tenant: those are left alone.
fn is_new(there: &ExistingFiles, tenant: &TenantRef, folder: &Path) -> Result<(), Failure> {
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

/// The tenant whose list it is.
pub(super) fn tenant(command: &Arguments) -> Result<&TenantRef, Failure> {
    let [tenant] = command.targets.ids() else {
        return Err(Failure::new("a list is of one tenant")
            .hint("name it with one `--tenant-id NAME=GUID`"));
    };
    Ok(tenant)
}

/// The lists as live state of the tenant: one, or users and then the numbers that they hold.
pub(super) fn read(
    command: &Arguments,
    tenant: &TenantRef,
) -> Result<(TenantSnapshot, Vec<Report>), Failure> {
    let (first, rest) = command.from.split_at(command.from.len().min(2));
    let ImportedList { mut live, mut report, format } = one(command, first, tenant, None)?;
    let mut reports = Vec::new();
    if !rest.is_empty() {
        let named = live
            .users
            .values()
            .filter_map(|user| Some((user.id.as_ref()?.as_str().to_owned(), user.upn.clone())));
        let named = named.collect();
        let numbers = one(command, rest, tenant, Some(&named))?;
        let kinds = (format, numbers.format);
        if rest.len() > 2 || kinds != (Format::TeamsUsers, Format::TeamsNumbers) {
            return Err(Failure::new(
                "two lists are users of Teams and the numbers that they hold",
            )
            .hint("say `--from teams-users FILE --from teams-numbers FILE`"));
        }
        lists::join(&mut live, numbers.live, &mut report);
        reports.push(numbers.report);
    }
    reports.insert(0, report);
    let shot = TenantSnapshot {
        tenant: tenant.clone(),
        at: Timestamp::now(),
        reader: format.name().into(),
        inventory: None,
        live: Ok(live.into()),
    };
    Ok((shot, reports))
}

/// A list that was read.
struct ImportedList {
    live: LiveTenant,
    report: Report,
    format: Format,
}

/// One list.
fn one(
    command: &Arguments,
    said: &[PathBuf],
    tenant: &TenantRef,
    named: Option<&UpnById>,
) -> Result<ImportedList, Failure> {
    let [format, path, ..] = said else { return Err(Failure::new("no list is named")) };
    let name = format.to_string_lossy();
    let format = Format::named(&name).ok_or_else(|| {
        let all = list(Format::ALL.map(Format::name));
        Failure::new(format!("`{}` is not a kind of list that is known", line(&name)))
            .hint(format!("possible are {all}"))
    })?;
    let file = path.display().to_string();
    let bytes = file::read(path, MOST).map_err(|why| Failure::new(format!("{file}: {why}")))?;
    let asked = ListInput {
        format,
        file: &file,
        prefix: tenant.extension_prefix.as_ref(),
        country: command.country.as_ref(),
        // Beside a list of users, that one says it.
        calling: command.calling.filter(|_| named.is_none()).map(ListedCalling::calling),
        named,
    };
    let (live, report) = lists::read(&bytes, &asked).map_err(|refused| {
        Failure::new(format!("{file}: {}; nothing was written", refused.why)).hint(refused.hint)
    })?;
    Ok(ImportedList { live, report, format })
}

/// What became of the list, in a few lines; the report has it all.
pub(super) fn tell(report: &Report) {
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
