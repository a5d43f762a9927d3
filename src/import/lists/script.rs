//! The configuration that `Microsoft365DSC` exports: blocks of `TeamsOnlineVoiceUser` in a script.
//!
//! **Invariant:** nothing of the script is run. A value is a text in quotes; a variable in it counts
//! only where the script itself says, as a text, what it is.

use std::collections::BTreeMap;

use super::{
    columns::ListColumn,
    table::{ListRow, Table, places},
};

/// What begins a block that is read.
pub(super) const RESOURCE: &str = "TeamsOnlineVoiceUser";

/// A block.
struct Block {
    /// The line that it begins in.
    row: usize,
    /// Its values, or why one is not known.
    values: BTreeMap<String, Result<String, String>>,
}

/// The blocks as rows, each numbered by the line that it begins in, and the rows in which a variable
/// was replaced.
pub(super) fn read(text: &str, columns: &[ListColumn]) -> (Table, Vec<usize>) {
    let variables = variables(text);
    let mut replaced = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if !open {
            let is_one = line.split([' ', '\t', '"']).next() == Some(RESOURCE);
            if is_one {
                blocks.push(Block { row: at + 1, values: BTreeMap::new() });
                open = true;
            }
            continue;
        }
        if line.starts_with('}') {
            open = false;
        } else if let Some((key, value)) = line.split_once('=')
            && let Some(Block { row, values }) = blocks.last_mut()
        {
            // What is not read is gone with its line: it may be a secret.
            let is_read = columns.iter().any(|column| column.is_called(key));
            let value = if is_read { value } else { "" };
            let (value, is_replaced) = said(value, &variables);
            if is_replaced && !replaced.contains(row) {
                replaced.push(*row);
            }
            values.insert(key.trim().to_owned(), value);
        }
    }
    let mut headings: Vec<String> = Vec::new();
    for Block { values, .. } in &blocks {
        headings.extend(
            values.keys().filter(|key| !headings.contains(key)).cloned().collect::<Vec<_>>(),
        );
    }
    let mut table = Table::default();
    places(&headings, columns, &mut table);
    for Block { row: number, mut values } in blocks {
        let mut cell = |heading: &Option<String>| {
            let value = heading.as_ref().and_then(|heading| values.remove(heading));
            value.unwrap_or(Ok(String::new()))
        };
        let cells: Result<Vec<String>, String> = table.headings.iter().map(&mut cell).collect();
        table.rows.push(ListRow { number, cells });
    }
    (table, replaced)
}

/// What the script says of variables: `$OrganizationName = "contoso.com"`.
fn variables(text: &str) -> BTreeMap<&str, String> {
    let assigned = text.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix('$')?.split_once('=')?;
        let value = quoted(value)?;
        (!value.contains('$')).then_some((name.trim(), value))
    });
    assigned.collect()
}

/// The text between quotes.
fn quoted(value: &str) -> Option<String> {
    let value = value.trim().trim_end_matches(';').trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inside = value.strip_prefix(quote)?.strip_suffix(quote)?;
    let plain = inside.replace(&format!("{quote}{quote}"), &quote.to_string());
    Some(if quote == '"' { plain.replace('`', "") } else { plain })
}

/// The value of a key, or why it is not known; and whether a variable was replaced in it.
fn said(value: &str, variables: &BTreeMap<&str, String>) -> (Result<String, String>, bool) {
    // A number, `$True`, or a variable as a whole: a credential, for one.
    let Some(text) = quoted(value) else { return (Ok(String::new()), false) };
    let Some((before, after)) = text.split_once('$') else { return (Ok(text), false) };
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    match variables.get(name) {
        Some(known) if !rest.contains('$') => (Ok(format!("{before}{known}{rest}")), true),
        _ => (Err(format!("the variable `${name}` is not set in the file")), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_counts_only_where_the_script_says_what_it_is() {
        let known = variables("$Org = \"contoso.com\"\n$Other = $Config.Name\n");
        assert_eq!(said(" \"a@$Org\";", &known), (Ok("a@contoso.com".to_owned()), true));
        assert_eq!(said("'+1425';", &known), (Ok("+1425".to_owned()), false));
        assert_eq!(said("$Credential;", &known), (Ok(String::new()), false));
        assert!(said("\"a@$Other\"", &known).0.is_err());
        assert!(said("\"$Org$Org\"", &known).0.is_err());
    }
}
