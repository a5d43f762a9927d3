//! A saved plan in words, from the file alone.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::{
    foreign::line,
    style::{BOLD, FAINT, YELLOW},
    words::many,
};

/// A saved plan, for people. Nothing in it is believed: it is shown as text.
pub(super) fn text(plan: &Value) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, plan);
    out
}

fn write(out: &mut String, plan: &Value) -> fmt::Result {
    let mut steps = 0;
    for tenant in array(plan, "tenants") {
        let of_tenant = array(tenant, "steps");
        let holds = array(tenant, "holds");
        if of_tenant.is_empty() && holds.is_empty() {
            continue;
        }
        let (name, mode, id) =
            (word(tenant, "tenant"), word(tenant, "mode"), word(tenant, "tenantId"));
        writeln!(out, "{BOLD}{name}{BOLD:#}  {FAINT}{mode}  {id}{FAINT:#}")?;
        write_holds(out, "  ", holds)?;
        for step in of_tenant {
            write_step(out, step)?;
            steps += usize::from(step["runs"] == true);
        }
        writeln!(out, "  {:8} {}\n", "sync", word(tenant, "sync"))?;
    }
    writeln!(out, "{BOLD}saved:{BOLD:#} {} that may run", many(steps, "step"))?;
    match word(plan, "fingerprint") {
        fingerprint if fingerprint.is_empty() => Ok(()),
        fingerprint => writeln!(out, "{FAINT}plan {fingerprint}{FAINT:#}"),
    }
}

fn write_step(out: &mut String, step: &Value) -> fmt::Result {
    let (action, user) = (word(step, "action"), word(step, "user"));
    writeln!(out, "  {action:8} {user:40} {FAINT}{}{FAINT:#}", word(step, "origin"))?;
    for change in array(step, "changes") {
        let (field, live) = (word(change, "field"), word(change, "live"));
        writeln!(out, "      - {field}: {live}\n      + {field}: {}", word(change, "desired"))?;
    }
    write_holds(out, "      ", array(step, "holds"))
}

fn write_holds(out: &mut String, indent: &str, holds: &[Value]) -> fmt::Result {
    for hold in holds {
        let (reason, code) = (word(hold, "reason"), word(hold, "code"));
        writeln!(out, "{indent}{YELLOW}held:{YELLOW:#} {reason} {FAINT}[{code}]{FAINT:#}")?;
    }
    Ok(())
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value, key: &str) -> String {
    line(value[key].as_str().unwrap_or_default())
}
