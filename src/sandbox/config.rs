//! The settings that point Dialplane at a sandbox, as text: the sandbox knows the program by its
//! file format only.
//!
//! **Invariant:** only the rows of the calls that the vendor does not publish are overridden; all
//! others are the defaults.

use std::fmt::Write as _;

use super::{
    fields::place,
    graph::GRAPH_CLIENT_ID,
    login::{CLIENT_ID, SECRET, USERNAME},
    reads::SANDBOX_ACTION,
    world::Envelope,
};
use crate::model::Field;

/// The first line of the settings: a file that begins with it may be replaced.
pub const CONFIG_HEADER: &str = "# Dialplane against the sandbox: nothing in this file is secret.";

/// A complete `dialplane.yaml` for the sandbox at `base_url`.
#[must_use]
pub fn config_yaml(base_url: &str) -> String {
    config_yaml_for(base_url, Envelope::default())
}

/// The same for a sandbox that wraps its lists in this way.
#[must_use]
pub fn config_yaml_for(base_url: &str, envelope: Envelope) -> String {
    let (paging, items) = match envelope {
        Envelope::Datatables => ("datatables", "/data/_embedded/userList"),
        Envelope::Page => ("page", "/content"),
        Envelope::Bare => ("none", "\"\""),
    };
    let mut fields = String::new();
    for field in Field::ALL {
        let (in_policy, name) = place(field);
        let group = if in_policy { "/callPolicyInfo" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(fields, "\n        {field}: {group}/{name}");
    }
    format!(
        r#"{CONFIG_HEADER}
connectToTeams:
  baseUrl: "{base_url}"
  clientId: {CLIENT_ID}
  clientSecret: {{ command: [printf, {SECRET}] }}
  username: {USERNAME}
  password: {{ command: [printf, {SECRET}] }}
  endpoints:
    consentLink:
      body: {{ actionType: {SANDBOX_ACTION}, tenantId: "{{tenantId}}", callbackUrl: "https://example.com/done" }}
      url: /url
    enableCallApp: {{ path: "/sandbox/enableCallApp/{{userPrincipalName}}" }}
    disableCallApp: {{ path: "/sandbox/disableCallApp/{{userPrincipalName}}" }}
    listUsers:
      call: {{ method: GET, path: "/sandbox/listUsers?tenantId={{tenantId}}" }}
      paging: {paging}
      pageSize: 200
      items: {items}
      user: /teamsUserId
      id: /objectId
      tenant: /tenantId
      calling: {{ at: /callingStatus, enabled: [ENABLED], disabled: [DISABLED] }}
      notSetUp: {{ at: /userStatus, values: [LICENSED] }}
      callApp: {{ at: /userService, values: [CALLAPP] }}
      fields:{fields}
graph:
  clientId: {GRAPH_CLIENT_ID}
  clientSecret: {{ command: [printf, {SECRET}] }}
  baseUrl: "{base_url}"
  loginUrl: "{base_url}"
  pageSize: 200
state: {{ path: .dialplane/sandbox }}
execution: {{ settle: 5s, firstSettle: 5s, syncSpacing: 2s }}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_yaml_and_name_every_field() {
        let settings: serde_json::Value =
            serde_yaml::from_str(&config_yaml("http://127.0.0.1:8405")).unwrap();
        let row = &settings["connectToTeams"]["endpoints"]["listUsers"];
        assert_eq!(row["call"]["path"], "/sandbox/listUsers?tenantId={tenantId}");
        assert_eq!(row["fields"]["callPolicy.name"], "/callPolicyInfo/callPolicyName");
        assert_eq!(row["fields"].as_object().map(serde_json::Map::len), Some(Field::ALL.len()));
        for envelope in [Envelope::Page, Envelope::Bare] {
            let settings: serde_json::Value =
                serde_yaml::from_str(&config_yaml_for("http://127.0.0.1:8405", envelope)).unwrap();
            assert_eq!(settings["graph"]["baseUrl"], "http://127.0.0.1:8405");
        }
    }
}
