//! A list as rows: CSV with commas, semicolons or tabs, or JSON.
//!
//! **Invariant:** of a row only the cells of columns that are read are kept. What else it holds,
//! passwords among it, is gone when the next one is read.

use csv::{ReaderBuilder, StringRecord};
use serde_json::Value as Json;

use super::columns::{ListColumn, bare, is_secret};

/// What is between cells, tried in this order.
const SEPARATORS: [u8; 3] = *b",;\t";

/// What is read of a list.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The heading of each column that is read, where it is there.
    pub(super) headings: Vec<Option<String>>,
    pub(super) rows: Vec<ListRow>,
    /// Headings of columns with secrets.
    pub(super) secrets: Vec<String>,
    /// Headings of other columns that are not read.
    pub(super) unused: Vec<String>,
    /// Headings that are read and are there twice.
    pub(super) twice: Vec<String>,
}

/// A row, or why it cannot be read.
#[derive(Debug)]
pub(super) struct ListRow {
    /// As a sheet shows it.
    pub(super) number: usize,
    /// The cell of each column that is read.
    pub(super) cells: Result<Vec<String>, String>,
}

/// Reads a list. `None` if it has none of the headings.
pub(super) fn read(text: &str, columns: &[ListColumn]) -> Result<Table, String> {
    if text.trim_start().starts_with(['[', '{']) {
        return of_json(text, columns);
    }
    let (above, body) = without_first_lines(text);
    let tables = SEPARATORS.into_iter().map(|separator| of_csv(body, above, separator, columns));
    let best = tables.max_by_key(|table| table.headings.iter().flatten().count());
    Ok(best.unwrap_or_default())
}

/// What programs write above the headings: Excel the separator, PowerShell a type.
fn without_first_lines(text: &str) -> (usize, &str) {
    let is_above = |line: &str| line.starts_with("sep=") || line.starts_with("#TYPE ");
    let mut above = 0;
    let mut body = text;
    while let Some((_, rest)) = body.split_once('\n').filter(|(line, _)| is_above(line)) {
        above += 1;
        body = rest;
    }
    (above, body)
}

/// Where each column that is read is among the headings.
pub(super) fn places(
    headings: &[String],
    columns: &[ListColumn],
    table: &mut Table,
) -> Vec<Option<usize>> {
    let bare_headings: Vec<String> = headings.iter().map(|heading| bare(heading)).collect();
    let at = |wanted: &&str| bare_headings.iter().position(|heading| *heading == bare(wanted));
    let place = |column: &ListColumn| column.headings.iter().find_map(at);
    let places: Vec<Option<usize>> = columns.iter().map(place).collect();
    table.headings = places.iter().map(|at| at.and_then(|at| headings.get(at)).cloned()).collect();
    for (at, heading) in headings.iter().enumerate() {
        let is_read = places.contains(&Some(at));
        if is_read && bare_headings.iter().filter(|other| **other == bare(heading)).count() > 1 {
            table.twice.push(heading.clone());
        } else if is_secret(heading) {
            table.secrets.push(heading.clone());
        } else if !is_read && !heading.is_empty() {
            table.unused.push(heading.clone());
        }
    }
    places
}

fn of_csv(body: &str, above: usize, separator: u8, columns: &[ListColumn]) -> Table {
    let mut table = Table::default();
    let mut reader =
        ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(body.as_bytes());
    let Ok(headings) = reader.headers() else { return table };
    let headings: Vec<String> = headings.iter().map(|heading| heading.trim().to_owned()).collect();
    let places = places(&headings, columns, &mut table);
    if table.headings.iter().all(Option::is_none) {
        return table;
    }
    let mut row = StringRecord::new();
    // Behind the headings, from 1.
    let mut number = above + 1;
    loop {
        number += 1;
        let cells = match reader.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) if row.iter().all(|cell| cell.trim().is_empty()) => continue,
            Ok(true) if row.len() != headings.len() => {
                Err(format!("{} cells under {} headings", row.len(), headings.len()))
            }
            Ok(true) => Ok(places
                .iter()
                .map(|at| at.and_then(|at| row.get(at)).unwrap_or_default().trim().to_owned())
                .collect()),
            Err(_) => Err("it is not text".to_owned()),
        };
        table.rows.push(ListRow { number, cells });
    }
    table
}

fn of_json(text: &str, columns: &[ListColumn]) -> Result<Table, String> {
    let mut table = Table::default();
    // The place in a text says nothing of what is there.
    let wrong = |error: serde_json::Error| {
        format!("it is not JSON, in line {} column {}", error.line(), error.column())
    };
    let rows = match serde_json::from_str(text).map_err(wrong)? {
        Json::Array(rows) => rows,
        // A page of Microsoft Graph.
        Json::Object(mut page) if page.get("value").is_some_and(Json::is_array) => {
            if page.contains_key("@odata.nextLink") {
                return Err("it is one page of several (`@odata.nextLink`)".to_owned());
            }
            match page.remove("value") {
                Some(Json::Array(rows)) => rows,
                _ => Vec::new(),
            }
        }
        row => vec![row],
    };
    let mut headings: Vec<String> = Vec::new();
    for row in rows.iter().filter_map(Json::as_object) {
        headings
            .extend(row.keys().filter(|key| !headings.contains(key)).cloned().collect::<Vec<_>>());
    }
    places(&headings, columns, &mut table);
    for (at, row) in rows.iter().enumerate() {
        let cells = row.as_object().ok_or_else(|| "it is not an object".to_owned()).map(|row| {
            let cell = |heading: &Option<String>| {
                heading.as_ref().and_then(|heading| row.get(heading)).map(said).unwrap_or_default()
            };
            table.headings.iter().map(cell).collect()
        });
        table.rows.push(ListRow { number: at + 1, cells });
    }
    Ok(table)
}

/// A value as a sheet would show it.
fn said(value: &Json) -> String {
    match value {
        Json::String(text) => text.trim().to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}
