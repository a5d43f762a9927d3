//! What an editor tells of each key of the configuration, beside what the types say: examples, and a
//! sentence where the types have none.
//!
//! **Invariant:** each key has a sentence and an example that fits its schema; a test holds that.

use serde_json::{Map, Value};

/// The examples of a key.
struct KeyExamples {
    /// The type that holds the key, where keys of one name mean several things.
    of: &'static str,
    key: &'static str,
    /// A list in JSON.
    examples: &'static str,
}

const fn of(of: &'static str, key: &'static str, examples: &'static str) -> KeyExamples {
    KeyExamples { of, key, examples }
}

const fn any(key: &'static str, examples: &'static str) -> KeyExamples {
    of("", key, examples)
}

#[rustfmt::skip]
const EXAMPLES: &[KeyExamples] = &[
    any("manifests", r#"["manifests", ["manifests", "/srv/lab"]]"#),
    of("Settings", "git", r#"[{"url": "https://git.acme.example/telephony/manifests.git", "branch": "main"}]"#),
    of("ManifestSource", "git", r#"[{"url": "https://git.acme.example/telephony/manifests.git"}]"#),
    any("sources", r#"[{"lab": {"manifests": ["/srv/lab"], "tenants": ["lab-one"]}}]"#),
    any("connectToTeams", r#"[{"clientId": "acme", "clientSecret": {"env": "CONNECTTOTEAMS_SECRET"}, "username": "dialplane@acme.example", "password": {"file": "/run/secrets/connecttoteams"}}]"#),
    any("accounts", r#"[{"emea": {"clientId": "acme-emea", "clientSecret": {"env": "EMEA_SECRET"}, "username": "dialplane@emea.acme.example", "password": {"env": "EMEA_PASSWORD"}}}]"#),
    any("graph", r#"[{"clientId": "00001111-aaaa-2222-bbbb-3333cccc4444", "clientSecret": {"env": "GRAPH_SECRET"}}]"#),
    any("state", r#"[{"path": ".dialplane", "retention": "365d"}]"#),
    any("postgres", r#"[{"url": {"file": "/run/secrets/database-url"}, "rootCertificate": "/etc/dialplane/ca.pem"}]"#),
    of("Postgres", "url", r#"[{"file": "/run/secrets/database-url"}]"#),
    any("rootCertificate", r#"["/etc/dialplane/ca.pem"]"#),
    any("schema", r#"["dialplane"]"#),
    any("takeover", r#"["60s"]"#),
    any("execution", r#"[{"usersPerTenant": 4, "perHour": {"disable": 100}}]"#),
    any("run", r#"[{"resync": "15m", "absence": "5m"}]"#),
    any("live", r#"[{"file": "live", "maxAge": "4h"}]"#),
    any("server", r#"[{"listen": "127.0.0.1:8406"}]"#),
    any("notices", r#"[{"receivers": {"on-call": {"kind": "slack", "url": {"env": "SLACK_URL"}}}}]"#),
    any("stop", "[false, true]"),
    any("stopFile", r#"[".dialplane/stop"]"#),
    of("GitSource", "url", r#"["https://git.acme.example/telephony/manifests.git", "ssh://git@git.acme.example/manifests.git"]"#),
    any("branch", r#"["main"]"#),
    any("folder", r#"["manifests", "."]"#),
    any("interval", r#"["60s"]"#),
    any("auth", r#"[{"token": {"file": "/run/secrets/git-token"}}]"#),
    any("verify", r#"[{"allowedSigners": "/etc/dialplane/allowed_signers"}]"#),
    any("forcePush", r#"["accept", "hold"]"#),
    any("allowedSigners", r#"["/etc/dialplane/allowed_signers"]"#),
    any("gpgKeys", r#"["/etc/dialplane/gpg"]"#),
    any("token", r#"[{"file": "/run/secrets/token"}]"#),
    of("Rows", "token", r#"[{"method": "POST", "path": "/oauth/token"}]"#),
    any("username", r#"["dialplane@acme.example"]"#),
    of("GitAuth", "username", r#"["x-access-token"]"#),
    any("ssh", r#"[{"key": "/etc/dialplane/id_ed25519", "knownHosts": "/etc/dialplane/known_hosts"}]"#),
    any("key", r#"["/etc/dialplane/id_ed25519"]"#),
    any("knownHosts", r#"["/etc/dialplane/known_hosts"]"#),
    any("tenants", r#"[["contoso"]]"#),
    of("Execution", "tenants", "[4]"),
    of("Receiver", "tenants", r#"[["contoso", "kunde-1*"]]"#),
    any("baseUrl", r#"["https://api.connecttoteams.com"]"#),
    of("Graph", "baseUrl", r#"["https://graph.microsoft.com"]"#),
    any("clientId", r#"["acme-dialplane"]"#),
    of("Graph", "clientId", r#"["00001111-aaaa-2222-bbbb-3333cccc4444"]"#),
    any("clientSecret", r#"[{"env": "CONNECTTOTEAMS_SECRET"}, {"command": ["vault", "read", "-field=secret", "kv/dialplane"]}]"#),
    any("password", r#"[{"file": "/run/secrets/connecttoteams"}]"#),
    of("UserSecrets", "password", r#"[{"command": ["vault-read", "sip/{userPrincipalName}"]}]"#),
    any("resellerId", "[123]"),
    any("resellerOf", r#"[{"contoso": 77}]"#),
    any("endpoints", r#"[{"sync": {"path": "/provisioning/syncTeamsRegistrations", "body": "flat"}}]"#),
    any("timeout", r#"["60s"]"#),
    any("retryPause", r#"["250ms"]"#),
    any("userSecrets", r#"[{"pbx": {"password": {"command": ["vault-read", "sip/{userPrincipalName}"]}}}]"#),
    any("enterprises", r#"[{"contoso": {"credentials": {"file": "contoso-credentials.json"}, "msal": {"command": ["fetch-msal", "contoso"]}}}]"#),
    of("Rows", "enterprises", r#"[{"method": "GET", "path": "/reseller/getEnterprisesForReseller/{resellerId}"}]"#),
    any("credentials", r#"[{"file": "contoso-credentials.json"}]"#),
    any("msal", r#"[{"command": ["fetch-msal", "contoso"]}]"#),
    any("rePassword", r#"[{"command": ["vault-read", "sip/{userPrincipalName}"]}]"#),
    any("portalPassword", r#"[{"file": "secrets/{userPrincipalName}.portal"}]"#),
    any("provisioningPassword", r#"[{"file": "secrets/{userPrincipalName}.device"}]"#),
    any("whoAmI", r#"[{"method": "PUT", "path": "/reseller/getAuthenticatedUser"}]"#),
    any("resellers", r#"[{"path": "/reseller/getResellers/{resellerId}"}]"#),
    any("gateways", r#"[{"path": "/reseller/getAvailableSBCGatewayRegionsByResellerId/{resellerId}"}]"#),
    any("enterprise", r#"[{"path": "/enterprise/getEnterpriseInfoForTenant/{tenantId}"}]"#),
    any("enable", r#"[{"path": "/provisioning/enableCallingForUser/{userPrincipalName}", "body": "flat"}]"#),
    of("Rows", "disable", r#"[{"path": "/provisioning/disableCallingForUser/{userPrincipalName}", "body": "flat"}]"#),
    any("update", r#"[{"path": "/provisioning/updateUserDetails", "body": "wrapped"}]"#),
    any("configure", r#"[{"path": "/enterprise/configureUser", "body": "tenant"}]"#),
    any("configureCallApp", r#"[{"path": "/valet/configureValetUser", "body": "tenant"}]"#),
    any("enableCallApp", r#"[{"path": "/what/support/tells/you/{userPrincipalName}", "body": "flat"}]"#),
    any("disableCallApp", r#"[{"path": "/what/support/tells/you/{userPrincipalName}", "body": "flat"}]"#),
    any("sync", r#"[{"path": "/provisioning/syncTeamsRegistrations", "accept": "status"}]"#),
    any("refreshMsal", r#"[{"path": "/what/support/tells/you", "body": "flat"}]"#),
    any("consentLink", r#"[{"body": {"actionType": "WHAT_SUPPORT_TELLS_YOU", "tenantId": "{tenantId}"}, "url": "/url"}]"#),
    any("listUsers", r#"[{"call": {"method": "GET", "path": "/what/support/tells/you?tenantId={tenantId}"}, "user": "/teamsUserId", "calling": {"at": "/callingStatus", "enabled": ["ENABLED"], "disabled": ["DISABLED"]}}]"#),
    any("method", r#"["GET", "POST", "PUT"]"#),
    any("path", r#"["/provisioning/updateUserDetails"]"#),
    of("State", "path", r#"[".dialplane"]"#),
    any("body", r#"["flat", {"tenantId": "{tenantId}"}]"#),
    any("accept", r#"["json", "status"]"#),
    any("url", r#"["/url"]"#),
    any("call", r#"[{"method": "GET", "path": "/what/support/tells/you?tenantId={tenantId}"}]"#),
    any("paging", r#"["none", "datatables", "page"]"#),
    any("pageSize", "[500]"),
    any("items", r#"["/data"]"#),
    any("pages", r#"[{"number": "page", "size": "size", "first": 0, "total": "/totalElements"}]"#),
    of("Pages", "number", r#"["page"]"#),
    any("size", r#"["size"]"#),
    any("first", "[0]"),
    any("total", r#"["/totalElements"]"#),
    any("user", r#"["/teamsUserId"]"#),
    of("Sheet", "user", r#"["TeamsUserID"]"#),
    any("id", r#"["/objectId"]"#),
    any("tenant", r#"["/tenantId"]"#),
    any("calling", r#"[{"at": "/callingStatus", "enabled": ["ENABLED"], "disabled": ["DISABLED"]}]"#),
    of("Sheet", "calling", r#"[{"column": "Calling", "enabled": ["Active"], "disabled": ["Inactive"]}]"#),
    any("notSetUp", r#"[{"at": "/userStatus", "values": ["LICENSED"]}]"#),
    any("callApp", r#"[{"at": "/userService", "values": ["CALLAPP"]}]"#),
    any("fields", r#"[{"phoneNumber": "/phoneNumber", "sbcGatewayId": "/sbcGatewayId"}]"#),
    of("Sheet", "fields", r#"[{"phoneNumber": "PhoneNumber"}]"#),
    any("omitsUnset", "[false, true]"),
    any("at", r#"["/callingStatus"]"#),
    any("enabled", r#"[["ENABLED"]]"#),
    any("disabled", r#"[["DISABLED"]]"#),
    any("values", r#"[["LICENSED"]]"#),
    any("column", r#"["Calling"]"#),
    any("loginUrl", r#"["https://login.microsoftonline.com"]"#),
    any("retention", r#"["365d"]"#),
    any("entries", "[2000000]"),
    any("usersPerTenant", "[4]"),
    any("readers", "[16]"),
    any("settle", r#"["4h"]"#),
    any("firstSettle", r#"["24h"]"#),
    any("syncSpacing", r#"["5m"]"#),
    any("flapLimit", "[3]"),
    any("flapWindow", r#"["24h"]"#),
    any("perHour", r#"[{"disable": 100, "numbers": 500, "changes": 5000}]"#),
    any("interruption", r#"[{"number": "15m", "gateway": "5m"}]"#),
    any("disable", "[100]"),
    any("numbers", "[500]"),
    any("changes", "[5000]"),
    of("Interruption", "number", r#"["15m"]"#),
    any("gateway", r#"["5m"]"#),
    any("details", r#"["0s"]"#),
    any("debounce", r#"["500ms"]"#),
    any("debounceCeiling", r#"["10s"]"#),
    any("poll", r#"["30s"]"#),
    any("resync", r#"["15m"]"#),
    any("backoff", r#"["10s"]"#),
    any("backoffCeiling", r#"["30m"]"#),
    any("absence", r#"["5m"]"#),
    any("grace", r#"["20s"]"#),
    any("file", r#"["live", "contoso.csv"]"#),
    of("Secret", "file", r#"["/run/secrets/connecttoteams"]"#),
    any("maxAge", r#"["4h"]"#),
    any("portal", r#"[{"user": "TeamsUserID", "fields": {"phoneNumber": "PhoneNumber"}}]"#),
    any("listen", r#"["127.0.0.1:8406", "[::1]:8406"]"#),
    any("hosts", r#"[["dialplane.acme.example"]]"#),
    any("hookSecret", r#"[{"file": "/run/secrets/hook"}]"#),
    any("protectAll", "[false, true]"),
    any("after", r#"["2m"]"#),
    any("remind", r#"["24h"]"#),
    any("page", r#"["https://dialplane.acme.example"]"#),
    any("receivers", r#"[{"on-call": {"kind": "teams", "url": {"env": "TEAMS_URL"}}}]"#),
    any("kind", r#"["webhook", "slack", "teams"]"#),
    of("Receiver", "url", r#"[{"env": "HOOK_URL"}]"#),
    any("secret", r#"[{"file": "/run/secrets/hook"}]"#),
    any("formerSecret", r#"[{"env": "OLD_SECRET"}]"#),
    any("kinds", r#"[["journal", "held"]]"#),
    any("names", "[false, true]"),
    of("Secret", "env", r#"["CONNECTTOTEAMS_SECRET"]"#),
    of("Secret", "command", r#"[["vault", "read", "-field=secret", "kv/dialplane"]]"#),
    of("Secret", "variables", r#"[["VAULT_ADDR", "VAULT_TOKEN"]]"#),
];

/// Sentences of keys whose types have none.
const SENTENCES: &[(&str, &str)] = &[
    ("env", "An environment variable that holds it."),
    ("file", "A file that holds it, without its last line break."),
    ("command", "A program that prints it, and its arguments."),
    ("variables", "What the program may see of the environment, beside PATH, HOME and the like."),
    ("method", "The HTTP method."),
    ("path", "The path below the base URL; its places are filled in."),
    ("body", "What the body carries."),
    ("accept", "Which answer with a good status is a yes."),
    ("url", "Where the link is in an answer: a JSON Pointer; absent: the only link there."),
];

/// Adds to each key of a schema what is told of it.
pub(super) fn tell(schema: &mut Value) {
    tell_keys("Settings", schema);
    for (name, definition) in
        schema.get_mut("$defs").and_then(Value::as_object_mut).into_iter().flatten()
    {
        tell_keys(name, definition);
    }
}

fn tell_keys(holder: &str, schema: &mut Value) {
    let keys = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (key, schema) in keys.into_iter().flatten() {
        if let Some(schema) = schema.as_object_mut() {
            tell_key(holder, key, schema);
        }
    }
}

fn tell_key(holder: &str, key: &str, schema: &mut Map<String, Value>) {
    let named = |of: &str| EXAMPLES.iter().find(|told| told.of == of && told.key == key);
    // What is said of the holder's key goes before what is said of all keys of that name.
    if let Some(told) = named(holder).or_else(|| named(""))
        && let Ok(examples) = serde_json::from_str(told.examples)
    {
        schema.insert("examples".to_owned(), examples);
    }
    if let Some((_, sentence)) = SENTENCES.iter().find(|told| told.0 == key) {
        schema.entry("description").or_insert_with(|| (*sentence).into());
    }
}
