//! The endpoint table as the client sees it: all that its rows can make it send, and how pages are
//! asked for.

use crate::config::{Endpoint, EndpointRow, Endpoints, ListUsers, Method, Paging};

/// Every method and path template that the client can send.
pub(super) fn emits(endpoints: &Endpoints) -> Vec<(Method, String)> {
    let template = |(row, call): (EndpointRow, &Endpoint)| match &endpoints.list_users {
        Some(list) if row == EndpointRow::ListUsers => {
            (call.method, with_query(list, ["{draw}", "{start}", "{length}", "{page}"]))
        }
        _ => (call.method, call.path.clone()),
    };
    endpoints.rows().map(template).collect()
}

/// The numbers of one page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageNumbers([usize; 4]);

impl PageNumbers {
    /// Those of the `number`-th page, from 1, behind `start` entries.
    pub(super) fn of(row: &ListUsers, number: usize, start: usize) -> Self {
        Self([start, row.page_size as usize, row.pages.first.saturating_add(number - 1), number])
    }

    /// What is put in a place of `listUsers`.
    pub(super) fn get(&self, place: &str) -> Option<usize> {
        ListUsers::PLACES
            .iter()
            .zip(self.0)
            .find_map(|(name, value)| (*name == place).then_some(value))
    }
}

/// The path and query of one page.
pub(super) fn page_path(row: &ListUsers, page: PageNumbers) -> String {
    let [start, length, number, draw] = page.0.map(|value| value.to_string());
    if row.pages_itself() {
        let filled = |path: String, (name, value): (&&str, usize)| {
            path.replace(&format!("{{{name}}}"), &value.to_string())
        };
        return ListUsers::PLACES.iter().zip(page.0).fold(row.call.path.clone(), filled);
    }
    with_query(row, [&draw, &start, &length, &number])
}

/// The query that asks for a page (contract 1: the `DataTables` envelope; or a number and a size
/// under names of their own).
fn with_query(row: &ListUsers, [draw, start, length, page]: [&str; 4]) -> String {
    let query = match row.paging {
        _ if row.pages_itself() => return row.call.path.clone(),
        Paging::None => return row.call.path.clone(),
        Paging::Datatables => format!("draw={draw}&start={start}&length={length}"),
        Paging::Page => format!("{}={page}&{}={length}", row.pages.number, row.pages.size),
    };
    let glue = if row.call.path.contains('?') { '&' } else { '?' };
    format!("{}{glue}{query}", row.call.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_emits_these_calls_and_no_others() {
        let emitted: Vec<String> = emits(&Endpoints::default())
            .into_iter()
            .map(|(method, path)| format!("{method:?} {path}"))
            .collect();
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
                "Post /enterprise/configureUser",
                "Post /valet/configureValetUser",
                "Post /provisioning/syncTeamsRegistrations",
            ]
        );
    }

    #[test]
    fn a_page_is_asked_for_where_the_row_says() {
        let row = |call: serde_json::Value| -> ListUsers {
            let calling = serde_json::json!({"at": "/c", "enabled": ["a"], "disabled": ["b"]});
            let row = serde_json::json!({"call": call, "paging": "page", "pageSize": 50, "user": "/u", "calling": calling});
            serde_json::from_value(row).unwrap()
        };
        let plain = row(serde_json::json!({"method": "GET", "path": "/users?t={tenantId}"}));
        assert_eq!(
            page_path(&plain, PageNumbers::of(&plain, 3, 100)),
            "/users?t={tenantId}&page=2&size=50"
        );
        let own = row(
            serde_json::json!({"method": "GET", "path": "/users?from={start}&n={length}&p={page}"}),
        );
        assert_eq!(page_path(&own, PageNumbers::of(&own, 3, 100)), "/users?from=100&n=50&p=2");
        let body = row(
            serde_json::json!({"method": "POST", "path": "/users", "body": {"start": "{start}"}}),
        );
        let page = PageNumbers::of(&body, 3, 100);
        assert_eq!(
            (page_path(&body, page).as_str(), page.get("draw"), page.get("start")),
            ("/users", Some(3), Some(100))
        );
    }
}
