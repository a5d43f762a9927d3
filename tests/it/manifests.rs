//! The shipped manifests, and the schema that editors check manifests with: it and the program
//! agree.

use std::{collections::BTreeSet, path::PathBuf};

use dialplane::{
    manifest::{self, ManifestFile},
    model::{Calling, Mode, Prune, Upn},
    sandbox::World,
    source, yaml,
};
use jsonschema::Validator;
use serde_json::Value;

fn schema() -> Validator {
    jsonschema::validator_for(&manifest::json_schema()).expect("the schema is one")
}

fn documents(text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).expect("YAML");
    documents
        .into_iter()
        .map(|document| serde_json::to_value(document).expect("only text as keys"))
        .collect()
}

fn shipped() -> Vec<ManifestFile> {
    source::read_tree(&[PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("manifests")]).files
}

#[test]
fn the_shipped_manifests_are_right_and_show_what_there_is() {
    let loaded = manifest::load(&shipped());
    assert_eq!(loaded.diagnostics.iter().map(yaml::render).collect::<String>(), "");
    assert!(loaded.broken.is_empty() && loaded.unclear.is_empty());

    let tenants: Vec<_> = loaded.desired.tenants.values().collect();
    let users: Vec<_> = tenants.iter().flat_map(|tenant| tenant.users.values()).collect();
    assert!(
        tenants.len() >= 3 && users.len() >= 60,
        "{} tenants, {} users",
        tenants.len(),
        users.len()
    );
    assert!(shipped().len() > tenants.len(), "users are split over several files");

    let countries: BTreeSet<_> = ["+1", "+44", "+49", "+61"].into_iter().collect();
    let numbers: Vec<_> = users.iter().filter_map(|user| user.details.phone()).collect();
    let of = |country: &str| {
        numbers.iter().any(|number| !number.is_extension() && number.normal().starts_with(country))
    };
    assert!(countries.into_iter().all(of));
    assert!(numbers.iter().any(|number| number.is_extension()));
    assert!(
        users
            .iter()
            .any(|user| user.calling == Calling::Disabled && user.details.phone().is_none())
    );
    assert!(tenants.iter().any(|tenant| tenant.prune == Prune::Disable));
    assert!(tenants.iter().any(|tenant| !tenant.protect.users.is_empty()));
    for tenant in &tenants {
        assert!(
            tenant.protect.users.iter().all(|upn| tenant.users.contains_key(upn)),
            "{}: a protected user is no user",
            tenant.name
        );
    }
    // The sandbox takes the last tenant's consent away, and the first ones are where people look
    // for changes.
    let modes: Vec<_> = tenants.iter().map(|tenant| tenant.mode).collect();
    assert!(
        modes.iter().take(3).chain(modes.last()).all(|mode| *mode == Mode::Enforce),
        "{modes:?}"
    );
}

#[test]
fn the_shipped_manifests_fit_the_schema() {
    let schema = schema();
    for file in shipped() {
        for document in documents(file.at_hand().expect("text")) {
            let errors: Vec<String> =
                schema.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", file.path);
        }
    }
}

const TENANT: &str = "\
apiVersion: dialplane/v1
kind: Tenant
metadata:
  name: contoso
spec:
  tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd
  mode: enforce
  prune: never
  live: graph
  defaults: {sbcGatewayId: 805, callPolicy: {name: Global}}
  limits: {disable: {percent: 10, count: 25}}
  protect: [adele@contoso.com]
  numbers: {extensionPrefix: \"+1\"}
  windows: {timeZone: Europe/Berlin, allow: [{days: [mon, sun], from: \"22:00\", to: \"05:00\"}], deny: [{first: 2026-12-24, last: 2026-12-26}]}
";

const USERS: &str = "\
apiVersion: dialplane/v1
kind: UserSet
metadata:
  name: sales
  tenant: contoso
spec:
  defaults: {useTeamsVoicemail: true}
  users:
    - userPrincipalName: adele@contoso.com
      calling: enabled
      phoneNumber: \"+14255550100\"
---
apiVersion: dialplane/v1
kind: Approval
metadata:
  name: autumn
  tenant: contoso
spec:
  plan: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  gates: [limit]
  max: 30
  reason: they have left
  expires: 2026-09-30
";

/// What both texts become with one replacement, which has to be found in one of them.
fn edited(from: &str, to: &str) -> [String; 2] {
    let both = [TENANT, USERS].map(|text| text.replacen(from, to, 1));
    let changed =
        [TENANT, USERS].iter().zip(&both).filter(|(before, after)| *before != after).count();
    assert!(changed > 0 || from == to, "nothing contains {from:?}");
    both
}

/// Whether the schema, and whether the program accepts the two documents.
fn verdicts(schema: &Validator, [tenant, users]: &[String; 2]) -> (bool, bool) {
    let fits = [tenant, users]
        .into_iter()
        .flat_map(|text| documents(text))
        .all(|document| schema.is_valid(&document));
    let loaded = manifest::load(&[
        ManifestFile::new("tenant.yaml", tenant),
        ManifestFile::new("users.yaml", users),
    ]);
    (fits, loaded.diagnostics.is_empty())
}

#[test]
fn what_the_schema_refuses_the_program_refuses_too() {
    let wrong = [
        ("  mode: enforce", "  mode: enforce\n  modes: enforce"),
        ("      calling: enabled", "      calling: enabled\n      voicemail: true"),
        ("      calling: enabled", "      calling: enabled\n      password: secret"),
        ("callPolicy: {name: Global}", "callPolicy: {title: Global}"),
        ("count: 25", "number: 25"),
        ("count: 25}", "count: 25}, shrink: {percent: 101}"),
        ("count: 25}", "count: 25}, shrink: {floor: -1}"),
        ("count: 25}", "count: 25}, shrink: {count: 1}"),
        ("  mode: enforce\n", ""),
        ("  prune: never\n", ""),
        ("  tenantId: 87d349ed-44d7-43e1-9a83-5f2406dee5bd\n", ""),
        ("  name: contoso\n", "  labels: {}\n"),
        ("  tenant: contoso\n", ""),
        ("      calling: enabled\n", ""),
        ("    - userPrincipalName: adele@contoso.com\n      calling", "    - calling"),
        ("apiVersion: dialplane/v1\n", ""),
        ("dialplane/v1", "dialplane/v2"),
        ("kind: UserSet", "kind: Users"),
        ("mode: enforce", "mode: enforced"),
        ("mode: enforce", "mode: null"),
        ("prune: never", "prune: always"),
        ("prune: never", "prune: ~"),
        ("live: graph", "live: teams"),
        ("live: graph", "live: null"),
        ("live: graph", "confirm: true"),
        ("live: graph", "confirm: null"),
        ("calling: enabled", "calling: \"on\""),
        ("calling: enabled", "calling: true"),
        ("calling: enabled", "calling: null"),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: null"),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: +14255550100"),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"+1 425 555 0100\""),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"4255550100\""),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"+04255550100\""),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"+14255550100;ext=a\""),
        ("sbcGatewayId: 805", "sbcGatewayId: 0"),
        ("sbcGatewayId: 805", "sbcGatewayId: -2"),
        ("sbcGatewayId: 805", "sbcGatewayId: \"805\""),
        ("sbcGatewayId: 805", "sbcGatewayId: null"),
        ("sbcGatewayId: 805", "phoneNumber: \"+14255550101\""),
        ("useTeamsVoicemail: true", "useTeamsVoicemail: \"yes\""),
        ("name: Global", "name: \"\""),
        ("name: Global", "name: 7"),
        ("percent: 10", "percent: 101"),
        ("percent: 10", "percent: -1"),
        ("count: 25", "count: -1"),
        ("extensionPrefix: \"+1\"", "extensionPrefix: \"1\""),
        ("extensionPrefix: \"+1\"", "extensionPrefix: null"),
        ("protect: [adele@contoso.com]", "protect: adele@contoso.com"),
        ("protect: [adele@contoso.com]", "protect: [7]"),
        ("87d349ed", "87d349e"),
        ("name: contoso", "name: Contoso Ltd"),
        ("userPrincipalName: adele@contoso.com", "userPrincipalName: adele"),
        ("userPrincipalName: adele@contoso.com", "userPrincipalName: adele vance@contoso.com"),
        ("userPrincipalName: adele@contoso.com", "userPrincipalName: null"),
        ("timeZone: Europe/Berlin, ", ""),
        ("[mon, sun]", "[monday]"),
        ("from: \"22:00\"", "from: \"22\""),
        ("from: \"22:00\"", "from: \"24:00\""),
        ("to: \"05:00\"", "to: \"25:00\""),
        ("{first: 2026-12-24, last: 2026-12-26}", "{}"),
        ("first: 2026-12-24", "first: 24.12.2026"),
        ("first: 2026-12-24", "since: 2026-12-24"),
        ("windows: {", "windows: null\n  window: {"),
        ("plan: 0123456789abcdef", "plan: 0123456789abcde"),
        ("plan: 0123456789abcdef", "plan: 0123456789ABCDEF"),
        ("gates: [limit]", "gates: []"),
        ("gates: [limit]", "gates: [consent]"),
        ("max: 30", "max: 0"),
        ("max: 30", "max: 30\n  users: [adele@contoso.com]"),
        ("  max: 30\n", ""),
        ("max: 30", "users: []"),
        ("reason: they have left", "reason: \"\""),
        ("  reason: they have left\n", ""),
        ("  expires: 2026-09-30\n", ""),
        ("  expires: 2026-09-30\n", "  expires: 2026-09-30\n  opens: all\n"),
    ];
    let schema = schema();
    let mistakes: Vec<_> = wrong
        .iter()
        .filter(|(from, to)| verdicts(&schema, &edited(from, to)) != (false, false))
        .collect();
    assert!(mistakes.is_empty(), "not refused by both: {mistakes:#?}");
}

#[test]
fn what_the_program_accepts_the_schema_accepts_too() {
    let right = [
        ("", ""),
        ("  limits: {disable: {percent: 10, count: 25}}\n", ""),
        ("percent: 10, count: 25", "count: 3"),
        ("limits: {disable: {percent: 10, count: 25}}", "limits: {}"),
        (
            "limits: {disable: {percent: 10, count: 25}}",
            "limits: {shrink: {percent: 30, floor: 10}}",
        ),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: none"),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"+14255550100;ext=12\""),
        ("phoneNumber: \"+14255550100\"", "phoneNumber: \"1000\""),
        ("      phoneNumber: \"+14255550100\"\n", ""),
        ("calling: enabled", "calling: disabled"),
        ("mode: enforce", "mode: report"),
        ("mode: enforce", "mode: suspend"),
        ("prune: never\n  live: graph", "prune: disable\n  live: connecttoteams"),
        ("live: graph", "live: connecttoteams"),
        ("  live: graph\n", ""),
        ("live: graph", "confirm: graph"),
        ("live: graph", "confirm: none"),
        ("87d349ed", "87D349ED"),
        (
            "userPrincipalName: adele@contoso.com",
            "userPrincipalName: \"guest_fabrikam.com#EXT#@contoso.com\"",
        ),
        ("[mon, sun]", "[]"),
        ("to: \"05:00\"", "to: \"24:00\""),
        ("days: [mon, sun], ", ""),
        ("gates: [limit]", "gates: [limit, protected]"),
        ("max: 30", "users: [adele@contoso.com]"),
        ("expires: 2026-09-30", "expires: 2026-09-30T18:00:00Z"),
        (
            "useTeamsVoicemail: true",
            "useAudioConferenceVRP: false, callPolicy: {cnam: TRANSPARENT}",
        ),
    ];
    let schema = schema();
    let mistakes: Vec<_> = right
        .iter()
        .filter(|(from, to)| verdicts(&schema, &edited(from, to)) != (true, true))
        .collect();
    assert!(mistakes.is_empty(), "not accepted by both: {mistakes:#?}");
}

#[test]
fn the_shipped_manifests_rehearse_every_kind_of_change_within_the_limits() {
    let desired = manifest::load(&shipped()).desired;
    for seed in 0..50 {
        let world = World::drifted(&desired, seed);
        let (mut enables, mut disables, mut updates) = (0, 0, 0);
        for tenant in desired.tenants.values() {
            let live = &world.tenants[&tenant.id];
            let shown = |upn: &Upn| live.users.get(upn).filter(|user| !user.hidden);
            let mut gone = 0;
            for user in tenant.users.values() {
                let Some(live) = shown(&user.upn) else { continue };
                match (user.calling, live.calling) {
                    (Calling::Enabled, Calling::Disabled) => enables += 1,
                    (Calling::Disabled, Calling::Enabled) => gone += 1,
                    _ => {
                        updates += usize::from(
                            user.details
                                .iter()
                                .any(|(field, value)| live.stored.get(field) != Some(value)),
                        );
                    }
                }
            }
            let people = || {
                live.users.iter().filter(|(upn, live)| !upn.is_platform_account() && !live.hidden)
            };
            let now = people().filter(|(_, live)| live.calling == Calling::Enabled).count();
            let strangers = people().filter(|(upn, _)| !tenant.users.contains_key(upn)).count();
            gone += if tenant.prune == Prune::Disable { strangers } else { 0 };
            assert!(
                gone <= tenant.limits.disable.allows(now),
                "seed {seed}: {} would be held",
                tenant.name
            );
            disables += gone;
        }
        assert!(
            enables > 0 && disables > 0 && updates > 2,
            "seed {seed}: {enables}, {disables}, {updates}"
        );
    }
}

/// Each key of each kind, as `Holder/key`, with its own schema.
fn keys<'s>(holder: &str, schema: &'s Value, found: &mut Vec<(String, &'s Value)>) {
    for (key, of_key) in schema["properties"].as_object().into_iter().flatten() {
        found.push((format!("{holder}/{key}"), of_key));
        keys(key, of_key, found);
    }
    for choice in schema.pointer("/items/anyOf").and_then(Value::as_array).into_iter().flatten() {
        keys(holder, choice, found);
    }
}

#[test]
fn an_editor_tells_what_each_key_means_and_shows_examples_that_fit() {
    let whole = manifest::json_schema();
    let mut found = Vec::new();
    for (name, definition) in whole["$defs"].as_object().unwrap() {
        keys(name, definition, &mut found);
    }
    assert!(found.len() > 80, "{}", found.len());
    for (name, schema) in found {
        let said = schema["description"].as_str().unwrap_or_default();
        assert!(said.ends_with('.'), "{name} is not described: {said}");
        let examples =
            schema["examples"].as_array().unwrap_or_else(|| panic!("{name}: no example"));
        assert!(!examples.is_empty(), "{name}");
        let mut own = schema.clone();
        own["$defs"] = whole["$defs"].clone();
        let fits = jsonschema::validator_for(&own).unwrap();
        for example in examples {
            assert!(fits.is_valid(example), "{name}: {example} does not fit");
        }
    }
}
