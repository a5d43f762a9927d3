//! One file: documents, their kinds, and what is wrong in it alone.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_yaml::Value;

use super::{
    ManifestFile, Role, approval,
    confine::confine,
    draft::{
        FileContent, FileProblem, FileRead, MAX_PROBLEMS, PlainUsers, ProblemDetail, SetDraft,
        TenantDraft,
    },
    entry::UserEntry,
    lists,
    needed::RequiredKeys,
    parts::API_VERSION,
    schema::{TenantDocument, UserSetDocument},
    user,
};
use crate::{
    model::TenantName,
    yaml::{self, Mismatch, Path, missing},
};

/// Reads one file.
pub(super) fn read(file: &ManifestFile) -> FileRead {
    read_by(file, FileRead::documents)
}

/// Reads one file whose documents are found in this way.
pub(super) fn read_by(
    file: &ManifestFile,
    documents: impl FnOnce(&mut FileRead) -> Option<Vec<Value>>,
) -> FileRead {
    let mut read = read_whole(file, documents);
    confine(&mut read);
    read
}

fn read_whole(
    file: &ManifestFile,
    documents: impl FnOnce(&mut FileRead) -> Option<Vec<Value>>,
) -> FileRead {
    let empty: Arc<str> = "".into();
    let text = file.at_hand().unwrap_or(&empty);
    let mut read = FileRead {
        path: Arc::clone(&file.path),
        // Windows editors write a byte order mark; it is not part of the text.
        text: match yaml::without_marks(text) {
            Cow::Borrowed(_) => Arc::clone(text),
            Cow::Owned(text) => text.into(),
        },
        is_let_go: false,
        tenants: Vec::new(),
        sets: Vec::new(),
        approvals: Vec::new(),
        problems: Vec::new(),
        more: BTreeSet::new(),
        lines: Vec::new(),
        plain: BTreeMap::new(),
        standing: FileContent::Speaks,
        scope: file.scope.clone(),
    };
    if file.role == Role::Hollow {
        read.standing = FileContent::Hollow;
        return read;
    }
    if let (Err(reason), Role::Aside | Role::Copy) = (&file.text, file.role) {
        read.standing =
            FileContent::Aside { reason: reason.clone(), is_copy: file.role == Role::Copy };
        return read;
    }
    let reason = match &file.text {
        Ok(text) if text.at_hand().is_some() => None,
        Ok(_) => Some("it was changed while it was read"),
        Err(reason) => Some(reason.as_str()),
    };
    if let Some(reason) = reason {
        let what = ProblemDetail::Placed {
            message: format!("cannot be read: {reason}"),
            hint: None,
            place: None,
            other: None,
        };
        read.problems.push(FileProblem::of(what, Vec::new()));
        return read;
    }
    if yaml::is_blank(&read.text) {
        read.standing = FileContent::Blank;
        return read;
    }
    if let Some(documents) = documents(&mut read) {
        if documents.iter().all(Value::is_null) {
            read.standing = FileContent::Blank;
            return read;
        }
        for (number, document) in documents.into_iter().enumerate() {
            read.document(document, Path::root(number));
        }
    }
    read.tell_more();
    read
}

impl FileRead {
    fn document(&mut self, mut document: Value, at: Path) {
        if document.is_null() {
            return;
        }
        if !document.is_mapping() {
            let wrong = Mismatch::value(
                at,
                "this is not a manifest: a mapping with `apiVersion`, `kind`, `metadata` and `spec` \
                    is expected",
            );
            return self.wrong(wrong, None);
        }
        let name_at = |document: &Value, key: &str| {
            document
                .get("metadata")?
                .get(key)?
                .as_str()
                .and_then(|name| TenantName::parse(name).ok())
        };
        let kind = document.get("kind").and_then(Value::as_str).map(str::to_owned);
        match kind.as_deref() {
            Some("Tenant") => {
                let tenant = name_at(&document, "name");
                self.wrongs(api_version(&document, &at), tenant.as_ref());
                self.tenant(&document, at, tenant);
            }
            Some("UserSet") => {
                let tenant = name_at(&document, "tenant");
                self.wrongs(api_version(&document, &at), tenant.as_ref());
                self.user_set(&mut document, at, tenant);
            }
            Some("Approval") => {
                let read = approval::read(&document, at.clone(), &self.path);
                let wrongs = api_version(&document, &at)
                    .into_iter()
                    .chain(read.as_ref().err().cloned().unwrap_or_default());
                let wrongs = wrongs.take(MAX_PROBLEMS.saturating_sub(self.problems.len()).max(1));
                let problems: Vec<FileProblem> = wrongs
                    .map(|wrong| FileProblem::of_approval(ProblemDetail::at(wrong)))
                    .collect();
                self.approvals.extend(read.ok().filter(|_| problems.is_empty()));
                self.problems.extend(problems);
            }
            _ => {
                let hint = match kind.as_deref() {
                    Some("Plan" | "Review") => {
                        "it is a saved plan, and no manifest: `dialplane show FILE` shows it"
                    }
                    _ => {
                        "`kind: Tenant` describes a customer, `kind: UserSet` its users, \
                            `kind: Approval` lets a plan through"
                    }
                };
                let wrong = match kind {
                    Some(kind) => {
                        Mismatch::value(at.key("kind"), format!("there is no kind `{kind}`"))
                            .hint(hint)
                    }
                    None => missing(&at, "kind", hint),
                };
                self.wrong(wrong, None);
            }
        }
    }

    fn tenant(&mut self, document: &Value, at: Path, tenant: Option<TenantName>) {
        let (decoded, mut wrongs) = yaml::decode_strictly::<TenantDocument>(document, &at);
        let Some(TenantDocument { metadata, spec, .. }) = decoded else {
            return self.wrongs(wrongs, tenant.as_ref());
        };
        let mut needed = RequiredKeys { at: &at, wrongs: &mut wrongs };
        needed.key(
            metadata.name.is_some(),
            "metadata",
            "name",
            "give the tenant a short name, such as `name: contoso`",
        );
        needed.key(spec.tenant_id.is_some(), "spec", "tenantId", "the Microsoft 365 tenant's GUID");
        needed.key(
            spec.mode.is_some(),
            "spec",
            "mode",
            "say what may happen to people's phones: `enforce`, `report` or `suspend`",
        );
        needed.key(
            spec.prune.is_some(),
            "spec",
            "prune",
            "say what becomes of users that no manifest names: `never` or `disable`",
        );
        let prefix = spec.numbers.extension_prefix.as_ref();
        let protect =
            lists::protect(&spec.protect, &at.key("spec").key("protect"), prefix, &mut wrongs);
        let parking = lists::parking(
            &spec.numbers.parking,
            &at.key("spec").key("numbers").key("parking"),
            prefix,
            &mut wrongs,
        );
        if let Some(windows) = &spec.windows {
            wrongs.extend(windows.problems(&at.key("spec").key("windows"), &wrongs));
        }
        self.wrongs(wrongs, tenant.as_ref());
        if let Some(name) = tenant {
            self.tenants.push(TenantDraft { at, name, spec, protect, parking });
        }
    }

    fn user_set(&mut self, document: &mut Value, at: Path, tenant: Option<TenantName>) {
        // Users are decoded one by one: a fault in one of them must not cost a second look at all
        // the others.
        let users = match document.get_mut("spec").and_then(|spec| spec.get_mut("users")) {
            Some(Value::Sequence(users)) => std::mem::take(users),
            _ => Vec::new(),
        };
        let (decoded, mut wrongs) = yaml::decode_strictly::<UserSetDocument>(document, &at);
        let users_at = at.key("spec").key("users");
        for wrong in wrongs
            .iter_mut()
            .filter(|wrong| wrong.path == users_at && document_users_are_null(document))
        {
            wrong.hint = Some("list the users; an empty list is `users: []`".to_owned());
        }
        // A document is read plainly, or all of its users are values.
        let PlainUsers { entries, wrong, .. } = self.plain.remove(&at.document).unwrap_or_default();
        let mut entries = entries.finish();
        if !wrong.is_empty() || !users.is_empty() {
            let mut all: Vec<UserEntry> = entries.iter().collect();
            all.resize_with(all.len().max(users.len()), UserEntry::default);
            for (number, value) in wrong.into_iter().chain(users.into_iter().enumerate()) {
                // The tenant is not used with a single one of them.
                if wrongs.len() > MAX_PROBLEMS {
                    all.truncate(number);
                    break;
                }
                let (entry, found) = user::read(&value, &users_at.index(number));
                wrongs.extend(found);
                if let Some(place) = all.get_mut(number) {
                    *place = entry;
                }
            }
            entries = all.iter().collect();
        }
        let Some(UserSetDocument { metadata, spec, .. }) = decoded else {
            return self.wrongs(wrongs, tenant.as_ref());
        };
        let mut needed = RequiredKeys { at: &at, wrongs: &mut wrongs };
        needed.key(
            metadata.name.is_some(),
            "metadata",
            "name",
            "give the set a name, such as `name: contoso-sales`",
        );
        needed.key(
            metadata.tenant.is_some(),
            "metadata",
            "tenant",
            "name the tenant that these users belong to",
        );
        needed.key(
            spec.users.is_some(),
            "spec",
            "users",
            "list the users; an empty list is `users: []`",
        );
        self.wrongs(wrongs, tenant.as_ref());
        if let (Some(name), Some(tenant)) = (metadata.name, tenant) {
            self.sets.push(SetDraft { at, name, tenant, defaults: spec.defaults, users: entries });
        }
    }
}

fn api_version(document: &Value, at: &Path) -> Vec<Mismatch> {
    let hint = format!("write `apiVersion: {API_VERSION}`");
    match document.get("apiVersion").map(Value::as_str) {
        Some(Some(API_VERSION)) => Vec::new(),
        None => vec![missing(at, "apiVersion", &hint)],
        Some(_) => vec![
            Mismatch::value(at.key("apiVersion"), "this version of manifests is not known")
                .hint(hint),
        ],
    }
}

fn document_users_are_null(document: &Value) -> bool {
    document.get("spec").and_then(|spec| spec.get("users")).is_some_and(Value::is_null)
}
