//! The endpoint table as the client sees it: which rows can be used, and all that they can make it send.

use crate::config::{Body, Call, Endpoints, ListUsers, Method, Paging};

/// What is wrong with the table, row by row: what the configuration knows of it, and what only the client does.
pub(super) fn problems(endpoints: &Endpoints) -> Vec<(&'static str, String)> {
    let mut problems = endpoints.problems();
    for (name, call) in rows(endpoints) {
        let cannot_fill: &[&str] = match name {
            // Asked before the reseller is known; `whoAmI` is how it becomes known.
            "token" | "whoAmI" => &["{tenantId}", "{resellerId}", "{userPrincipalName}"],
            // Of the whole account, whatever the tenant.
            "resellers" | "enterprises" | "gateways" => &["{tenantId}", "{userPrincipalName}"],
            "enterprise" | "sync" | "refreshMsal" | "listUsers" => &["{userPrincipalName}"],
            _ => &[],
        };
        for place in cannot_fill.iter().filter(|place| call.path.contains(**place)) {
            problems.push((name, format!("path `{}`: {place} is not known when this call is made", call.path)));
        }
        if call.path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#' || c == '\\') {
            problems.push((name, format!("path `{}` may not contain white space, `#` or `\\`", call.path)));
        }
        if call.path.matches('{').count() != call.path.matches('}').count() {
            problems.push((name, format!("path `{}` has a brace without its partner", call.path)));
        }
    }
    for (name, call) in
        [("resellers", &endpoints.resellers), ("enterprises", &endpoints.enterprises), ("gateways", &endpoints.gateways)]
    {
        if call.body != Body::None {
            problems.push((name, "this call is about no tenant, so that its body can only be `none`".to_owned()));
        }
    }
    if endpoints.update.body == Body::Text {
        problems.push(("update", "body `text` cannot carry fields; use `wrapped` or `flat`".to_owned()));
    }
    problems
}

/// Every method and path template that the client can send.
pub(super) fn emits(endpoints: &Endpoints) -> Vec<(Method, String)> {
    let template = |(name, call): (&str, &Call)| match &endpoints.list_users {
        Some(row) if name == "listUsers" => (call.method, with_query(row, ["{draw}", "{start}", "{length}", "{page}"])),
        _ => (call.method, call.path.clone()),
    };
    rows(endpoints).map(template).collect()
}

/// The path and query of one page: the `number`-th, from 1, behind `start` entries.
pub(super) fn page_path(row: &ListUsers, number: usize, start: usize) -> String {
    let page = row.pages.first.saturating_add(number - 1);
    let [draw, start, length, page] = [number, start, row.page_size as usize, page].map(|value| value.to_string());
    with_query(row, [&draw, &start, &length, &page])
}

/// The query that asks for a page (contract 1: the `DataTables` envelope; or a number and a size under names of their own).
fn with_query(row: &ListUsers, [draw, start, length, page]: [&str; 4]) -> String {
    let query = match row.paging {
        Paging::None => return row.call.path.clone(),
        Paging::Datatables => format!("draw={draw}&start={start}&length={length}"),
        Paging::Page => format!("{}={page}&{}={length}", row.pages.number, row.pages.size),
    };
    let glue = if row.call.path.contains('?') { '&' } else { '?' };
    format!("{}{glue}{query}", row.call.path)
}

fn rows(endpoints: &Endpoints) -> impl Iterator<Item = (&'static str, &Call)> {
    let fixed = [
        ("token", &endpoints.token),
        ("whoAmI", &endpoints.who_am_i),
        ("resellers", &endpoints.resellers),
        ("enterprises", &endpoints.enterprises),
        ("gateways", &endpoints.gateways),
        ("enterprise", &endpoints.enterprise),
        ("enable", &endpoints.enable),
        ("disable", &endpoints.disable),
        ("update", &endpoints.update),
        ("sync", &endpoints.sync),
    ];
    let refresh = endpoints.refresh_msal.as_ref().map(|call| ("refreshMsal", call));
    fixed.into_iter().chain(refresh).chain(endpoints.list_users.as_ref().map(|row| ("listUsers", &row.call)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_emits_these_calls_and_no_others() {
        let emitted: Vec<String> =
            emits(&Endpoints::default()).into_iter().map(|(method, path)| format!("{method:?} {path}")).collect();
        assert_eq!(
            emitted,
            [
                "Post /oauth/token",
                "Put /reseller/getAuthenticatedUser",
                "Get /reseller/getResellers/{resellerId}",
                "Get /reseller/getEnterprisesForReseller/{resellerId}",
                "Get /reseller/getAvailableSBCGatewayRegionsByResellerId/{resellerId}",
                "Get /enterprise/getEnterpriseInfoForTenant/{tenantId}",
                "Post /provisioning/enableCallingForUser/{userPrincipalName}",
                "Post /provisioning/disableCallingForUser/{userPrincipalName}",
                "Post /provisioning/updateUserDetails",
                "Post /provisioning/syncTeamsRegistrations",
            ]
        );
        assert_eq!(problems(&Endpoints::default()), []);
    }

    #[test]
    fn a_row_that_cannot_be_sent_is_found_before_anything_is() {
        let mut table = Endpoints::default();
        table.who_am_i.path = "/reseller/{resellerId}".to_owned();
        table.update.body = Body::Text;
        table.sync.path = "/sync#now".to_owned();
        let rows: Vec<_> = problems(&table).into_iter().map(|(row, _)| row).collect();
        assert_eq!(rows, ["whoAmI", "sync", "update"]);
    }
}
