//! `man`: pages for `man`, made of the same words as the help.

use std::{fs, path::PathBuf};

use clap::{Args, Command};

use super::{
    exit::{Exit, Failure},
    out,
};
use crate::foreign::line;

/// For its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  dialplane man --out ~/.local/share/man/man1
  man dialplane-plan
";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder that they are written into; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes a page for the program and one for each command.
pub(super) fn man(program: Command, command: &Arguments) -> Result<Exit, Failure> {
    let folder = &command.out;
    let failed = |error| {
        Failure::new(format!("{}: {error}", folder.display()))
            .hint("name a folder that may be written, such as `~/.local/share/man/man1`")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(program, folder).map_err(failed)?;
    // Only such a folder is one in which `man` looks.
    let read = if folder.ends_with("man1") {
        "man dialplane".to_owned()
    } else {
        format!("man -l {}", folder.join("dialplane.1").display())
    };
    out::talk(&format!("the pages are in {}: `{}`\n", line(folder.display()), line(read)));
    Ok(Exit::Done)
}
