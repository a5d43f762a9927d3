//! What a doctor looks at in a database. Nothing is changed.

use std::time::{Duration, SystemTime};

use tokio_postgres::{Row, types::Type};

use super::{
    connect::{Dialer, Session},
    failure::PostgresFailure,
    load::value,
    schema,
};
use crate::{
    config::Postgres,
    journal::{Finding, OpenError},
    words::duration,
};

/// The first version that has all that is used and is still looked after.
const LEAST: i32 = 140_000;
/// How far clocks may be apart before it is told.
const APART: Duration = Duration::from_secs(5);

/// Looks at everything that the journal depends on.
pub(in crate::journal) async fn examine(settings: &Postgres) -> Vec<Finding> {
    let dialer = Dialer::new(settings, true);
    let session = match dialer.dial().await {
        Ok(session) => session,
        Err(failure) => return vec![failed(&failure.at("the database of the journal"))],
    };
    let mut findings = vec![encryption(&session)];
    match server(&session, &settings.schema).await {
        Ok(more) => findings.extend(more),
        Err(failure) => findings.push(failed(&failure.at(&session.shown()))),
    }
    match schema::open(&session, dialer.schema()).await {
        Ok(Some(about)) => findings.push(Finding::pass(format!(
            "{}, schema {}, format {}",
            session.shown(),
            settings.schema,
            about.version()
        ))),
        Ok(None) => findings.push(Finding::pass(format!(
            "{}, schema {}: no journal yet, the first command that writes begins one",
            session.shown(),
            settings.schema
        ))),
        Err(error) => findings.push(failed(&error)),
    }
    findings
}

fn failed(error: &OpenError) -> Finding {
    Finding::fail(error.to_string(), error.hint())
}

fn encryption(session: &Session) -> Finding {
    Finding::pass(if session.is_encrypted() {
        "TLS, with the server's chain and name verified"
    } else {
        "no TLS: the connection stays on this machine"
    })
}

async fn server(session: &Session, schema: &str) -> Result<Vec<Finding>, PostgresFailure> {
    let query = "SELECT current_setting('server_version_num')::int4, \
        current_setting('server_version'), \
        pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, \
        current_setting('synchronous_commit'), current_setting('fsync'), \
        current_setting('server_encoding'), clock_timestamp(), \
        CASE WHEN to_regnamespace($1) IS NULL \
        THEN has_database_privilege(current_database(), 'CREATE') \
        ELSE has_schema_privilege($1, 'USAGE') AND has_schema_privilege($1, 'CREATE') END";
    let before = SystemTime::now();
    let rows = session.ask((query, &[(&schema, Type::TEXT)])).await?;
    let after = SystemTime::now();
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let mut findings = settings(row, schema)?;
    findings.push(clocks(before, value(row, 6)?, after));
    Ok(findings)
}

fn settings(row: &Row, schema: &str) -> Result<Vec<Finding>, PostgresFailure> {
    let version: i32 = value(row, 0)?;
    let name: String = value(row, 1)?;
    let read_only: bool = value(row, 2)?;
    let commits: String = value(row, 3)?;
    let fsync: String = value(row, 4)?;
    let encoding: String = value(row, 5)?;
    let rights: Option<bool> = value(row, 7)?;
    let name = crate::foreign::line(name);
    let mut findings = Vec::new();
    findings.push(if version >= LEAST {
        Finding::pass(format!("PostgreSQL {name}"))
    } else {
        let hint = "use PostgreSQL 14 or newer";
        Finding::fail(format!("PostgreSQL {name} is too old"), hint)
    });
    if read_only {
        let hint =
            "name the primary in `state.postgres.url`; all servers may be named, with commas";
        findings.push(Finding::fail("the server is read-only", hint));
    }
    if commits == "off" {
        let hint = "set `synchronous_commit` to `on` for this user: ALTER ROLE ... SET \
            synchronous_commit = on";
        let what = "`synchronous_commit` is off: what is acknowledged can be lost in a crash";
        findings.push(Finding::fail(what, hint));
    }
    if fsync == "off" {
        let what = "`fsync` is off: the database can be lost in a crash of its machine";
        findings.push(Finding::warn(what, "set `fsync` to `on`"));
    }
    if encoding != "UTF8" {
        let what = format!("the database is encoded in {}", crate::foreign::line(encoding));
        findings.push(Finding::fail(what, "create a database with the encoding UTF8"));
    }
    if rights != Some(true) {
        let hint = "CREATE SCHEMA dialplane AUTHORIZATION \"USER\", or give the user the right to \
            create in the database";
        let what =
            format!("this user may not use the schema `{schema}`, or may not create tables in it");
        findings.push(Finding::fail(what, hint));
    }
    Ok(findings)
}

fn clocks(before: SystemTime, there: SystemTime, after: SystemTime) -> Finding {
    let behind = before.duration_since(there).unwrap_or_default();
    let ahead = there.duration_since(after).unwrap_or_default();
    let apart = behind.max(ahead);
    if apart <= APART {
        return Finding::pass("its clock agrees with that of this machine");
    }
    let which = if ahead > behind { "ahead of" } else { "behind" };
    let what = format!("its clock is {} {which} that of this machine", duration(apart));
    Finding::warn(what, "let both follow a time server; the database's time is what counts")
}
