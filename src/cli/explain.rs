//! `explain`: what a code means that plans and reports show. Nothing is read and nothing is asked.

use std::fmt::{self, Write as _};

use clap::{
    Arg, Args, Command,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
    error::Error,
};

use super::{
    args::{Global, Output},
    exit::{Exit, Failure},
    out, pager,
};
use crate::{
    plan::codes::{CodeSubject, Explanation, all, capital},
    style::{BOLD, CYAN, FAINT},
    words::{list, meant},
};

/// The width of the text.
const WIDTH: usize = 80;
/// Where the meaning begins in the list.
const MEANS: usize = 26;
/// How unlike a code may be that is suggested.
const NEAR: usize = 5;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The code, such as `not-visible`; without it, all codes are listed
    #[arg(value_parser = CodeParser, hide_possible_values = true)]
    code: Option<String>,
    /// How it is shown
    #[arg(short, long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,
}

/// Takes any text, and names the codes for completions.
#[derive(Debug, Clone)]
struct CodeParser;

impl TypedValueParser for CodeParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |it: Explanation| PossibleValue::new(it.code).help(it.text.means);
        Some(Box::new(all().into_iter().map(value)))
    }
}

/// Explains one code, or lists all.
pub(super) fn explain(global: &Global, command: &Arguments) -> Result<Exit, Failure> {
    let all = all();
    let Some(code) = command.code.as_deref() else {
        match command.output {
            Output::Text => pager::show_unless(global.no_pager, &all_codes(&all)),
            Output::Json => {
                let codes: Vec<_> = all.iter().map(as_json).collect();
                out::json(&serde_json::json!({ "version": 1, "kind": "Codes", "codes": codes }));
            }
        }
        return Ok(Exit::Done);
    };
    let asked = bare(code);
    let explanation =
        all.iter().find(|it| it.code == asked).ok_or_else(|| unknown(&asked, &all))?;
    match command.output {
        Output::Text => pager::show_unless(global.no_pager, &one(explanation)),
        Output::Json => out::json(&as_json(explanation)),
    }
    Ok(Exit::Done)
}

/// A code as people copy it: in brackets, with capitals.
fn bare(code: &str) -> String {
    code.trim().trim_start_matches('[').trim_end_matches(']').to_lowercase()
}

fn unknown(code: &str, all: &[Explanation]) -> Failure {
    // Of a short word half is somebody else's.
    let slips = NEAR.min(code.chars().count() / 2);
    let meant = meant(code, all.iter().map(|it| it.code), slips);
    Failure::new(format!("there is no code `{}`", crate::foreign::line(code)))
        .hint(format!("{meant}`dialplane explain` lists all codes"))
}

fn as_json(it: &Explanation) -> serde_json::Value {
    serde_json::json!({
        "code": it.code,
        "about": it.about.name(),
        "means": it.text.means,
        "arises": it.text.arises,
        "remedy": it.text.remedy,
        "example": it.text.example,
        "gate": it.rule.and_then(|rule| rule.gate),
        "liftedBy": it.rule.map(|rule| rule.lifted_by.words()),
        "settings": it.settings,
    })
}

fn all_codes(all: &[Explanation]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_list(&mut out, all);
    out
}

fn write_list(out: &mut String, all: &[Explanation]) -> fmt::Result {
    for about in CodeSubject::ALL {
        writeln!(out, "{BOLD}{}{BOLD:#}  {FAINT}{}{FAINT:#}", about.title(), about.words())?;
        for it in all.iter().filter(|it| it.about == *about) {
            let mut lines = wrapped(it.text.means, WIDTH - MEANS).into_iter();
            let first = lines.next().unwrap_or_default();
            writeln!(out, "  {CYAN}{:width$}{CYAN:#}{first}", it.code, width = MEANS - 2)?;
            for line in lines {
                writeln!(out, "{:MEANS$}{line}", "")?;
            }
        }
        out.push('\n');
    }
    writeln!(
        out,
        "{FAINT}`dialplane explain CODE` says how one comes about and what to do{FAINT:#}"
    )
}

fn one(it: &Explanation) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_one(&mut out, it);
    out
}

fn write_one(out: &mut String, it: &Explanation) -> fmt::Result {
    let text = it.text;
    writeln!(out, "{BOLD}{}{BOLD:#}  {FAINT}{}{FAINT:#}", it.code, it.about.name())?;
    write_part(out, "", &format!("{}.", capital(text.means)))?;
    write_part(out, "How it comes about", text.arises)?;
    write_part(out, "What to do", text.remedy)?;
    if let Some(rule) = it.rule {
        write_part(out, "Lifted by", rule.lifted_by.words())?;
        if let Some(gate) = rule.gate {
            write_part(out, "Gate of approvals", &gate.to_string())?;
        }
    }
    if !it.settings.is_empty() {
        let settings = it.settings.iter().map(|setting| format!("`{setting}`"));
        write_part(out, "Settings and manifest keys", &list(settings))?;
    }
    write_part(out, "Example", text.example)
}

fn write_part(out: &mut String, title: &str, text: &str) -> fmt::Result {
    if !title.is_empty() {
        writeln!(out, "\n{FAINT}{title}{FAINT:#}")?;
    }
    for line in wrapped(text, WIDTH - 2) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
