//! `Approval` documents. A mistake in one opens nothing and holds nobody: the tenant goes on as if
//! the file were not there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error};
use serde_yaml::Value;

use super::{
    draft::{ApprovalDraft, FileProblem, FileRead, MAX_PROBLEMS, ProblemDetail},
    names::parse_name,
    needed::RequiredKeys,
    parts,
};
use crate::{
    model::{Approval, ApprovedUsers, Fingerprint, Gate, Origin, TenantName, parse_expiry},
    words::list,
    yaml::{self, At, HINT, Mismatch, Path, Segment, missing, some},
};

/// Lets one plan of a tenant through the gates that it names, once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "Approval", extend("required" = ["apiVersion", "kind", "metadata", "spec"]))]
pub(super) struct ApprovalDocument {
    #[schemars(schema_with = "parts::api_version")]
    api_version: serde::de::IgnoredAny,
    #[schemars(schema_with = "kind")]
    kind: serde::de::IgnoredAny,
    metadata: ApprovalMetadata,
    spec: ApprovalSpec,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "tenant"]))]
struct ApprovalMetadata {
    /// The name of the approval; unique in its tenant.
    #[serde(deserialize_with = "parts::name")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    name: Option<TenantName>,
    /// The tenant whose plan it lets through.
    #[serde(deserialize_with = "parts::name")]
    #[schemars(with = "String")]
    tenant: Option<TenantName>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["plan", "gates", "reason", "expires"], "oneOf" = [{"required": ["users"]}, {"required": ["max"]}]))]
struct ApprovalSpec {
    /// The fingerprint of the plan, as `dialplane plan --approve` writes it.
    #[serde(deserialize_with = "plan")]
    #[schemars(with = "String", regex(pattern = r"^[0-9a-f]{64}$"))]
    plan: Option<Fingerprint>,
    /// The gates that it opens.
    #[serde(deserialize_with = "gates")]
    #[schemars(with = "Vec<Gate>", length(min = 1))]
    gates: Option<BTreeSet<Gate>>,
    /// The users that it covers.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    users: Option<Vec<Value>>,
    /// Instead of users: how many of them it covers at most.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "u32", range(min = 1))]
    max: Option<u32>,
    /// Who wants this and why.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "String", length(min = 1))]
    reason: Option<String>,
    /// The date, counted to its end in UTC, or the time after which it opens nothing.
    #[serde(deserialize_with = "expires")]
    #[schemars(with = "String")]
    expires: Option<Timestamp>,
}

fn kind(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    parts::constant("Approval")
}

fn plan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fingerprint>, D::Error> {
    Fingerprint::parse(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn gates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeSet<Gate>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let gates: Result<BTreeSet<Gate>, String> = names.iter().map(|name| gate(name)).collect();
    gates.map(Some).map_err(D::Error::custom)
}

fn gate(name: &str) -> Result<Gate, String> {
    let named = Gate::ALL.into_iter().find(|gate| gate.to_string() == name);
    named.ok_or_else(|| {
        format!(
            "`{name}` is not a gate that an approval opens{HINT}it opens what a person may judge: \
                {}",
            list(Gate::ALL)
        )
    })
}

fn expires<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    parse_expiry(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// Reads a document: an approval, or what is wrong with it.
pub(super) fn read(
    document: &Value,
    at: Path,
    file: &Arc<str>,
) -> Result<ApprovalDraft, Vec<Mismatch>> {
    let (decoded, mut wrongs) = yaml::decode_strictly::<ApprovalDocument>(document, &at);
    let Some(ApprovalDocument { metadata, spec, .. }) = decoded else { return Err(wrongs) };
    let mut needed = RequiredKeys { at: &at, wrongs: &mut wrongs };
    needed.key(
        metadata.name.is_some(),
        "metadata",
        "name",
        "give the approval a name, such as `name: autumn-leavers`",
    );
    needed.key(
        metadata.tenant.is_some(),
        "metadata",
        "tenant",
        "name the tenant whose plan it lets through",
    );
    needed.key(
        spec.plan.is_some(),
        "spec",
        "plan",
        "`dialplane plan --approve` writes the plan's fingerprint",
    );
    needed.key(
        spec.gates.is_some(),
        "spec",
        "gates",
        "name what it opens, such as `gates: [limit]`",
    );
    needed.key(spec.reason.is_some(), "spec", "reason", "say who wants this and why");
    needed.key(
        spec.expires.is_some(),
        "spec",
        "expires",
        "say until when it is valid, such as `expires: 2026-07-31`",
    );
    let spec_at = at.key("spec");
    if spec.gates.as_ref().is_some_and(BTreeSet::is_empty) {
        wrongs
            .push(Mismatch::value(spec_at.key("gates"), "an approval without gates opens nothing"));
    }
    if spec.reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        let wrong = Mismatch::value(spec_at.key("reason"), "`reason` is empty");
        wrongs.push(wrong.hint(
            "say who wants this and why: it is what reviewers judge, and what is remembered",
        ));
    }
    let reason = spec.reason.as_deref().map(str::trim).unwrap_or_default();
    if reason.chars().any(yaml::ends_a_line) {
        let wrong = Mismatch::value(spec_at.key("reason"), "`reason` has more than one line");
        wrongs.push(wrong.hint("say who wants this and why in one line: plans show it in one"));
    } else if let Some(c) = reason.chars().find(|c| c.is_control()) {
        let message = format!("`reason` holds {}", yaml::character(c));
        wrongs.push(Mismatch::value(spec_at.key("reason"), message).hint("remove it"));
    }
    let users = approved_users(&spec, &spec_at, &mut wrongs);
    let ApprovalSpec {
        plan: Some(plan),
        gates: Some(gates),
        reason: Some(reason),
        expires: Some(expires),
        ..
    } = spec
    else {
        return Err(wrongs);
    };
    let (Some(name), Some(tenant), Some(users), true) =
        (metadata.name, metadata.tenant, users, wrongs.is_empty())
    else {
        return Err(wrongs);
    };
    let origin = Origin { file: Arc::clone(file), line: None };
    let reason = reason.trim().into();
    Ok(ApprovalDraft {
        at,
        tenant,
        approval: Approval { name, plan, gates, users, reason, expires, origin },
    })
}

fn approved_users(
    spec: &ApprovalSpec,
    at: &Path,
    wrongs: &mut Vec<Mismatch>,
) -> Option<ApprovedUsers> {
    let told = |key: &str| Segment::Key(key.to_owned());
    let was_wrong = wrongs
        .iter()
        .any(|wrong| wrong.path.segments.iter().any(|s| *s == told("users") || *s == told("max")));
    match (&spec.users, spec.max) {
        (None, None) if was_wrong => None,
        (None, None) => {
            wrongs.push(missing(
                at,
                "users",
                "list the users that it covers, or write `max` and how many",
            ));
            None
        }
        (Some(_), Some(_)) => {
            let wrong = Mismatch {
                at: At::Key,
                ..Mismatch::value(at.key("max"), "`users` and `max` are both given")
            };
            wrongs.push(wrong.hint("keep one of them"));
            None
        }
        (None, Some(0)) => {
            wrongs.push(Mismatch::value(at.key("max"), "an approval must cover at least one user"));
            None
        }
        (None, Some(most)) => Some(ApprovedUsers::AtMost(most)),
        (Some(users), None) => {
            if users.is_empty() {
                wrongs.push(Mismatch::value(
                    at.key("users"),
                    "an approval must cover at least one user",
                ));
            }
            let mut covered = BTreeSet::new();
            for (number, user) in users.iter().enumerate() {
                let expected = "a user principal name is expected, such as adele@contoso.com";
                match user.as_str().map_or_else(|| Err(expected.to_owned()), parse_name) {
                    Ok(upn) => drop(covered.insert(upn)),
                    Err(error) if wrongs.len() < MAX_PROBLEMS => {
                        wrongs.push(Mismatch::told(at.key("users").index(number), &error));
                    }
                    Err(_) => {}
                }
            }
            Some(ApprovedUsers::Users(covered))
        }
    }
}

/// The approvals of each tenant.
pub(super) type Approvals = BTreeMap<TenantName, Vec<Approval>>;

/// The approvals of all files by tenant, and what is wrong with some of them.
pub(super) fn check(
    files: &[Arc<FileRead>],
    known: impl Fn(&TenantName) -> bool,
) -> (Approvals, Vec<(usize, FileProblem)>) {
    let mut approvals = Approvals::new();
    let mut names: BTreeMap<(&TenantName, &TenantName), (usize, &Path)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for ApprovalDraft { at, tenant, approval } in &file.approvals {
            if !known(tenant) {
                let wrong = Mismatch::value(
                    at.key("metadata").key("tenant"),
                    format!("there is no tenant `{tenant}`"),
                );
                problems.push((
                    number,
                    FileProblem::of_approval(ProblemDetail::at(
                        wrong.hint("the approval opens nothing; remove it"),
                    )),
                ));
            } else if let Some((first, path)) = names.insert((tenant, &approval.name), (number, at))
            {
                let message =
                    format!("tenant `{tenant}` has two approvals called `{}`", approval.name);
                let wrong = Mismatch::value(at.key("metadata").key("name"), message)
                    .hint("give one of them another name");
                let what = ProblemDetail::at(wrong).and(
                    first,
                    path.key("metadata").key("name"),
                    At::Value,
                    "first here",
                );
                problems.push((number, FileProblem::of_approval(what)));
                // It is not known which of the two is meant.
                approvals
                    .entry(tenant.clone())
                    .or_default()
                    .retain(|other| other.name != approval.name);
            } else {
                approvals.entry(tenant.clone()).or_default().push(approval.clone());
            }
        }
    }
    for approvals in approvals.values_mut() {
        approvals.sort_by(|a, b| a.name.cmp(&b.name));
    }
    (approvals, problems)
}
