//! Metrics: what is served is well formed, names no person and ends with its tenant; what the guide
//! and the examples name is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    process::Command,
};

use dialplane::server::metrics::markdown;
use regex::Regex;

use crate::{
    server::{Door, serving},
    stage::{Stage, fleet, left_out},
};

const PAGE: &str = "src/guide/metrics.md";

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of the table, as queries have them.
fn names() -> BTreeSet<String> {
    let row = Regex::new(r"(?m)^\| `(dialplane_[a-z_]+)` \|").unwrap();
    row.captures_iter(&markdown()).map(|found| found[1].to_owned()).collect()
}

/// The samples of a text, each with its labels and its value. Whatever is not as OpenMetrics wants
/// it fails.
fn read(text: &str) -> BTreeMap<String, f64> {
    let text = text.strip_suffix("# EOF\n").expect("the end is marked");
    let about = Regex::new(r"^# (HELP|TYPE|UNIT) (dialplane_[a-z_]+) (.+)$").unwrap();
    let sample =
        Regex::new(r#"^(dialplane_[a-z_]+)(\{([a-z_]+="[^"\\\n]*",?)*\})? (-?[0-9.e+]+)$"#)
            .unwrap();
    let (mut family, mut families) = (String::new(), BTreeSet::new());
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(found) = about.captures(line) {
            if found[2] != family {
                assert!(families.insert(found[2].to_owned()), "twice: {line}");
                found[2].clone_into(&mut family);
            }
            assert!(&found[1] != "UNIT" || family.ends_with(&found[3]), "{line}");
            continue;
        }
        let found = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
        let suffix = found[1].strip_prefix(&family).unwrap_or_else(|| panic!("no family: {line}"));
        assert!(["", "_total", "_sum", "_count", "_bucket"].contains(&suffix), "{line}");
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}

fn scrape(door: Door) -> BTreeMap<String, f64> {
    let answer = door.get("/metrics", &[]);
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/openmetrics-text; version=1.0.0"));
    assert!(!answer.body.contains('@'), "it names a person: {}", answer.body);
    read(&answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_open_metrics_and_ends_with_its_tenant() {
    let stage = Stage::drifted().await;
    let (mut service, door) = serving(&stage, "").await;
    let samples = scrape(door);
    let value = |name: &str| samples.get(name).copied();
    assert_eq!(value("dialplane_tenants{mode=\"enforce\"}"), Some(3.0), "{samples:#?}");
    assert_eq!(value("dialplane_stopped"), Some(0.0));
    let accepted = |(series, _): &(&String, &f64)| series.contains("outcome=\"accepted\"");
    let steps: f64 = samples.iter().filter(accepted).map(|(_, value)| value).sum();
    assert!(steps > 3.0, "{samples:#?}");
    assert!(
        value("dialplane_tenant_last_success_timestamp_seconds{tenant=\"adatum\"}") > Some(1e9)
    );
    for series in samples.keys() {
        let name = series.split('{').next().unwrap();
        let name = ["_sum", "_count", "_bucket"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        assert!(names().contains(name), "{name} is not in the table");
    }
    let of_fabrikam = |samples: &BTreeMap<String, f64>| {
        samples.keys().filter(|series| series.contains("\"fabrikam\"")).count()
    };
    assert!(of_fabrikam(&samples) > 5);
    let without: Vec<String> = fleet()
        .split("---\n")
        .filter(|document| !document.contains("fabrikam"))
        .map(str::to_owned)
        .collect();
    fs::write(stage.manifest(), without.join("---\n")).unwrap();
    service.until("its series end", || of_fabrikam(&scrape(door)) == 0).await;
    assert_eq!(service.stop().await, Some(0));
}

#[test]
fn the_page_of_the_guide_is_the_table() {
    if env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(file(PAGE), markdown()).unwrap();
    }
    let kept = fs::read_to_string(file(PAGE)).unwrap();
    assert_eq!(kept, markdown(), "INSTA_UPDATE=always writes {PAGE}");
}

#[test]
fn alerts_and_the_dashboard_name_only_metrics_that_there_are() {
    let names = names();
    let name = Regex::new(r"dialplane_[a-z_]+").unwrap();
    for path in ["examples/prometheus/alerts.yaml", "examples/prometheus/dashboard.json"] {
        let text = fs::read_to_string(file(path)).unwrap();
        let named: BTreeSet<&str> = name.find_iter(&text).map(|found| found.as_str()).collect();
        assert!(named.len() > 8, "{path}");
        for metric in named {
            let metric = metric.strip_suffix("_bucket").unwrap_or(metric);
            assert!(names.contains(metric), "{path} names {metric}, which there is not");
        }
    }
    let dashboard = fs::read_to_string(file("examples/prometheus/dashboard.json")).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&dashboard).unwrap()["panels"].is_array());
    let mut promtool = Command::new("promtool");
    match promtool.args(["check", "rules"]).arg(file("examples/prometheus/alerts.yaml")).output() {
        Ok(ended) => assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr)),
        Err(error) => left_out(&format!("promtool, which checks the rules: {error}")),
    }
}
