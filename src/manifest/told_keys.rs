//! What an editor tells of each key of a manifest, beside what the types say: a sentence where they
//! have none, and examples.
//!
//! **Invariant:** each key of each kind has a sentence and an example that fits its schema; a test
//! holds that.

use serde_json::{Map, Value};

/// What is told of a key.
struct KeyHelp {
    /// What holds the key, where keys of one name mean several things.
    of: &'static str,
    key: &'static str,
    /// The sentence; empty where the types have one.
    what: &'static str,
    /// Examples, as a list in JSON.
    examples: &'static str,
}

const fn of(
    of: &'static str,
    key: &'static str,
    what: &'static str,
    examples: &'static str,
) -> KeyHelp {
    KeyHelp { of, key, what, examples }
}

const fn any(key: &'static str, what: &'static str, examples: &'static str) -> KeyHelp {
    of("", key, what, examples)
}

const KEYS: &[KeyHelp] = &[
    any("apiVersion", "The version of the format.", r#"["dialplane/v1"]"#),
    of("TenantDocument", "kind", "What the document is: a customer.", r#"["Tenant"]"#),
    of("UserSetDocument", "kind", "What the document is: users.", r#"["UserSet"]"#),
    of("ApprovalDocument", "kind", "What the document is: an approval.", r#"["Approval"]"#),
    of("TenantDocument", "metadata", "What the tenant is called.", r#"[{"name": "contoso"}]"#),
    any(
        "metadata",
        "What the document is called, and whose it is.",
        r#"[{"name": "office", "tenant": "contoso"}]"#,
    ),
    of(
        "TenantDocument",
        "spec",
        "The rules for the customer.",
        r#"[{"tenantId": "2f1b7c9e-5d0a-4c7e-8b61-0a9d3f4e6c25", "mode": "report", "prune": "never"}]"#,
    ),
    of(
        "UserSetDocument",
        "spec",
        "The users, and what they have in common.",
        r#"[{"users": [{"userPrincipalName": "adele@contoso.com", "calling": "enabled"}]}]"#,
    ),
    of(
        "ApprovalDocument",
        "spec",
        "What is approved.",
        r#"[{"plan": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "gates": ["limit"], "max": 12, "reason": "ann: the leavers of June", "expires": "2026-06-30"}]"#,
    ),
    of("TenantMetadata", "name", "", r#"["contoso"]"#),
    of("UserSetMetadata", "name", "", r#"["berlin-office"]"#),
    of("ApprovalMetadata", "name", "", r#"["leavers-of-june"]"#),
    any("tenant", "", r#"["contoso"]"#),
    // Tenants.
    any("tenantId", "", r#"["2f1b7c9e-5d0a-4c7e-8b61-0a9d3f4e6c25"]"#),
    any("account", "", r#"["reseller-eu"]"#),
    any("mode", "", r#"["enforce", "report", "suspend"]"#),
    any("prune", "", r#"["never", "disable"]"#),
    any("adopt", "", r#"["named", "all"]"#),
    any("limits", "", r#"[{"disable": {"percent": 10, "count": 20}}]"#),
    any("disable", "", r#"[{"percent": 10, "count": 20}]"#),
    of("LimitsEntry", "numbers", "", r#"[{"percent": 5, "floor": 2}]"#),
    any("changes", "", r#"[{"percent": 50}]"#),
    any("shrink", "", r#"[{"percent": 20, "floor": 5}]"#),
    any("percent", "", "[10]"),
    any("count", "", "[20]"),
    any("floor", "", "[2]"),
    any("protect", "", r#"[["reception@contoso.com", "+14255550100", {"site": "Berlin"}]]"#),
    of("protect", "site", "Everybody at this place.", r#"["Berlin"]"#),
    any("live", "", r#"["connecttoteams", "graph", "file"]"#),
    any("confirm", "", r#"["graph"]"#),
    of("TenantSpec", "numbers", "", r#"[{"extensionPrefix": "+44", "release": "clear"}]"#),
    any("extensionPrefix", "", r#"["+44"]"#),
    any("release", "", r#"["manual", "clear", "park"]"#),
    any("quarantine", "", r#"["30d"]"#),
    any("parking", "", r#"[["+14255550199"]]"#),
    any(
        "windows",
        "",
        r#"[{"timeZone": "Europe/Berlin", "allow": [{"from": "18:00", "to": "22:00"}]}]"#,
    ),
    any("timeZone", "", r#"["Europe/Berlin"]"#),
    any(
        "allow",
        "",
        r#"[[{"days": ["mon", "tue", "wed", "thu"], "from": "18:00", "to": "22:00"}]]"#,
    ),
    any("deny", "", r#"[[{"first": "2026-12-20", "last": "2027-01-06"}]]"#),
    any("days", "", r#"[["sat", "sun"]]"#),
    any("from", "", r#"["18:00"]"#),
    any("to", "", r#"["22:00", "24:00"]"#),
    any("first", "", r#"["2026-12-20"]"#),
    any("last", "", r#"["2027-01-06"]"#),
    any("writes", "", r#"["updateUserDetails", "configureUser"]"#),
    any("defaults", "", r#"[{"sbcGatewayId": 805, "useTeamsVoicemail": true}]"#),
    // Users.
    of(
        "UserSetSpec",
        "users",
        "",
        r#"[[{"userPrincipalName": "adele@contoso.com", "calling": "enabled", "phoneNumber": "+14255550100"}]]"#,
    ),
    any("userPrincipalName", "", r#"["adele@contoso.com"]"#),
    any("calling", "", r#"["enabled", "disabled"]"#),
    any("phoneNumber", "", r#"["+14255550100", "+441632960100;ext=12", "2014", "none"]"#),
    any("site", "", r#"["Berlin, 3rd floor"]"#),
    of("User", "from", "", r#"["2026-12-01", "2026-12-01T08:00"]"#),
    any("until", "", r#"["2027-06-30"]"#),
    of("User", "reason", "", r#"["ann: she leaves on Friday"]"#),
    any("sbcGatewayId", "The id of the gateway (SBC) that the user's calls go through.", "[805]"),
    any("pbxLocation", "The id of the PBX that the user is at.", r#"["7"]"#),
    any("pbxUserId", "Who the user is at the PBX.", r#"["1001"]"#),
    any("useTeamsVoicemail", "Whether missed calls go to the voicemail of Teams.", "[true, false]"),
    any(
        "useEnterpriseDialPlan",
        "Whether numbers are dialled by the customer's own dial plan.",
        "[true, false]",
    ),
    any(
        "useAudioConferenceVRP",
        "Whether audio conferences use the customer's voice routing policy.",
        "[true, false]",
    ),
    any("callPolicy", "What the user's calls show, and by which policy.", r#"[{"name": "Sales"}]"#),
    of("callPolicy", "name", "The name of the policy.", r#"["Sales"]"#),
    of("callPolicy", "cnam", "The name that calls show.", r#"["Contoso Sales"]"#),
    of(
        "callPolicy",
        "customCnam",
        "The name that calls show where `cnam` is OTHER.",
        r#"["Sales"]"#,
    ),
    of("callPolicy", "callerId", "The number that calls show.", r#"["+14255550100"]"#),
    of(
        "callPolicy",
        "forwardedCallsCallerId",
        "The number that forwarded calls show.",
        r#"["+14255550100"]"#,
    ),
    any("userTag", "A text of yours that the service keeps for the user.", r#"["sales"]"#),
    any(
        "pbxAuthUserId",
        "The name by which the user's device signs in to the PBX.",
        r#"["adele"]"#,
    ),
    any(
        "linePort",
        "The line and port of the user's device at the PBX.",
        r#"["adele@pbx.example"]"#,
    ),
    any("codecs", "The codecs of the user's device.", r#"["PCMA,PCMU"]"#),
    any("deviceName", "The name of the user's device.", r#"["desk-12"]"#),
    any("deviceType", "The type of the user's device.", r#"["desk phone"]"#),
    any("macAddress", "The hardware address of the user's device.", r#"["00:00:5E:00:53:01"]"#),
    any(
        "portalLoginName",
        "The name by which the user signs in to the PBX's portal.",
        r#"["adele"]"#,
    ),
    any("provisioningUsername", "The name by which the user's device is set up.", r#"["desk-12"]"#),
    any(
        "sipAutoProvisioningEnabled",
        "Whether the user's SIP account is set up automatically.",
        "[true, false]",
    ),
    any("email", "The user's address for mail.", r#"["adele@contoso.com"]"#),
    any("firstName", "The user's first name.", r#"["Adele"]"#),
    any("lastName", "The user's last name.", r#"["Vance"]"#),
    any("userType", "What kind of user it is at the service.", r#"["PBX"]"#),
    any("onboard", "", "[true, false]"),
    any("secretsFrom", "", r#"["pbx"]"#),
    any("service", "", r#"["phone", "callApp"]"#),
    // Approvals.
    any("plan", "", r#"["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]"#),
    any("gates", "", r#"[["limit"]]"#),
    of("ApprovalSpec", "users", "", r#"[["adele@contoso.com"]]"#),
    any("max", "", "[12]"),
    of("ApprovalSpec", "reason", "", r#"["ann: the leavers of June"]"#),
    any("expires", "", r#"["2026-06-30", "2026-06-30T18:00:00Z"]"#),
];

/// Adds to each key of the definitions what is told of it.
pub(super) fn tell(definitions: &mut Map<String, Value>) {
    for (name, definition) in definitions {
        tell_below(name, definition);
    }
}

fn tell_below(holder: &str, schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (key, schema) in properties {
            if let Some(schema) = schema.as_object_mut() {
                tell_key(holder, key, schema);
            }
            tell_below(key, schema);
        }
    }
    for choice in
        schema.pointer_mut("/items/anyOf").and_then(Value::as_array_mut).into_iter().flatten()
    {
        tell_below(holder, choice);
    }
}

fn tell_key(holder: &str, key: &str, schema: &mut Map<String, Value>) {
    let named = KEYS.iter().filter(|told| told.key == key);
    let told = named.filter(|told| told.of.is_empty() || told.of == holder);
    // What is said of the holder's key goes before what is said of all keys of that name.
    let Some(told) = told.max_by_key(|told| told.of.len()) else { return };
    if !told.what.is_empty() {
        schema.entry("description").or_insert_with(|| told.what.into());
    }
    if let Ok(examples) = serde_json::from_str(told.examples) {
        schema.insert("examples".to_owned(), examples);
    }
}
