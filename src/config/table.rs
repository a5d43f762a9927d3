//! What is wrong with an endpoint table, found when settings are read and before anything is sent.

use super::{
    body::{AUTHORISATION, BodyFormat},
    endpoint::Endpoint,
    endpoints::{BodyDuty, EndpointRow, EndpointRule, Endpoints, NEVER},
    link::ConsentLink,
    list::ListUsers,
    problem::RowProblem,
};

/// What is wrong with the table, row by row. Empty if nothing is. `own_tokens` says that some
/// tenants are written with a token of their own.
#[must_use]
pub fn problems(table: &Endpoints, own_tokens: bool) -> Vec<(EndpointRow, RowProblem)> {
    let mut problems = Vec::new();
    for (row, call) in table.rows() {
        let found = of_call(call, &row.rule(), own_tokens);
        problems.extend(found.into_iter().map(|problem| (row, below_call(row, problem))));
    }
    let of_list = table.list_users.iter().flat_map(ListUsers::problems);
    problems.extend(of_list.map(|problem| (EndpointRow::ListUsers, problem)));
    let of_link = table.consent_link.iter().flat_map(ConsentLink::problems);
    problems.extend(of_link.map(|problem| (EndpointRow::ConsentLink, problem)));
    problems
}

/// In `listUsers` the call is a part of the row.
fn below_call(row: EndpointRow, problem: RowProblem) -> RowProblem {
    let above = (row == EndpointRow::ListUsers).then(|| "call".to_owned());
    RowProblem { at: above.into_iter().chain(problem.at).collect(), ..problem }
}

/// What is wrong with one call.
fn of_call(call: &Endpoint, rule: &EndpointRule, own_tokens: bool) -> Vec<RowProblem> {
    let mut problems = path_problems(call, rule);
    if let BodyFormat::Template(template) = &call.body {
        let authorised = matches!(
            rule.body,
            BodyDuty::Authorisation
                | BodyDuty::Update
                | BodyDuty::Fields
                | BodyDuty::TokenSet
                | BodyDuty::Tenant
        );
        let known: Vec<&str> =
            rule.known.iter().copied().chain(authorised.then_some(AUTHORISATION)).collect();
        let found = template.problems(&known);
        problems.extend(found.into_iter().map(|(at, what)| RowProblem {
            at: std::iter::once("body".to_owned()).chain(at).collect(),
            what,
        }));
    }
    let changes =
        matches!(rule.body, BodyDuty::Authorisation | BodyDuty::Update | BodyDuty::Fields);
    if call.accept.is_some() && !changes {
        let what = "`accept` is for the calls that change something: enable, disable, update, \
            configure, configureCallApp, enableCallApp, disableCallApp and sync";
        problems.push(RowProblem::at(&["accept"], what));
    }
    problems
        .extend(body_problem(call, rule, own_tokens).map(|what| RowProblem::at(&["body"], what)));
    for need in rule.needs {
        let filled = call.names(need)
            || (*need == "tenantId"
                && matches!(
                    call.body,
                    BodyFormat::Text | BodyFormat::Tenant | BodyFormat::Flat | BodyFormat::Wrapped
                ));
        if !filled {
            problems.push(RowProblem::at(
                &["path"],
                format!("path `{}` does not say where {{{need}}} goes", call.path),
            ));
        }
    }
    problems
}

fn path_problems(call: &Endpoint, rule: &EndpointRule) -> Vec<RowProblem> {
    let path = &call.path;
    let mut problems = Vec::new();
    let mut problem = |what: String| problems.push(RowProblem::at(&["path"], what));
    if !path.starts_with('/') || path.contains("//") || path.contains("..") {
        problem(format!("path `{path}` must start with one `/` and may not contain `//` or `..`"));
    }
    // As the service will read it: `%41` is an `A` there.
    let read = percent_encoding::percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    for never in NEVER {
        if read.contains(&never.to_lowercase()) {
            problem(format!("path `{path}` names `{never}`, a call that dialplane never makes"));
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
fn body_problem(call: &Endpoint, rule: &EndpointRule, own_tokens: bool) -> Option<&'static str> {
    let template = matches!(call.body, BodyFormat::Template(_));
    let authorised = call.body.names(AUTHORISATION);
    let tenant = call.body.names("tenantId");
    let spelled_out = tenant && call.body.names("resellerId");
    match rule.body {
        BodyDuty::Fixed if call.body != BodyFormat::None => {
            Some("the body of this call is always the same: leave `body` out")
        }
        BodyDuty::NoTenant if !template && call.body != BodyFormat::None => {
            Some("this call is not for one tenant, so its body can only be `none` or a template")
        }
        BodyDuty::Update | BodyDuty::Fields if call.body == BodyFormat::Text => {
            Some("body `text` cannot carry fields; use `wrapped`, `flat` or a template")
        }
        BodyDuty::Fields if call.body == BodyFormat::None || template && !authorised && !tenant => {
            Some(
                "the call must say which tenant it is for: use `tenant`, `wrapped`, or a template with \
                {tenantId} or {authorisation}",
            )
        }
        BodyDuty::TokenSet
            if !authorised && !matches!(call.body, BodyFormat::Flat | BodyFormat::Wrapped) =>
        {
            Some(
                "the token set that is to be renewed goes into the body: `flat`, `wrapped`, \
                    or a template with {authorisation}",
            )
        }
        BodyDuty::Authorisation | BodyDuty::Update if template && !authorised && !spelled_out => {
            Some(
                "a call that changes a tenant must say who authorises it: the template needs \
                    {authorisation}, or {tenantId} and {resellerId}",
            )
        }
        BodyDuty::Authorisation | BodyDuty::Update if template && !authorised && own_tokens => {
            Some(
                "tenants under `enterprises` send their Microsoft token set: the template \
                    needs {authorisation}",
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Method;

    fn problems(table: serde_json::Value) -> Vec<String> {
        let table: Endpoints = serde_json::from_value(table).unwrap();
        super::problems(&table, false)
            .into_iter()
            .map(|(row, found)| format!("{row}.{}: {}", found.at.join("."), found.what))
            .collect()
    }

    #[test]
    fn the_default_table_is_sound_and_the_never_list_holds() {
        let mut table = Endpoints::default();
        assert_eq!(super::problems(&table, true), []);
        table.disable.path = "/provisioning/disableUsers".into();
        let problems = super::problems(&table, false);
        assert!(
            problems
                .iter()
                .any(|(row, found)| *row == EndpointRow::Disable
                    && found.what.contains("never makes")),
            "{problems:?}"
        );
        assert!(
            problems.iter().any(|(_, found)| found.what.contains("{userPrincipalName}")),
            "{problems:?}"
        );
        let hidden = Endpoint {
            method: Method::Post,
            path: "/enterprise/regenerate%41PI%43redentials".into(),
            body: BodyFormat::Flat,
            accept: None,
        };
        let table = Endpoints { refresh_msal: Some(hidden), ..Endpoints::default() };
        assert!(
            matches!(super::problems(&table, false).as_slice(), [(_, found)] if found.what.contains("never \
            makes"))
        );
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
            (&BodyFormat::Flat, "/provisioning/v2/sync")
        );
        assert_eq!((&table.update.body, table.update.method), (&BodyFormat::Wrapped, Method::Post));
        assert_eq!(
            (&table.enable.body, &table.enable.path, table.enable.method),
            (&BodyFormat::Flat, &usual.enable.path, Method::Put)
        );
        assert_eq!(
            (&table.disable.body, &table.disable.path),
            (&BodyFormat::Wrapped, &usual.disable.path)
        );
        assert_eq!(
            table.refresh_msal,
            Some(Endpoint {
                method: Method::Post,
                path: "/r".into(),
                body: BodyFormat::Flat,
                accept: None
            })
        );
        assert_eq!(super::problems(&table, true), []);
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
        assert_eq!(
            (super::problems(&table, false).len(), super::problems(&table, true).len()),
            (0, 1)
        );
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
