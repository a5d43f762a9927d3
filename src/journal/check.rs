//! Whether a journal is whole, and what can be saved of one that is not.

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    OpenError,
    chain::Link,
    db,
    history::SqliteHistory,
    load::{self, LoadError},
    record,
    seal::SealedPart,
};
use crate::{
    ports::{JournalCheck, JournalExport},
    words::hex,
};

impl SqliteHistory {
    /// Reads all of it, and proves its pages, its seals and each link of its chain, and that it is
    /// the one that was last written.
    pub fn check(&self) -> Result<JournalCheck, OpenError> {
        let of = |error| OpenError::of(&self.path, &error);
        // The mark first: a writer updates it after the journal.
        let mark = self.mark();
        let db = self.db();
        let moment = db.unchecked_transaction().map_err(of)?;
        let mut problems =
            load::pages(&moment).unwrap_or_else(|error| vec![super::error::words(&error)]);
        for part in SealedPart::ALL {
            match part.is_whole(&moment) {
                Ok(true) => {}
                Ok(false) => problems.push(part.broken().to_owned()),
                Err(error) => problems.push(super::error::words(&error)),
            }
        }
        problems.extend(load::add_up(&moment).err().map(|bad| why(&bad)));
        let anchor = db::anchor(&moment).map_err(of)?;
        let mut head = anchor;
        let mut first = None;
        let mut last = None;
        let walked = load::walk(&moment, &mut head, None, |link, line| {
            let entry = load::parse(line, link.sequence)?;
            first.get_or_insert(entry.at);
            last = Some(entry.at);
            Ok(())
        });
        problems.extend(walked.err().map(|bad| why(&bad)));
        match mark {
            Ok(Some(mark)) if problems.is_empty() => {
                problems.extend(mark.differs_from(&moment, head).map_err(of)?);
            }
            Ok(_) => {}
            Err(error) => problems.push(error.to_string()),
        }
        problems.dedup();
        let entries = head.sequence - anchor.sequence;
        Ok(JournalCheck { entries, first, last, head: hex(&head.hash), problems })
    }

    /// Hands out every entry that can be read, as a line of JSON, in order; and where its place is,
    /// what the entries before it added up to, if some of them are no longer kept. A journal is
    /// made again from these lines.
    pub fn export(&self, mut each: impl FnMut(&str)) -> JournalExport {
        let mut problems = Vec::new();
        let anchored = db::anchor(&self.db()).ok().is_none_or(|anchor| anchor != Link::default());
        let mut fold = if anchored { self.fold_line(&mut problems) } else { None };
        let (mut lines, broke) = self.lines(0, false);
        if let Some(error) = broke {
            // From the other end, as far as it goes.
            let from = lines.last().map_or(0, |(sequence, _)| *sequence);
            let (mut rest, _) = self.lines(from, true);
            rest.reverse();
            let until = rest
                .first()
                .map_or_else(|| "the last".to_owned(), |(sequence, _)| (sequence - 1).to_string());
            problems.push(format!("entries {} to {until} cannot be read: {error}", from + 1));
            lines.append(&mut rest);
        }
        let mut entries = 0;
        for (sequence, line) in lines {
            if let Some((_, text)) = fold.take_if(|(at, _)| *at < sequence) {
                each(&text);
            }
            match record::read(&line) {
                Ok(_) => {
                    each(&line);
                    entries += 1;
                }
                Err(_) => {
                    problems
                        .push(format!("entry {sequence} is not an entry any more and is left out"));
                }
            }
        }
        if let Some((_, text)) = fold {
            each(&text);
        }
        JournalExport { entries, problems }
    }

    /// Entries behind `from`, upwards or from the end down, as far as they can be read.
    fn lines(&self, from: i64, down: bool) -> (Vec<(i64, String)>, Option<String>) {
        let mut lines = Vec::new();
        let read = read_lines(&self.db(), from, down, &mut lines);
        (lines, read.err().map(|error| super::error::words(&error)))
    }

    fn fold_line(&self, problems: &mut Vec<String>) -> Option<(i64, String)> {
        let row = self.db().query_row("SELECT sequence, state FROM fold", [], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?))
        });
        match row.optional() {
            Ok(row) => {
                row.map(|(sequence, state)| (sequence, format!("{{\"v\":1,\"fold\":{state}}}")))
            }
            Err(error) => {
                let words = super::error::words(&error);
                problems.push(format!(
                    "what the entries that are gone added up to cannot be read: {words}; debts of \
                        theirs are lost"
                ));
                None
            }
        }
    }
}

fn why(bad: &LoadError) -> String {
    match bad {
        LoadError::Sql(error) => super::error::words(error),
        LoadError::Newer(version, known) => {
            format!("an entry is of a newer format ({version}; this one knows {known})")
        }
        LoadError::Damaged(reason) => reason.clone(),
    }
}

/// Adds entries behind `from` to the lines, upwards or from the end down.
fn read_lines(
    db: &Connection,
    from: i64,
    down: bool,
    lines: &mut Vec<(i64, String)>,
) -> rusqlite::Result<()> {
    let order = if down { "DESC" } else { "ASC" };
    let query =
        format!("SELECT sequence, line FROM entries WHERE sequence > ?1 ORDER BY sequence {order}");
    let mut statement = db.prepare(&query)?;
    let mut rows = statement.query([from])?;
    while let Some(row) = rows.next()? {
        lines.push((row.get(0)?, row.get(1)?));
    }
    Ok(())
}
