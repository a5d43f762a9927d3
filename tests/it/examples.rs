//! The shipped examples say what the program takes.

use std::{fs, iter, path::PathBuf, time::Duration};

use dialplane::{
    config::{
        self, Account, Endpoints, Execution, GitSource, Live, Pages, Postgres, Run, Settings, State,
    },
    yaml,
};
use serde_json::Value;

fn text(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn settings(name: &str, text: &str) -> Settings {
    config::parse(name, text, iter::empty()).unwrap_or_else(|error| {
        panic!("{}", error.diagnostics.iter().map(yaml::render).collect::<String>())
    })
}

fn account(settings: &Settings) -> &Account {
    settings.connect_to_teams.as_ref().expect("an account")
}

/// All keys of a configuration with the default at each.
#[test]
fn the_complete_configuration_shows_the_defaults() {
    let text = text("dialplane.yaml");
    let shown = settings("examples/dialplane.yaml", &text);
    assert_eq!(shown.manifests, Settings::default().manifests);
    assert_eq!(
        (shown.state, shown.execution, shown.run),
        (State::default(), Execution::default(), Run::default())
    );
    assert_eq!(shown.live, Live::default());
    let account = shown.connect_to_teams.expect("an account");
    assert_eq!(account.endpoints, Endpoints::default());
    let least = settings(
        "least",
        "connectToTeams: {clientId: a, clientSecret: {env: B}, username: c, password: {env: D}}",
    );
    let least = least.connect_to_teams.expect("an account");
    assert_eq!(
        (&account.base_url, account.timeout, account.reseller_id),
        (&least.base_url, least.timeout, least.reseller_id)
    );

    // What is not named at all equals the default as well, so every key of the types is looked for.
    let all = format!("{:?}", Settings { connect_to_teams: Some(account), ..Settings::default() });
    let names = all.split(": ").filter_map(|text| text.rsplit([' ', '{', '(', '[', ',']).next());
    // `sync_settings` is made of other settings, and `silence` is none.
    let names = names.filter(|name| !["sync_settings", "silence"].contains(name));
    let fields: Vec<&str> =
        names.filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase())).collect();
    assert!(fields.contains(&"debounce_ceiling"), "{all}");
    let missing: Vec<String> =
        fields.into_iter().map(camel).filter(|key| !text.contains(&format!(" {key}:"))).collect();
    assert!(
        missing.iter().all(|key| text.contains(&format!("\n{key}:"))),
        "not all of these are shown: {missing:?}"
    );
}

/// `debounce_ceiling` as it is written in the file.
fn camel(name: &str) -> String {
    let (first, rest) = name.split_once('_').unwrap_or((name, ""));
    let words = rest.split('_').filter(|word| !word.is_empty());
    words.fold(first.to_owned(), |key, word| key + &word[..1].to_uppercase() + &word[1..])
}

#[test]
fn what_the_complete_configuration_leaves_as_comments_is_right_too() {
    let text = text("dialplane.yaml")
        .replace("  # resellerId", "  resellerId")
        .replace("    # listUsers", "    listUsers");
    let text = text.replace("  # resellerOf", "  resellerOf");
    let text = text.replace("    # calling: { column", "    calling: { column");
    let comments = [
        "  # enterprises:",
        "  #   contoso:",
        "  #     credentials:",
        "  #     msal:",
        "    # refreshMsal:",
    ];
    let accounts = [
        "# accounts:",
        "#   emea:",
        "#     clientId:",
        "#     clientSecret:",
        "#     username:",
        "#     password:",
    ];
    let text = comments.iter().chain(&accounts).fold(text, |text, line| {
        let shown = if line.starts_with('#') {
            line.replacen('#', "", 1)
        } else {
            line.replacen("# ", "", 1)
        };
        assert!(text.contains(line), "{line}");
        text.replacen(
            line,
            shown.strip_prefix(' ').filter(|_| line.starts_with('#')).unwrap_or(&shown),
            1,
        )
    });
    let (before, row) = text.split_once("    listUsers:\n").expect("the row");
    let (row, after) = row.split_once("\n\n").expect("what follows it");
    let row = row.replace("    #   ", "      ");
    let shown =
        settings("examples/dialplane.yaml", &format!("{before}    listUsers:\n{row}\n\n{after}"));
    assert_eq!(account(&shown).reseller_id, Some(123));
    assert_eq!(account(&shown).reseller_of["contoso"], 77);
    assert!(
        account(&shown).enterprises.contains_key("contoso")
            && account(&shown).endpoints.refresh_msal.is_some()
    );
    assert_eq!(shown.all_accounts().count(), 2);
    let row = account(&shown).endpoints.list_users.as_ref().expect("the row");
    assert_eq!((row.mapped().count(), &row.pages), (3, &Pages::default()));
    assert!(row.id.is_some() && row.tenant.is_some());
    assert_eq!(shown.live.portal.calling.map(|calling| calling.column), Some("Calling".to_owned()));
}

#[test]
fn a_branch_is_shown_with_its_defaults() {
    let text = text("dialplane.yaml");
    let (_, section) = text.split_once("\n# git:\n").expect("the section");
    let (section, _) = section.split_once("\n\n").expect("its end");
    let section = section
        .replace("#   # auth:", "#   #")
        .replace("#   # verify:", "#   verify:")
        .replace("#   ", "  ");
    let shown = settings("git", &format!("git:\n{section}\n")).git.expect("a branch");
    let least = settings("git", &format!("git: {{ url: '{}' }}", shown.url)).git.expect("a branch");
    assert!(shown.auth.as_ref().is_some_and(|auth| auth.token.is_some()));
    assert!(shown.verify.as_ref().is_some_and(|verify| verify.gpg_keys.is_some()));
    assert_eq!(GitSource { auth: None, verify: None, ..shown }, least);
}

#[test]
fn several_sources_are_shown() {
    let text = text("dialplane.yaml");
    let (_, section) = text.split_once("\n# sources:\n").expect("the section");
    let (section, _) = section.split_once("\n\n").expect("its end");
    let section = section.replace("#   ", "  ");
    let shown = settings("sources", &format!("sources:\n{section}\n")).sources;
    assert_eq!(shown.len(), 3);
    assert_eq!(shown["lab"].limits().expect("limits").len(), 2);
}

#[test]
fn the_application_of_graph_is_shown_with_its_defaults() {
    let text = text("dialplane.yaml");
    let (_, section) = text.split_once("\n# graph:\n").expect("the section");
    let (section, _) = section.split_once("\n\n").expect("its end");
    let section = section.replace("#   ", "  ");
    let shown = settings("examples/dialplane.yaml", &format!("graph:\n{section}"))
        .graph
        .expect("an application");
    let least = format!(
        "graph: {{clientId: {}, clientSecret: {{file: {}}}}}",
        shown.client_id, "/run/credentials/dialplane.service/graph-secret"
    );
    assert_eq!(Some(&shown), settings("least", &least).graph.as_ref());
    assert_eq!(section.lines().count(), 7, "one line for each key");
}

#[test]
fn the_base_of_kustomize_holds_what_is_there_but_the_monitor() {
    let base = json(&text("kubernetes/kustomization.yaml")).remove(0);
    let mut held: Vec<String> = base["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    held.extend(["kustomization.yaml".to_owned(), "monitor.yaml".to_owned()]);
    held.sort();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/kubernetes");
    let mut there: Vec<String> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    assert_eq!(held, there);
    let deployment = json(&text("kubernetes/deployment.yaml"));
    assert!(deployment.iter().all(|object| object["metadata"]["namespace"] == base["namespace"]));
}

#[test]
fn what_is_beside_the_deployment_means_its_pods_and_its_port() {
    let deployment = json(&text("kubernetes/deployment.yaml"));
    let pods = deployment.iter().find(|object| object["kind"] == "Deployment").expect("the pods");
    let labels = &pods["spec"]["selector"]["matchLabels"];
    let port = &pods["spec"]["template"]["spec"]["containers"][0]["ports"][0];
    let network = json(&text("kubernetes/network.yaml")).remove(0);
    assert_eq!(network["spec"]["podSelector"]["matchLabels"], *labels);
    assert_eq!(network["spec"]["ingress"][0]["ports"][0]["port"], port["containerPort"]);
    let [service, monitor] = json(&text("kubernetes/monitor.yaml")).try_into().expect("two");
    assert_eq!(service["spec"]["selector"], *labels);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
    assert_eq!(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]);
    assert_eq!(monitor["spec"]["endpoints"][0]["port"], service["spec"]["ports"][0]["name"]);
}

#[test]
fn a_stop_has_time_for_the_grace_in_every_example() {
    let grace = Run::default().grace;
    let unit = text("systemd/dialplane.service");
    let stop = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix('s')?.parse().ok());
    assert!(stop.map(Duration::from_secs).expect("TimeoutStopSec") > grace);
    let shown = settings("examples/dialplane.yaml", &text("dialplane.yaml"));
    let secrets = [&account(&shown).client_secret, &account(&shown).password];
    for secret in secrets {
        let name = secret.to_string().rsplit('/').next().unwrap_or_default().to_owned();
        assert!(unit.contains(&format!("LoadCredential={name}:")), "{secret} is not handed over");
    }

    let compose = json(&text("compose/compose.yaml")).remove(0);
    let stop = compose["services"]["dialplane"]["stop_grace_period"]
        .as_str()
        .and_then(|text| text.strip_suffix('s'));
    assert!(
        stop.and_then(|text| text.parse().ok())
            .map(Duration::from_secs)
            .expect("stop_grace_period")
            > grace
    );

    let objects = json(&text("kubernetes/deployment.yaml"));
    let kind =
        |kind: &str| objects.iter().find(|object| object["kind"] == kind).expect("the object");
    let stop =
        kind("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64();
    assert!(stop.map(Duration::from_secs).expect("terminationGracePeriodSeconds") > grace);
    let config = kind("ConfigMap")["data"]["dialplane.yaml"].as_str().expect("text");
    assert!(settings("deployment.yaml", config).connect_to_teams.is_some());
}

#[test]
fn services_that_stand_by_are_several_over_one_database() {
    let objects = json(&text("standby/kubernetes.yaml"));
    let kind =
        |kind: &str| objects.iter().find(|object| object["kind"] == kind).expect("the object");
    let pods = &kind("Deployment")["spec"];
    assert!(pods["replicas"].as_u64() > Some(1));
    let stop = pods["template"]["spec"]["terminationGracePeriodSeconds"].as_u64();
    assert!(stop.map(Duration::from_secs).expect("a while") > Run::default().grace);
    assert_eq!(kind("PodDisruptionBudget")["spec"]["selector"], pods["selector"]);
    let config = kind("ConfigMap")["data"]["dialplane.yaml"].as_str().expect("text");
    let shown = settings("kubernetes.yaml", config);
    let database = shown.state.postgres.as_ref().expect("a database");
    assert_eq!(database.takeover, Postgres::default_takeover(), "the default is shown");
    let volumes = pods["template"]["spec"]["volumes"].as_array().expect("volumes");
    let state = volumes.iter().find(|volume| volume["name"] == "state").expect("the state");
    assert!(state.get("emptyDir").is_some(), "each has a folder of its own");

    let compose = json(&text("standby/compose.yaml")).remove(0);
    for name in ["first", "second"] {
        let service = &compose["services"][name];
        let own = format!("{name}:/var/lib/dialplane");
        let volumes = service["volumes"].as_array().expect("volumes");
        assert!(volumes.iter().any(|volume| *volume == *own), "{name} has a folder of its own");
        assert_eq!(service["stop_grace_period"], "90s");
        assert_eq!(service["depends_on"]["database"]["condition"], "service_healthy");
    }

    let unit = text("standby/standby.conf");
    let of_both = text("systemd/dialplane.service");
    assert!(of_both.contains("--config /etc/dialplane/dialplane.yaml run"));
    assert!(unit.contains("\nExecStart=\nExecStart=/usr/local/bin/dialplane --config /etc/"));
    let name = database.url.to_string().rsplit('/').next().unwrap_or_default().to_owned();
    assert!(unit.contains(&format!("LoadCredential={name}:")), "{name} is not handed over");
}

fn json(text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).expect("YAML");
    documents
        .into_iter()
        .map(|document| serde_json::to_value(document).expect("only text as keys"))
        .collect()
}
