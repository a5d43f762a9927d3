//! `import`: live state into manifests; with `--check`, users with calling that no manifest names.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    args::{Global, Output},
    exit::{Exit, Failure},
    manifests::Looked,
    out,
    signals::Signals,
    targets::{self, Seen, Targets},
};
use crate::{
    config::Execution,
    foreign::line,
    import::{self, Choice, File, Import, SplitBy},
    manifest::{self, Keeper, ManifestFile},
    model::{Desired, LivePhone, LiveUser, Recalled},
    pass,
    plan::render,
    snapshot::Shot,
    words::{first, many},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// Take kept live state: a snapshot of `observe`, a CSV list of the portal, or a folder of
    /// them. Without PATHS, its tenants
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox")]
    live: Option<PathBuf>,
    /// The folder that the manifests go to; it must be absent or empty
    #[arg(long, value_name = "FOLDER", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Users of one file, at most
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroUsize::MIN.saturating_add(499))]
    users_per_file: NonZeroUsize,
    /// What else puts users into different files: `domain`, or a field such as userTag or
    /// sbcGatewayId
    #[arg(long, value_name = "FIELD", value_parser = SplitBy::parse)]
    split_by: Option<SplitBy>,
    /// Also name users whose calling is off and who hold no number
    #[arg(long)]
    everybody: bool,
    /// Write nothing; say who has calling and is named by no manifest. Exit code 2 if there is
    /// anybody
    #[arg(long, conflicts_with_all = ["out", "users_per_file", "split_by", "everybody"])]
    check: bool,
    /// How the outcome of `--check` is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Files that a refusal names, at most.
const MAX_NAMED: usize = 5;

/// Writes the manifests, once they have been read again and planned to nothing.
pub(super) async fn import(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let Some(folder) = &command.out else { return check(global, command, signals).await };
    check_empty(folder)?;
    let Seen { shots, looked } =
        targets::look(global, &command.targets, command.live.as_deref(), false, signals).await?;
    let unread = targets::tell_unread(&shots);
    if unread == shots.len() {
        return Err(
            Failure::new("no tenant could be read").hint("nothing was written; look again later")
        );
    }
    let choice = Choice {
        users_per_file: command.users_per_file.get(),
        split_by: command.split_by,
        everybody: command.everybody,
    };
    let imported = proven(shots, &choice)?;
    for file in &imported.files {
        let path = folder.join(&file.path);
        write(&path, &file.text).map_err(|error| {
            Failure::new(format!("{}: {error}", path.display()))
                .hint("remove the folder and import again")
        })?;
        out::data(&format!("{}\n", line(path.display())));
    }
    let said =
        format!("{} in {}", many(imported.users, "user"), many(imported.files.len(), "file"));
    out::talk(&format!(
        "{said}, and nothing to do for them: dialplane plan {}\n",
        line(folder.display())
    ));
    tell_left_out(&imported);
    let right = looked.is_none_or(|looked| looked.diagnostics.is_empty());
    Ok(match (right, unread) {
        (false, _) => Exit::Error,
        (true, 0) => Exit::Done,
        (true, _) => Exit::Partly,
    })
}

/// Manifests are never overwritten, and never mixed with others.
pub(super) fn check_empty(folder: &Path) -> Result<(), Failure> {
    let hint = "name a folder that is absent or empty: manifests are never overwritten";
    let mut names = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::new(format!("{}: {error}", folder.display())).hint(hint)),
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?,
    };
    if names.is_empty() {
        return Ok(());
    }
    names.sort();
    let held = first(MAX_NAMED, names);
    Err(Failure::new(format!("{} is not empty: it holds {held}", folder.display())).hint(hint))
}

/// Says who is not in the manifests, and why.
pub(super) fn tell_left_out(imported: &Import) {
    for (count, why) in [
        (imported.left_out, "left out, see the comments in each tenant.yaml"),
        (
            imported.passed_over,
            "left out, because their calling is off and they hold no number; --everybody names \
                them too",
        ),
    ] {
        if count > 0 {
            out::talk(&format!("{}: {why}\n", many(count, "user")));
        }
    }
}

/// Manifests that ask for what was seen, once they have been read again and planned to nothing.
pub(super) fn proven(shots: Vec<Shot>, choice: &Choice) -> Result<Import, Failure> {
    let imported = import::import(&shots, choice);
    prove(&imported.files, shots)?;
    Ok(imported)
}

/// Reads the manifests again and plans them against what they were made of.
fn prove(files: &[File], shots: Vec<Shot>) -> Result<(), Failure> {
    let files: Vec<ManifestFile> =
        files.iter().map(|file| ManifestFile::new(&file.path, &file.text)).collect();
    let loaded = manifest::load(&files);
    let failure =
        Failure::new("the imported manifests do not say what is live; nothing was written")
            .hint("this is a fault of dialplane: please report it with the lines above");
    if !loaded.diagnostics.is_empty() {
        return Err(Failure { diagnostics: loaded.diagnostics, ..failure });
    }
    let in_force = Keeper::default().take(loaded);
    let observed = shots.into_iter().map(|shot| (shot.tenant.name, shot.live)).collect();
    let plan = pass::decide(
        &in_force,
        &observed,
        |_| Recalled::default(),
        Timestamp::now(),
        &Execution::default(),
    );
    if plan.tenants.iter().all(|tenant| tenant.steps.is_empty() && tenant.problems.is_empty()) {
        return Ok(());
    }
    out::talk(&render::text(&plan));
    Err(failure)
}

/// Writes a file that must not be there yet.
pub(super) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Users with calling that no manifest names, by tenant.
type Strangers<'s> = BTreeMap<&'s str, Vec<&'s LiveUser>>;

async fn check(global: &Global, command: &Arguments, signals: &Signals) -> Result<Exit, Failure> {
    let Seen { shots, looked } =
        targets::look(global, &command.targets, command.live.as_deref(), true, signals).await?;
    let unread = targets::tell_unread(&shots);
    let Some(Looked { in_force, diagnostics, .. }) = looked else {
        return Err(Failure::new("there are no manifests"));
    };
    let strangers = strangers(&shots, &in_force.desired);
    let count: usize = strangers.values().map(Vec::len).sum();
    match command.output {
        Output::Text => {
            out::data(&text(&strangers));
            out::talk(&format!("{} with calling that no manifest names\n", many(count, "user")));
        }
        Output::Json => out::json(&as_json(&strangers, &shots)),
    }
    Ok(if unread > 0 || !diagnostics.is_empty() {
        Exit::Error
    } else if count > 0 {
        Exit::Changes
    } else {
        Exit::Done
    })
}

fn strangers<'s>(shots: &'s [Shot], desired: &Desired) -> Strangers<'s> {
    let mut strangers = Strangers::new();
    for shot in shots {
        let Ok(live) = &shot.live else { continue };
        let described = desired.tenants.values().find(|tenant| tenant.id == shot.tenant.id);
        let named =
            |user: &LiveUser| described.is_some_and(|tenant| tenant.users.contains_key(&user.upn));
        let stranger = |user: &&LiveUser| user.is_person_with_calling() && !named(user);
        let found: Vec<&LiveUser> = live.users.values().filter(stranger).collect();
        if !found.is_empty() {
            strangers.insert(shot.tenant.name.as_str(), found);
        }
    }
    strangers
}

fn number(user: &LiveUser) -> Option<String> {
    match user.phone() {
        LivePhone::Number(number) => Some(number.to_string()),
        LivePhone::Unread(read) => Some(format!("{:?} (not understood)", read.text())),
        LivePhone::Nothing | LivePhone::NotShown => None,
    }
}

fn text(strangers: &Strangers<'_>) -> String {
    let mut out = String::new();
    for (tenant, users) in strangers {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{tenant}");
        for user in users {
            let _ = writeln!(
                out,
                "{}",
                format!("  {:40} {}", line(&user.upn), line(number(user).unwrap_or_default()))
                    .trim_end()
            );
        }
    }
    out
}

fn as_json(strangers: &Strangers<'_>, shots: &[Shot]) -> serde_json::Value {
    let tenants = shots.iter().map(|shot| {
        let users = strangers.get(shot.tenant.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let users: Vec<_> = users.iter().map(|user| json!({ "user": user.upn.as_str(), "phoneNumber": number(user) })).collect();
        let unread = shot.live.as_ref().err().map(ToString::to_string);
        json!({ "tenant": shot.tenant.name.as_str(), "tenantId": shot.tenant.id.as_str(), "unread": unread, "users": users })
    });
    json!({ "version": 1, "kind": "ImportCheck", "tenants": tenants.collect::<Vec<_>>() })
}
