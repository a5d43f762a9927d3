//! `observe`: live state into a snapshot.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    args::Global,
    exit::{Exit, Failure},
    out, private,
    signals::Signals,
    targets::{self, Targets},
};
use crate::{
    foreign::{json, line},
    snapshot::Snapshot,
    words::many,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// Where the snapshot goes [default: stdout]. It holds names and numbers of people: only its
    /// owner may read the file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Looks and keeps what was seen. Tenants that could not be read are kept as such.
pub(super) async fn observe(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    if let Some(path) = &command.out {
        check_writable(path)?;
    }
    let seen = targets::look(global, &command.targets, None, false, signals).await?;
    let unread = targets::tell_unread(&seen.shots);
    if unread == seen.shots.len() {
        return Err(Failure::new("no tenant could be read")
            .hint("nothing was written; correct what is told above, and run it again"));
    }
    let users: usize = seen
        .shots
        .iter()
        .filter_map(|shot| shot.live.as_ref().ok())
        .map(|live| live.users.len())
        .sum();
    let read = seen.shots.len() - unread;
    let mut snapshot = Snapshot::default();
    seen.shots.into_iter().for_each(|shot| snapshot.add(shot));
    match &command.out {
        Some(path) => {
            private::write(path, &json(&snapshot.json()))
                .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            let what = format!("{} with {}", many(read, "tenant"), many(users, "user"));
            out::talk(&format!("{what}: dialplane plan --live {}\n", line(path.display())));
        }
        None => out::raw(&json(&snapshot.json())),
    }
    let right = seen.looked.is_none_or(|looked| looked.diagnostics.is_empty());
    Ok(match (right, unread) {
        (false, _) => Exit::Error,
        (true, 0) => Exit::Done,
        (true, _) => Exit::Partly,
    })
}

/// A snapshot may be overwritten; a file of another kind may not.
fn check_writable(path: &Path) -> Result<(), Failure> {
    let refuse =
        |what: &str| Failure::new(format!("{} {what}", path.display())).hint("name another file");
    match fs::metadata(path) {
        Err(_) => Ok(()),
        Ok(metadata) if !metadata.is_file() => Err(refuse("is not a file")),
        Ok(_) => {
            let mut head = [0; 128];
            let length =
                fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
            let head = String::from_utf8_lossy(head.get(..length).unwrap_or_default()).into_owned();
            let ours = head.contains("\"kind\": \"Snapshot\"");
            if ours { Ok(()) } else { Err(refuse("exists and is not a snapshot")) }
        }
    }
}
