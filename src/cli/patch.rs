//! `undo --patch`: the edit of the manifests that makes an undo last, as a patch for `git apply`.
//!
//! **Invariant:** the patched manifests are read again, and want what the undo wants and nothing
//! else; otherwise there is no patch. What is not in it is named, for a person to edit.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;

use super::{
    exit::{Exit, Failure},
    manifests::FoundManifests,
    out,
    patches::Patches,
};
use crate::{
    foreign::line,
    manifest::{self, Edit, ManifestFile},
    model::{Calling, Desired, DesiredTenant, DesiredUser, Field, TenantName, Upn, Value},
    plan::{Action, Plan, Step},
    words::many,
};

/// What one user is to be, beyond what the manifests say.
pub(super) struct UserPatch<'p> {
    pub(super) tenant: &'p TenantName,
    pub(super) user: &'p Upn,
    pub(super) edits: Vec<Edit>,
}

/// Prints the patch, or writes one for each repository `into` a folder; the exit code says whether something is left for a person to edit.
pub(super) fn print(
    plan: &Plan,
    looked: &FoundManifests,
    now: Timestamp,
    into: Option<&Path>,
) -> Result<Exit, Failure> {
    let desired = &looked.in_force.desired;
    let changes = changes(plan, desired, now);
    if changes.is_empty() {
        out::talk("the manifests already want what the undo would do\n");
        return Ok(Exit::Done);
    }
    let read = looked.texts_at_home()?;
    let mut texts: BTreeMap<&str, String> = read
        .iter()
        .filter_map(|(_, file)| Some((&*file.path, file.at_hand()?.to_string())))
        .collect();
    for change in &changes {
        edit(&mut texts, change, desired);
    }
    let with_edits = |file: &ManifestFile| {
        let text = texts.get(&*file.path)?;
        Some(ManifestFile { text: Ok(text.as_str().into()), ..file.clone() })
    };
    let before: Vec<ManifestFile> = read.iter().map(|(_, file)| file.clone()).collect();
    let files: Vec<ManifestFile> = before.iter().filter_map(with_edits).collect();
    let patched = manifest::load(&files);
    if patched.diagnostics.len() > looked.diagnostics.len() {
        let failure = Failure::new("the manifests would no longer be valid: no patch is made");
        return Err(Failure {
            diagnostics: patched.diagnostics,
            ..failure.hint("edit them by hand, or revert the commit that wanted what is undone")
        });
    }
    if let Some(tenant) = beyond(&changes, &manifest::load(&before).desired, &patched.desired) {
        let tenant = line(tenant);
        return Err(Failure::new(format!(
            "an edit would change something else of tenant {tenant} as well: no patch is made"
        ))
        .hint("edit the manifests by hand, or revert the commit that wanted what is undone"));
    }
    let mut patches = Patches::default();
    for (home, file) in &read {
        let (path, Some(before)) = (&*file.path, file.at_hand()) else { continue };
        let Some(after) = texts.get(path).filter(|after| ***after != **before) else { continue };
        let Some(home) = home else {
            return Err(Failure::new(format!("{}: it is not known where it is kept", line(path)))
                .hint("name the folder of a checkout"));
        };
        patches.add(home, before, after);
    }
    patches.hand_out(into)?;
    let left: Vec<&UserPatch<'_>> =
        changes.iter().filter(|change| !is_wanted(change, &patched.desired)).collect();
    if left.is_empty() {
        return Ok(Exit::Done);
    }
    out::talk(&format!("by hand, because it is not in the patch: {}\n", many(left.len(), "user")));
    for change in left {
        let place = of(desired, change).map_or_else(
            || "which no manifest names any more: bring the entry back".to_owned(),
            |user| line(&user.origin),
        );
        let edits: Vec<String> = change.edits.iter().map(Edit::words).collect();
        out::talk(&format!("  {} ({place}): {}\n", line(change.user), line(edits.join(", "))));
    }
    Ok(Exit::Held)
}

/// What of a plan the manifests do not say, by user.
fn changes<'p>(plan: &'p Plan, desired: &Desired, now: Timestamp) -> Vec<UserPatch<'p>> {
    let mut changes: Vec<UserPatch<'p>> = Vec::new();
    for tenant in &plan.tenants {
        for step in &tenant.steps {
            let git = desired.tenants.get(&tenant.tenant).and_then(|git| git.users.get(&step.user));
            let edits: Vec<Edit> = match &step.action {
                Action::Enable if git.is_some_and(|git| git.ended(now).is_some()) => {
                    vec![Edit::no_end()]
                }
                Action::Enable => calling(git, Calling::Enabled).into_iter().collect(),
                Action::Disable => calling(git, Calling::Disabled).into_iter().collect(),
                // What sets somebody up is in no manifest but by its other fields.
                Action::Configure(_) => Vec::new(),
                Action::Update(_) => fields(step)
                    .filter(|(field, value)| {
                        git.and_then(|git| git.details.get(*field)) != Some(*value)
                    })
                    .map(|(field, value)| Edit::field(field, value))
                    .collect(),
            };
            if edits.is_empty() {
                continue;
            }
            match changes.iter_mut().find(|other| other.user == &step.user) {
                Some(other) => other.edits.extend(edits),
                None => {
                    changes.push(UserPatch { tenant: &tenant.tenant, user: &step.user, edits });
                }
            }
        }
    }
    changes
}

/// The fields that a step sets, with their new values.
fn fields(step: &Step) -> impl Iterator<Item = (Field, &Value)> {
    step.changes.iter().map(|change| (change.field, &change.desired))
}

fn calling(git: Option<&DesiredUser>, wanted: Calling) -> Option<Edit> {
    (git.is_none_or(|git| git.calling != wanted)).then(|| Edit::calling(wanted))
}

/// The user of a change, as the manifests want it.
fn of<'d>(desired: &'d Desired, change: &UserPatch<'_>) -> Option<&'d DesiredUser> {
    desired.tenants.get(change.tenant)?.users.get(change.user)
}

/// Makes the edits of a user, as far as its entry is understood.
pub(super) fn edit(texts: &mut BTreeMap<&str, String>, change: &UserPatch<'_>, desired: &Desired) {
    let Some(user) = of(desired, change) else { return };
    let Some(text) = texts.get_mut(&*user.origin.file) else { return };
    for edit in &change.edits {
        // Lines that were added above it have moved it.
        let place = place(text, user);
        let edited = place.and_then(|place| manifest::edited(text, place, edit));
        if let Some(edited) = edited {
            *text = edited;
        }
    }
}

/// The line in which a user is named.
fn place(text: &str, user: &DesiredUser) -> Option<u32> {
    let names = |line: &str| {
        line.contains("userPrincipalName")
            && line.to_lowercase().contains(&user.upn.as_str().to_lowercase())
    };
    let before = usize::try_from(user.origin.line?).ok()?.saturating_sub(1);
    let mut named = text.lines().enumerate().filter(|(_, line)| names(line));
    let line = named.find(|(line, _)| *line >= before)?.0;
    u32::try_from(line + 1).ok()
}

/// A tenant of which the patched manifests want something else than before, beyond the edits that
/// they took.
pub(super) fn beyond<'d>(
    changes: &[UserPatch<'_>],
    before: &'d Desired,
    now: &Desired,
) -> Option<&'d TenantName> {
    let mut tenants = before.tenants.iter();
    tenants.find(|(name, tenant)| is_other(changes, name, tenant, now)).map(|(name, _)| name)
}

/// Whether a tenant is not what it was before with the edits that were taken.
fn is_other(
    changes: &[UserPatch<'_>],
    name: &TenantName,
    before: &DesiredTenant,
    now: &Desired,
) -> bool {
    let Some(now) = now.tenants.get(name) else { return true };
    let mut wanted = before.clone();
    for change in changes.iter().filter(|change| change.tenant == name) {
        let Some(user) = wanted.users.get_mut(change.user) else { continue };
        let said = now.users.get(change.user);
        let taken = |edit: &&Edit| said.is_some_and(|said| edit.is_said_by(said));
        change.edits.iter().filter(taken).for_each(|edit| edit.make(user));
    }
    !wanted.says_the_same(now)
}

/// Whether manifests want what a change is about.
pub(super) fn is_wanted(change: &UserPatch<'_>, now: &Desired) -> bool {
    let Some(user) = of(now, change) else { return false };
    change.edits.iter().all(|edit| edit.is_said_by(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "\
apiVersion: dialplane/v1
kind: Tenant
metadata: { name: contoso }
spec: { tenantId: 00000000-0000-4000-8000-000000000001, mode: enforce, prune: never }
---
apiVersion: dialplane/v1
kind: UserSet
metadata: { name: all, tenant: contoso }
spec:
  users:
";

    fn read(users: &str) -> Desired {
        let text = format!("{HEAD}{users}");
        let loaded = manifest::load(&[ManifestFile::new("fleet.yaml", &text)]);
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        loaded.desired
    }

    #[test]
    fn what_an_edit_changes_besides_is_found() {
        let user = |tag: &str, calling: &str| {
            format!("    - {{ userPrincipalName: a@x.com, calling: {calling}, userTag: {tag} }}\n")
        };
        let before = read(&user("one", "enabled"));
        let (tenant, adele) =
            (TenantName::parse("contoso").unwrap(), Upn::parse("a@x.com").unwrap());
        let edits = vec![Edit::calling(Calling::Disabled)];
        let changes = [UserPatch { tenant: &tenant, user: &adele, edits }];
        let found = |now: &Desired| beyond(&changes, &before, now).is_some();
        assert!(!found(&read(&user("one", "disabled"))), "just what was wanted");
        assert!(!found(&before), "what is left to a person");
        assert!(found(&read(&user("two", "disabled"))), "another field");
        let more = format!(
            "{}    - {{ userPrincipalName: b@x.com, calling: enabled }}\n",
            user("one", "disabled")
        );
        assert!(found(&read(&more)), "another user");
    }
}
