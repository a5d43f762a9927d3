//! What is asked of a person who sets a folder up. Each answer is looked at before the next
//! question.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Arguments;
use crate::{
    cli::{ask, exit::Failure, signals::Signals},
    model::{TenantId, TenantName, TenantRef},
    words::system,
};

/// How somebody begins.
pub(super) enum StartingPoint {
    Demo,
    List(PathBuf),
    Graph,
    Account,
}

/// What the arguments say, or else the person at the terminal.
pub(super) async fn begin(
    command: &Arguments,
    signals: &Signals,
) -> Result<StartingPoint, Failure> {
    if let Some(list) = &command.ways.csv {
        return Ok(StartingPoint::List(list.clone()));
    }
    match (command.ways.demo, command.ways.graph, command.ways.account) {
        (true, ..) => return Ok(StartingPoint::Demo),
        (_, true, _) => return Ok(StartingPoint::Graph),
        (.., true) => return Ok(StartingPoint::Account),
        _ => {}
    }
    let hint = "`dialplane init --demo` shows a small fleet; --csv FILE, --graph and --account begin \
        with your own";
    if !ask::can_ask() {
        return Err(
            Failure::new("say how to begin: nobody is at a terminal to be asked").hint(hint)
        );
    }
    let way = ask::until_right(
        "How do you want to begin?\n  \
            1  a demonstration: five customers, nothing real\n  \
            2  a CSV list of users that the vendor's portal exported\n  \
            3  Microsoft Graph\n  \
            4  an account at the ConnecttoTeams service\n\
        Number: ",
        signals,
        |answer| match answer.parse() {
            Ok(number @ 1..=4) => Ok(number),
            _ => Err("a number from 1 to 4 is expected".to_owned()),
        },
    )
    .await?;
    Ok(match way {
        1 => StartingPoint::Demo,
        2 => StartingPoint::List(ask::until_right("File: ", signals, there).await?),
        3 => StartingPoint::Graph,
        _ => StartingPoint::Account,
    })
}

/// A file that is there.
fn there(answer: &str) -> Result<PathBuf, String> {
    match fs::metadata(answer) {
        Ok(found) if found.is_file() => Ok(answer.into()),
        Ok(_) => Err(format!("{answer} is not a file")),
        Err(error) => Err(format!("{answer}: {}", system(error))),
    }
}

/// Asks of which customer a list is. Its name is that of the file.
pub(super) async fn customer(list: &Path, signals: &Signals) -> Result<TenantRef, Failure> {
    let stem = list.file_stem().unwrap_or_default().to_string_lossy();
    let name = TenantName::parse(&stem);
    if !ask::can_ask() {
        let name = name.as_ref().map_or("NAME", TenantName::as_str);
        return Err(Failure::new("a list does not say of which customer it is").hint(format!(
            "name the customer: --tenant-id {name}=GUID, the GUID of its Microsoft tenant"
        )));
    }
    let name = name.map_err(|why| {
        Failure::new(format!("a list is known by the name of its file, and {why}"))
            .hint("call the file as the customer is to be called, such as contoso.csv")
    })?;
    let question = format!("GUID of the Microsoft tenant of {name}: ");
    let id = ask::until_right(&question, signals, TenantId::parse).await?;
    Ok(TenantRef::new(name, id))
}
