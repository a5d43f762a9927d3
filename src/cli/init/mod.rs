//! `init`: sets up a folder, so the next command shows a plan.
//!
//! Four ways to begin: a demonstration, a list of users that the vendor's portal exported,
//! Microsoft Graph, and an account at the service. The first two need no network.
//!
//! **Invariant:** nothing that is there is changed, except that `.gitignore` gets lines at its end.
//! If any file would be in the way, nothing is written.

mod asked;
mod beside;
mod files;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use asked::StartingPoint;
use clap::{Args, builder::NonEmptyStringValueParser};

use super::{
    exit::{Exit, Failure},
    import, out,
    signals::Signals,
    targets,
};
use crate::{
    foreign::line,
    import::{Choice, File},
    model::{Field, TenantRef},
    ports::LiveReader as _,
    snapshot::{PORTAL, Sheet, SheetCalling, TenantSnapshot},
    source::read_kept,
};

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane init --demo
  dialplane init --csv contoso.csv --tenant-id contoso=87d349ed-44d7-43e1-9a83-5f2406dee5bd
  dialplane init --account --github
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to set up; it is made if it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    ways: InitSources,
    /// With --csv: the customer that the list is of, perhaps with what the platform shows before
    /// its extensions, such as +1
    #[arg(long, value_name = "NAME=GUID[,PREFIX]", value_parser = targets::tenant_ref, requires = "csv")]
    tenant_id: Option<TenantRef>,
    /// With --csv, if no column of the list says calling and nothing else: which one tells it, and
    /// what means on and off, such as State=Active/Inactive
    #[arg(long, value_name = "COLUMN=ON/OFF", value_parser = calling, requires = "csv")]
    calling: Option<SheetCalling>,
    /// With --csv: the heading over the user principal names, if it is not that of the
    /// portal's own lists
    #[arg(long, value_name = "HEADING", value_parser = NonEmptyStringValueParser::new(), requires = "csv")]
    user: Option<String>,
    /// With --csv: the heading over the phone numbers, if it is not that of the portal's own lists
    #[arg(long, value_name = "HEADING", value_parser = NonEmptyStringValueParser::new(), requires = "csv")]
    number: Option<String>,
    /// Also write a GitHub workflow that plans pull requests
    #[arg(long)]
    github: bool,
}

#[derive(Debug, Args)]
struct InitSources {
    /// A demonstration: five customers, 92 users, no account and no network
    #[arg(long, group = "way")]
    demo: bool,
    /// Begin with a list of users that the vendor's portal exported: no account and no network
    #[arg(long, group = "way", value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Begin with Microsoft Graph: an application that reads the customers' tenants
    #[arg(long, group = "way")]
    graph: bool,
    /// Begin with an account at the ConnecttoTeams service
    #[arg(long, group = "way")]
    account: bool,
}

impl Arguments {
    /// The folder, as paths of files in it begin.
    fn below(&self) -> &Path {
        if self.is_here() { Path::new("") } else { &self.folder }
    }

    fn is_here(&self) -> bool {
        self.folder.as_os_str() == "."
    }
}

/// `COLUMN=ON/OFF`; several words for each with commas.
fn calling(text: &str) -> Result<SheetCalling, String> {
    let expected = "COLUMN=ON/OFF is expected, such as State=Active/Inactive";
    let (column, words) = text.split_once('=').ok_or(expected)?;
    let (on, off) = words.split_once('/').ok_or(expected)?;
    let words = |text: &str| -> Vec<String> {
        text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let calling =
        SheetCalling { column: column.trim().to_owned(), enabled: words(on), disabled: words(off) };
    let twice = calling.enabled.iter().any(|word| calling.disabled.contains(word));
    if calling.column.is_empty() || calling.enabled.is_empty() || twice {
        return Err(expected.to_owned());
    }
    Ok(calling)
}

/// Sets the folder up.
pub(super) async fn init(command: &Arguments, signals: &Signals) -> Result<Exit, Failure> {
    let folder = command.below();
    // Nobody is asked in vain.
    check(folder, files::SETTINGS)?;
    import::check_empty(&folder.join(files::MANIFESTS))?;
    let begin = asked::begin(command, signals).await?;
    let mut made = match &begin {
        StartingPoint::Demo => {
            let mut made = vec![files::settings(include_str!("demo.yaml"))];
            made.extend(files::demo());
            made
        }
        StartingPoint::List(list) => of_list(list, command, signals).await?,
        StartingPoint::Graph => vec![files::settings(include_str!("graph.yaml"))],
        StartingPoint::Account => vec![files::settings(include_str!("account.yaml"))],
    };
    made.extend(files::schemas());
    if command.github {
        made.extend(files::workflow());
    }
    for file in &made {
        check(folder, &file.path)?;
    }
    let ignored = beside::ignored(folder, &begin)?;
    for file in &made {
        let path = files::place(folder, file);
        import::write(&path, &file.text)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        out::data(&format!("{}\n", line(path.display())));
    }
    beside::ignore(folder, &ignored)?;
    if matches!(begin, StartingPoint::Graph | StartingPoint::Account) {
        beside::make_secrets(folder)?;
    }
    out::talk(&next(command, &begin));
    Ok(Exit::Done)
}

/// Fails if a file is in the way.
fn check(folder: &Path, name: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    if fs::symlink_metadata(&path).is_err() {
        return Ok(());
    }
    Err(Failure::new(format!("{} is there already: nothing was written", path.display())).hint(
        "init sets up a folder that is not set up yet; name another folder, or remove the file",
    ))
}

/// The settings and manifests that a list gives.
async fn of_list(
    path: &Path,
    command: &Arguments,
    signals: &Signals,
) -> Result<Vec<File>, Failure> {
    let tenant = match &command.tenant_id {
        Some(tenant) => tenant.clone(),
        None => asked::customer(path, signals).await?,
    };
    let usual = Sheet::default();
    let user = command.user.clone().unwrap_or_else(|| usual.user.clone());
    let mut sheet = Sheet { user, calling: command.calling.clone(), ..usual };
    if let Some(heading) = &command.number {
        sheet.fields.insert(Field::PhoneNumber.name().to_owned(), heading.clone());
    }
    let kept = read_kept(path, &sheet).map_err(|diagnostics| Failure {
        diagnostics,
        ..Failure::new(format!("{} cannot be used: nothing was written", path.display()))
    })?;
    let Some((at, reader)) = kept.taken(&tenant) else {
        return Err(Failure::new(format!("{} is not the list of {}", path.display(), tenant.name))
            .hint(format!(
                "a list is known by the name of its file: call it {}.csv, or name the customer as \
                    the file is called",
                tenant.name
            )));
    };
    let shot = TenantSnapshot {
        at,
        reader: reader.into(),
        inventory: None,
        live: kept.observe(&tenant).await.map(Arc::new),
        tenant: tenant.clone(),
    };
    if targets::tell_unread(std::slice::from_ref(&shot)) > 0 {
        return Err(Failure::new("the list cannot be used: nothing was written"));
    }
    match kept.obvious_calling(&tenant) {
        Some(calling) => out::talk(&format!("calling is read from {}\n", line(calling))),
        None if sheet.calling.is_some() || reader != PORTAL => {}
        None => {
            return Err(Failure::new(format!(
                "no column of {} says calling and nothing else: nothing was written",
                path.display()
            ))
            .hint("name the column, and what means on and off: --calling State=Active/Inactive"));
        }
    }
    tell_without_numbers(&shot, command.number.is_some())?;
    let choice = Choice { users_per_file: 500, split_by: None, everybody: false };
    let imported = import::proven(vec![shot], &choice)?;
    import::tell_left_out(&imported, "");
    let fields = command.number.is_some().then_some(&sheet.fields);
    let mut made =
        vec![files::settings_for_list(command.user.as_deref(), command.calling.as_ref(), fields)];
    made.extend(files::imported(imported.files));
    Ok(made)
}

/// A list without the usual heading over numbers has none that are read, and does not look so. A
/// heading that was named and is not there is a slip.
fn tell_without_numbers(shot: &TenantSnapshot, is_named: bool) -> Result<(), Failure> {
    let Ok(live) = &shot.live else { return Ok(()) };
    let mut absent = live.beside.unmatched.iter();
    let Some(absent) = absent.find(|absent| absent.field == Some(Field::PhoneNumber)) else {
        return Ok(());
    };
    let heading = line(&absent.place);
    if is_named {
        let message = format!("there is no column `{heading}`: nothing was written");
        return Err(Failure::new(message).hint("name a heading of the list: --number HEADING"));
    }
    out::talk(&format!(
        "there is no column `{heading}`, so no phone numbers are read; if another column has them, \
            remove what was written, and begin again with --number HEADING\n",
    ));
    Ok(())
}

/// What to do now.
fn next(command: &Arguments, begin: &StartingPoint) -> String {
    let here = command.is_here();
    let mut steps = Vec::new();
    if !here {
        steps.push(format!("cd {}", line(command.folder.display())));
    }
    match begin {
        StartingPoint::Demo => steps.extend([
            "dialplane plan --sandbox       what would change".to_owned(),
            "dialplane apply --sandbox      do it, in a rehearsal".to_owned(),
            "dialplane run --sandbox        keep watching the manifests".to_owned(),
        ]),
        StartingPoint::List(list) => {
            let list = std::path::absolute(list).ok().filter(|_| !here).unwrap_or(list.clone());
            steps.push(format!("dialplane plan --live {}", line(list.display())));
        }
        StartingPoint::Graph => steps.extend([
            "edit dialplane.yaml, and write the secret into secrets/graph-secret".to_owned(),
            "dialplane doctor               line by line, what works".to_owned(),
            "dialplane import --reader graph --tenant-id NAME=GUID --out manifests".to_owned(),
        ]),
        StartingPoint::Account => steps.extend([
            "edit dialplane.yaml, and write secrets/client-secret and secrets/password".to_owned(),
            "dialplane doctor               line by line, what works".to_owned(),
            "dialplane tenants              who the customers are".to_owned(),
            "dialplane import --all --out manifests".to_owned(),
        ]),
    }
    if command.github {
        steps.push(format!("set `image` in {}", files::WORKFLOW));
    }
    format!("\nnext:\n  {}\n", steps.join("\n  "))
}
