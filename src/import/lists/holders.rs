//! A list of numbers and who holds them: alone, or as a second proof beside a list of users.
//!
//! **Invariant:** a holder that the list calls by an id is a user only where a list of users says whose
//! id that is; where two lists disagree about a number, neither is believed.

use std::collections::BTreeMap;

use super::{
    ListRefusal, NAMED, Report, Rows,
    columns::ColumnMeaning,
    is_guid,
    number::{self, NumberCell},
    refused, shown,
};
use crate::{
    model::{
        Calling, Field, HeldNumber, LiveCalling, LivePhone, LiveTenant, LiveUser, ObservedValue,
        PhoneNumber, UnreadableValue, Upn, Value,
    },
    words::{clauses, many},
};

/// As many rows as the cmdlet gives unless it is told otherwise.
const USUAL: usize = 500;

/// The users of a list, by the id of each.
pub type UpnById = BTreeMap<String, Upn>;

/// What a row says of a number.
struct ListedNumber {
    row: usize,
    number: PhoneNumber,
    /// Who, as the list calls the holder.
    target: String,
    /// As what, where it is no user, or not the number that a user calls with.
    aside: Option<String>,
}

pub(super) fn read(mut rows: Rows<'_>) -> Result<(LiveTenant, Report), ListRefusal> {
    let mut held: Vec<ListedNumber> = Vec::new();
    let mut free = 0;
    for row in &rows.table.rows {
        match &row.cells {
            Err(why) => rows.odd(row.number, why),
            Ok(cells) if rows.cell(cells, ColumnMeaning::User).is_none_or(str::is_empty) => {
                free += 1;
            }
            Ok(cells) => held.extend(of_row(&mut rows, row.number, cells)),
        }
    }
    if !rows.damaged.is_empty() {
        let cells = clauses(NAMED, &rows.damaged, "cell");
        return Err(refused(
            format!("a spreadsheet has damaged these numbers: {cells}"),
            "export the list again and do not save it with a spreadsheet",
        ));
    }
    if free > 0 {
        let what = format!("{} without a holder", many(free, "number"));
        rows.report.findings.push((0, what));
    }
    if rows.table.rows.len() == USUAL {
        let what = "the list has exactly 500 rows, as many as the cmdlet gives unless it is told \
            more (`-Top 100000`): it may be cut short";
        rows.odd.push(what.to_owned());
        rows.report.findings.push((0, what.to_owned()));
    }
    gather(rows, held)
}

/// Nothing if the number is not understood, which is told.
fn of_row(rows: &mut Rows<'_>, row: usize, cells: &[String]) -> Option<ListedNumber> {
    let cell = rows.cell(cells, ColumnMeaning::Number).unwrap_or_default().to_owned();
    let target = rows.cell(cells, ColumnMeaning::User).unwrap_or_default().to_owned();
    let number = match number::read(&cell, rows.how(cells)) {
        NumberCell::Number(number, repair) => {
            if let Some(repair) = repair {
                rows.report.repaired(repair, row);
            }
            number
        }
        NumberCell::Damaged => {
            let heading = rows.heading(ColumnMeaning::Number).to_owned();
            rows.damaged.push(format!("row {row}, column `{heading}`: {}", shown(&cell)));
            return None;
        }
        NumberCell::Nothing | NumberCell::Unread => {
            let cell = shown(&cell);
            let advice = super::advice(cell, rows.how(cells));
            rows.odd(row, &format!("its number is not understood: {cell} ({advice})"));
            return None;
        }
    };
    let says = |what| rows.cell(cells, what).filter(|cell| !cell.is_empty()).map(str::to_owned);
    let is = |cell: &str, known: &[&str]| known.iter().any(|it| cell.eq_ignore_ascii_case(it));
    let holder =
        says(ColumnMeaning::Holder).filter(|it| !is(it, &["UserAssigned", "User", "Assigned"]));
    let category = says(ColumnMeaning::Category).filter(|it| !is(it, &["Primary"]));
    if let Some(state) = says(ColumnMeaning::State).filter(|it| !is(it, &["Activated"])) {
        let what = format!("{number} of {target} is {state:?}: it may not work yet");
        rows.report.findings.push((row, what));
    }
    Some(ListedNumber { row, number, target, aside: holder.or(category) })
}

/// Users with their numbers; numbers of others beside them.
fn gather(
    mut rows: Rows<'_>,
    held: Vec<ListedNumber>,
) -> Result<(LiveTenant, Report), ListRefusal> {
    let mut users: BTreeMap<Upn, LiveUser> = BTreeMap::new();
    let mut others: Vec<HeldNumber> = Vec::new();
    let calling = match rows.asked.calling {
        Some(Calling::Enabled) => LiveCalling::Enabled,
        Some(Calling::Disabled) => LiveCalling::Disabled,
        None => LiveCalling::Unclear(String::new()),
    };
    for ListedNumber { row, number, target, aside } in held {
        let upn = match rows.asked.named {
            Some(named) if is_guid(&target) => named.get(&target.to_lowercase()).cloned(),
            _ => Upn::parse(&target).ok(),
        };
        let (Some(upn), None) = (upn, &aside) else {
            if aside.is_none() {
                let what = format!(
                    "{number} belongs to {target}, and who that is is not told: give the list of users \
                        too, `--from teams-users FILE`"
                );
                rows.report.findings.push((row, what));
            }
            let held_as = aside.unwrap_or_else(|| "somebody whose name is not told".to_owned());
            let number = Ok(number);
            others.push(HeldNumber { holder: target.into(), held_as: held_as.into(), number });
            continue;
        };
        match users.get_mut(&upn) {
            None => {
                let details = [(Field::PhoneNumber, ObservedValue::Set(Value::Phone(number)))];
                let details = details.into_iter().collect();
                let calling = calling.clone();
                users.insert(upn.clone(), LiveUser { upn, id: None, calling, details });
            }
            Some(user) => {
                let what =
                    format!("{upn} holds {number} as well, and which one counts is not told");
                rows.report.findings.push((row, what));
                let unread = UnreadableValue::new(number.normal(), "among several numbers");
                user.details.insert(Field::PhoneNumber, ObservedValue::Unreadable(unread));
                let held_as = "a second number".into();
                let holder = upn.as_str().into();
                others.push(HeldNumber { holder, held_as, number: Ok(number) });
            }
        }
    }
    if users.is_empty() && rows.asked.named.is_none() {
        return Err(refused(
            "the list names no users: holders have ids there",
            "give the list of users as well, as `--from teams-users FILE` before it; its column \
                Identity says whose they are",
        ));
    }
    rows.report.users = users.len();
    let mut live = rows.tenant(users);
    live.beside.numbers = others;
    Ok((live, rows.report))
}

/// Holds a list of users against a list of numbers. What differs is believed of neither list, and
/// told; numbers that others hold stand beside the users.
pub fn join(live: &mut LiveTenant, numbers: LiveTenant, report: &mut Report) {
    for user in live.users.values_mut() {
        let other = numbers.users.get(&user.upn);
        let other = other.map_or(LivePhone::Nothing, LiveUser::phone);
        let is_unread = |phone| matches!(phone, LivePhone::Unread(_));
        if is_unread(user.phone()) || is_unread(other) {
            continue;
        }
        let told = |phone| match phone {
            LivePhone::Number(number) => number.normal().to_owned(),
            LivePhone::Nothing | LivePhone::Unread(_) | LivePhone::NotShown => "none".to_owned(),
        };
        let here = told(user.phone());
        let there = told(other);
        if here == there {
            continue;
        }
        let what = format!(
            "{} has {here} in the list of users and {there} in the list of numbers: neither is taken",
            user.upn,
        );
        report.findings.push((0, what));
        let unread = UnreadableValue::new(there, "the two lists disagree");
        user.details.insert(Field::PhoneNumber, ObservedValue::Unreadable(unread));
    }
    for other in numbers.users.values().filter(|other| !live.users.contains_key(&other.upn)) {
        let what = format!("{} holds a number and is not in the list of users", other.upn);
        report.findings.push((0, what));
    }
    live.beside.numbers.extend(numbers.beside.numbers);
}
