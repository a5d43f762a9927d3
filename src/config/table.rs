//! What is wrong with an endpoint table, found when settings are read and before anything is sent.

use super::{Body, Call, Endpoints, body::AUTHORISATION, endpoints::NEVER, list::ListUsers};

/// Something that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The row.
    pub row: &'static str,
    /// The keys below it that lead to what is wrong.
    pub at: Vec<String>,
    /// What is wrong.
    pub what: String,
}

impl Problem {
    /// A problem of the row that is being looked at.
    pub(super) fn at(at: &[&str], what: impl Into<String>) -> Self {
        Self { row: "", at: at.iter().map(|key| (*key).to_owned()).collect(), what: what.into() }
    }
}

/// What a row may and must name.
struct Rule {
    /// The places that are known when the call is made.
    known: Vec<&'static str>,
    /// Those that it must name.
    needs: &'static [&'static str],
    body: Carries,
}

/// What the body of a row has to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// It is made by the program.
    Fixed,
    /// It is about no tenant.
    NoTenant,
    /// It is about a tenant.
    Tenant,
    /// It must hold who authorises the call, or say itself that it carries nothing.
    Authorisation,
    /// The same, and fields.
    Update,
    /// It must hold the token set that is to be renewed.
    TokenSet,
}

impl Rule {
    fn of(row: &str) -> Self {
        let rule =
            |known: &[&'static str], needs, body| Self { known: known.to_vec(), needs, body };
        match row {
            // Asked before the reseller is known; `whoAmI` is how it becomes known.
            "token" | "whoAmI" => rule(&[], &[], Carries::Fixed),
            // Of the whole account, whatever the tenant.
            "resellers" | "enterprises" | "gateways" => {
                rule(&["resellerId"], &["resellerId"], Carries::NoTenant)
            }
            // Its answer says what the enterprise's own number is.
            "enterprise" => rule(&["tenantId", "resellerId"], &["tenantId"], Carries::Tenant),
            "enable" | "disable" => {
                let known = ["tenantId", "resellerId", "enterpriseId", "userPrincipalName"];
                rule(&known, &["userPrincipalName"], Carries::Authorisation)
            }
            "update" => rule(
                &["tenantId", "resellerId", "enterpriseId", "userPrincipalName"],
                &[],
                Carries::Update,
            ),
            "sync" => {
                rule(&["tenantId", "resellerId", "enterpriseId"], &[], Carries::Authorisation)
            }
            "refreshMsal" => {
                rule(&["tenantId", "resellerId", "enterpriseId"], &[], Carries::TokenSet)
            }
            _ => {
                let known =
                    [&["tenantId", "resellerId", "enterpriseId"][..], &ListUsers::PLACES].concat();
                rule(&known, &[], Carries::Tenant)
            }
        }
    }
}

impl Endpoints {
    /// What is wrong with the table, row by row. Empty if nothing is. `own_tokens` says that some
    /// tenants are written with a token of their own.
    #[must_use]
    pub fn problems(&self, own_tokens: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (row, call) in self.rows() {
            let found = call.problems(&Rule::of(row), own_tokens);
            problems.extend(found.into_iter().map(|problem| {
                let above = (row == "listUsers").then(|| "call".to_owned());
                Problem {
                    row,
                    at: above.into_iter().chain(problem.at).collect(),
                    what: problem.what,
                }
            }));
        }
        let of_list = self.list_users.iter().flat_map(ListUsers::problems);
        problems.extend(of_list.map(|problem| Problem { row: "listUsers", ..problem }));
        problems
    }
}

impl Call {
    fn problems(&self, rule: &Rule, own_tokens: bool) -> Vec<Problem> {
        let mut problems = self.path_problems(rule);
        if let Body::Template(template) = &self.body {
            let authorised = matches!(
                rule.body,
                Carries::Authorisation | Carries::Update | Carries::TokenSet | Carries::Tenant
            );
            let known: Vec<&str> =
                rule.known.iter().copied().chain(authorised.then_some(AUTHORISATION)).collect();
            let found = template.problems(&known);
            problems.extend(found.into_iter().map(|(at, what)| Problem {
                row: "",
                at: std::iter::once("body".to_owned()).chain(at).collect(),
                what,
            }));
        }
        if self.accept.is_some() && !matches!(rule.body, Carries::Authorisation | Carries::Update) {
            let what =
                "`accept` is for the calls that change something: enable, disable, update and sync";
            problems.push(Problem::at(&["accept"], what));
        }
        problems
            .extend(self.body_problem(rule, own_tokens).map(|what| Problem::at(&["body"], what)));
        for need in rule.needs {
            let filled = self.names(need)
                || (*need == "tenantId"
                    && matches!(self.body, Body::Text | Body::Flat | Body::Wrapped));
            if !filled {
                problems.push(Problem::at(
                    &["path"],
                    format!("path `{}` does not say where {{{need}}} goes", self.path),
                ));
            }
        }
        problems
    }

    fn path_problems(&self, rule: &Rule) -> Vec<Problem> {
        let path = &self.path;
        let mut problems = Vec::new();
        let mut problem = |what: String| problems.push(Problem::at(&["path"], what));
        if !path.starts_with('/') || path.contains("//") || path.contains("..") {
            problem(format!(
                "path `{path}` must start with one `/` and may not contain `//` or `..`"
            ));
        }
        // As the service will read it: `%41` is an `A` there.
        let read = percent_encoding::percent_decode_str(path).decode_utf8_lossy().to_lowercase();
        for never in NEVER {
            if read.contains(&never.to_lowercase()) {
                problem(format!(
                    "path `{path}` names `{never}`, a call that dialplane never makes"
                ));
            }
        }
        for place in
            path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place)
        {
            if !rule.known.contains(&place) {
                let known = if rule.known.is_empty() {
                    "none".to_owned()
                } else {
                    format!("{{{}}}", rule.known.join("}, {"))
                };
                problem(format!(
                    "path `{path}`: {{{place}}} is not known when this call is made; there are \
                        {known}"
                ));
            }
        }
        if path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#' || c == '\\') {
            problem(format!("path `{path}` may not contain white space, `#` or `\\`"));
        }
        if path.matches('{').count() != path.matches('}').count() {
            problem(format!("path `{path}` has a brace without its partner"));
        }
        problems
    }

    /// Whether the body does what the row needs.
    fn body_problem(&self, rule: &Rule, own_tokens: bool) -> Option<&'static str> {
        let template = matches!(self.body, Body::Template(_));
        let authorised = self.names_in_body(AUTHORISATION);
        let spelled_out = self.names_in_body("tenantId") && self.names_in_body("resellerId");
        match rule.body {
            Carries::Fixed if self.body != Body::None => {
                Some("the body of this call is always the same: leave `body` out")
            }
            Carries::NoTenant if !template && self.body != Body::None => Some(
                "this call is about no tenant, so that its body can only be `none` or a template",
            ),
            Carries::Update if self.body == Body::Text => {
                Some("body `text` cannot carry fields; use `wrapped`, `flat` or a template")
            }
            Carries::TokenSet
                if !authorised && !matches!(self.body, Body::Flat | Body::Wrapped) =>
            {
                Some(
                    "the token set that is to be renewed goes into the body: `flat`, `wrapped`, \
                        or a template with {authorisation}",
                )
            }
            Carries::Authorisation | Carries::Update if template && !authorised && !spelled_out => {
                Some(
                    "a call that changes a tenant must say who authorises it: the template needs \
                        {authorisation}, or {tenantId} and {resellerId}",
                )
            }
            Carries::Authorisation | Carries::Update if template && !authorised && own_tokens => {
                Some(
                    "tenants under `enterprises` send their Microsoft token set: the template \
                        needs {authorisation}",
                )
            }
            _ => None,
        }
    }

    fn names_in_body(&self, place: &str) -> bool {
        self.body.names(place)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Method;

    fn problems(table: serde_json::Value) -> Vec<String> {
        let table: Endpoints = serde_json::from_value(table).unwrap();
        table
            .problems(false)
            .into_iter()
            .map(|found| format!("{}.{}: {}", found.row, found.at.join("."), found.what))
            .collect()
    }

    #[test]
    fn the_default_table_is_sound_and_the_never_list_holds() {
        let mut table = Endpoints::default();
        assert_eq!(table.problems(true), []);
        table.disable.path = "/provisioning/disableUsers".into();
        let problems = table.problems(false);
        assert!(
            problems
                .iter()
                .any(|found| found.row == "disable" && found.what.contains("never makes")),
            "{problems:?}"
        );
        assert!(
            problems.iter().any(|found| found.what.contains("{userPrincipalName}")),
            "{problems:?}"
        );
        let hidden = Call {
            method: Method::Post,
            path: "/enterprise/regenerate%41PI%43redentials".into(),
            body: Body::Flat,
            accept: None,
        };
        let table = Endpoints { refresh_msal: Some(hidden), ..Endpoints::default() };
        assert!(matches!(table.problems(false).as_slice(), [found] if found.what.contains("never \
            makes")));
    }

    #[test]
    fn a_row_keeps_what_it_does_not_say() {
        let table: Endpoints = serde_json::from_value(json!({
            "sync": {"method": "POST", "path": "/provisioning/v2/sync"}, "update": {"path": "/u"}, "enable": {"method": "PUT"},
            "disable": {"body": "wrapped"}, "refreshMsal": {"path": "/r"},
        }))
        .unwrap();
        let usual = Endpoints::default();
        assert_eq!(
            (&table.sync.body, table.sync.path.as_str()),
            (&Body::Flat, "/provisioning/v2/sync")
        );
        assert_eq!((&table.update.body, table.update.method), (&Body::Wrapped, Method::Post));
        assert_eq!(
            (&table.enable.body, &table.enable.path, table.enable.method),
            (&Body::Flat, &usual.enable.path, Method::Put)
        );
        assert_eq!(
            (&table.disable.body, &table.disable.path),
            (&Body::Wrapped, &usual.disable.path)
        );
        assert_eq!(
            table.refresh_msal,
            Some(Call { method: Method::Post, path: "/r".into(), body: Body::Flat, accept: None })
        );
        assert_eq!(table.problems(true), []);
    }

    #[test]
    fn a_row_that_cannot_be_sent_is_found_before_anything_is() {
        insta::assert_snapshot!(
            problems(json!({
                "token": {"body": "flat"},
                "whoAmI": {"path": "/reseller/{resellerId}"},
                "enterprises": {"body": "text"},
                "gateways": {"path": "/gateways", "body": {"reseller": "{resellerId}", "tenant": "{tenantId}"}},
                "enterprise": {"path": "/enterprise/{enterpriseId}"},
                "enable": {"path": "/enable", "body": {"who": "{userPrincipalName}", "by": "{tenantId}"}},
                "update": {"body": "text"},
                "sync": {"path": "/sync#now", "body": {"auth": "{authorization}"}},
                "refreshMsal": {"path": "/r", "body": {"set": "{tenantId}"}},
            }))
            .join("\n")
        );
        let table: Endpoints = serde_json::from_value(
            json!({"sync": {"body": {"t": "{tenantId}", "r": "{resellerId}"}}}),
        )
        .unwrap();
        assert_eq!((table.problems(false).len(), table.problems(true).len()), (0, 1));
    }

    #[test]
    fn pages_are_asked_for_where_the_row_says() {
        let list = |call: serde_json::Value, paging: &str| {
            let row = json!({
                "call": call, "paging": paging, "user": "/u", "calling": {"at": "/c", "enabled": ["a"], "disabled": ["b"]},
            });
            problems(json!({ "listUsers": row }))
        };
        let body =
            |body: serde_json::Value| json!({"method": "POST", "path": "/users", "body": body});
        assert!(
            list(body(json!({"start": "{start}", "length": "{length}"})), "datatables").is_empty()
        );
        assert!(
            list(
                json!({"method": "GET", "path": "/users?e={enterpriseId}&offset={start}"}),
                "page"
            )
            .is_empty()
        );
        assert!(
            list(body(json!({"start": "{start}"})), "none")[0].contains("set `paging: datatables`")
        );
        assert!(list(body(json!({"length": "{length}"})), "page")[0].contains("the same page"));
        assert!(
            list(body(json!({"who": "{userPrincipalName}"})), "none")[0]
                .starts_with("listUsers.call.body.who: ")
        );
    }
}
