//! Customers as text.

use std::fmt::Write as _;

use super::row::CustomerRow;
use crate::{foreign::line, style::FAINT, words::many};

/// A column: its heading, and what it shows of a customer.
type CustomerColumn = (&'static str, fn(&CustomerRow<'_>) -> String);

/// A line for each customer, and why some could not be asked about.
pub(super) fn table(rows: &[CustomerRow<'_>], accounts: bool) -> String {
    let counted =
        |row: &CustomerRow<'_>| matches!(&row.found, Some(Ok(found)) if found.users.is_some());
    let mut columns: Vec<CustomerColumn> = vec![
        ("name", |row| row.listed.title()),
        ("tenant", |row| row.id()),
        ("consent", |row| row.consent().to_owned()),
    ];
    if rows.iter().any(counted) {
        columns.push(("users", |row| row.users()));
    }
    columns.push(("manifest", |row| row.manifest()));
    if accounts {
        columns.push(("account", |row| row.account()));
    }
    let mut table: Vec<Vec<String>> =
        vec![columns.iter().map(|(heading, _)| (*heading).to_owned()).collect()];
    table.extend(rows.iter().map(|row| columns.iter().map(|(_, cell)| cell(row)).collect()));
    let mut out = aligned(&table);
    for row in rows {
        let Some(Err(fault)) = &row.found else { continue };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}: {}", row.listed.title(), line(fault));
        if let Some(hint) = &fault.hint {
            let _ = writeln!(out, "  {FAINT}hint: {}{FAINT:#}", line(hint));
        }
    }
    out
}

/// Lines whose columns are aligned.
fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = table.iter().filter_map(|cells| cells.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..table.first().map_or(0, Vec::len)).map(width).collect();
    let mut out = String::new();
    for (number, cells) in table.iter().enumerate() {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        // Writing to a string cannot fail.
        let _ = match number {
            0 => writeln!(out, "{FAINT}{line}{FAINT:#}"),
            _ => writeln!(out, "{line}"),
        };
    }
    out
}

/// What `import --tenants` takes.
pub(super) fn ids(rows: &[CustomerRow<'_>]) -> String {
    let id = |row: &CustomerRow<'_>| {
        let id = row.listed.customer.tenant.as_ref()?;
        Some(format!("{id} # {}\n", row.listed.title()))
    };
    rows.iter().filter_map(id).collect()
}

/// How many of each kind.
pub(super) fn summary(rows: &[CustomerRow<'_>]) -> String {
    let count = |of: &dyn Fn(&CustomerRow<'_>) -> bool| rows.iter().filter(|row| of(row)).count();
    let mut parts = vec![many(rows.len(), "customer")];
    for (found, what) in [
        (count(&|row| row.manifest.is_some()), "described by a manifest"),
        (count(&|row| row.tenant.is_none()), "not registered"),
        (count(&|row| row.lacks_consent()), "without consent"),
    ] {
        if found > 0 {
            parts.push(format!("{found} {what}"));
        }
    }
    format!("{}\n", parts.join(", "))
}
