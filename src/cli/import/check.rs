//! `import --check`: users with calling that no manifest names.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;

use super::Arguments;
use crate::{
    cli::{
        args::{Global, Output},
        exit::{Exit, Failure},
        manifests::FoundManifests,
        out,
        signals::Signals,
        targets::{self, LiveTargets},
    },
    foreign::line,
    model::{Desired, LivePhone, LiveUser},
    snapshot::TenantSnapshot,
    words::many,
};

/// Users with calling that no manifest names, by tenant.
type UnmanagedUsers<'s> = BTreeMap<&'s str, Vec<&'s LiveUser>>;

pub(super) async fn check(
    global: &Global,
    command: &Arguments,
    signals: &Signals,
) -> Result<Exit, Failure> {
    let LiveTargets { shots, looked } =
        targets::look(global, &command.targets, command.live.as_deref(), true, signals).await?;
    let unread = targets::tell_unread(&shots);
    let Some(FoundManifests { in_force, diagnostics, .. }) = looked else {
        return Err(Failure::new("there are no manifests"));
    };
    let strangers = strangers(&shots, &in_force.desired);
    let count: usize = strangers.values().map(Vec::len).sum();
    match command.output {
        Output::Text => {
            out::data(&text(&strangers));
            out::talk(&format!("{} with calling that no manifest names\n", many(count, "user")));
        }
        Output::Json => out::json(&as_json(&strangers, &shots)),
    }
    Ok(if unread > 0 || !diagnostics.is_empty() {
        Exit::Error
    } else if count > 0 {
        Exit::Changes
    } else {
        Exit::Done
    })
}

fn strangers<'s>(shots: &'s [TenantSnapshot], desired: &Desired) -> UnmanagedUsers<'s> {
    let mut strangers = UnmanagedUsers::new();
    for shot in shots {
        let Ok(live) = &shot.live else { continue };
        let described = desired.tenants.values().find(|tenant| tenant.id == shot.tenant.id);
        let named =
            |user: &LiveUser| described.is_some_and(|tenant| tenant.users.contains_key(&user.upn));
        let stranger = |user: &&LiveUser| user.is_person_with_calling() && !named(user);
        let found: Vec<&LiveUser> = live.users.values().filter(stranger).collect();
        if !found.is_empty() {
            strangers.insert(shot.tenant.name.as_str(), found);
        }
    }
    strangers
}

fn number(user: &LiveUser) -> Option<String> {
    match user.phone() {
        LivePhone::Number(number) => Some(number.to_string()),
        LivePhone::Unread(read) => Some(format!("{:?} (not understood)", read.text())),
        LivePhone::Nothing | LivePhone::NotShown => None,
    }
}

fn text(strangers: &UnmanagedUsers<'_>) -> String {
    let mut out = String::new();
    for (tenant, users) in strangers {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{tenant}");
        for user in users {
            let _ = writeln!(
                out,
                "{}",
                format!("  {:40} {}", line(&user.upn), line(number(user).unwrap_or_default()))
                    .trim_end()
            );
        }
    }
    out
}

fn as_json(strangers: &UnmanagedUsers<'_>, shots: &[TenantSnapshot]) -> serde_json::Value {
    let tenants = shots.iter().map(|shot| {
        let users = strangers.get(shot.tenant.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let users: Vec<_> = users.iter().map(|user| json!({ "user": user.upn.as_str(), "phoneNumber": number(user) })).collect();
        let unread = shot.live.as_ref().err().map(ToString::to_string);
        json!({ "tenant": shot.tenant.name.as_str(), "tenantId": shot.tenant.id.as_str(), "unread": unread, "users": users })
    });
    json!({ "version": 1, "kind": "ImportCheck", "tenants": tenants.collect::<Vec<_>>() })
}
