//! The three roads of the guide, from an empty folder to a plan: its commands, word by word, and
//! between them what the page says is to be done.

use std::{fs, path::Path};

use dialplane::{
    guide::PAGES,
    sandbox::{World, config_yaml},
};

use crate::stage::{Ended, Stage};

const LIST: &str = "TeamsUserID,PhoneNumber,Calling\n\
    adele@contoso.com,+14255550100,Active\n\
    alex@contoso.com,+14255550101,Active\n";

/// The commands of each road, without their remarks.
fn roads() -> [Vec<String>; 3] {
    let page = PAGES.iter().find(|page| page.name == "start").unwrap();
    let blocks = page.text.split("```console\n").skip(1);
    let command = |line: &str| {
        let command = line.strip_prefix("$ dialplane ").unwrap();
        command.split(" #").next().unwrap().trim().to_owned()
    };
    let road = |block: &str| block.split("```").next().unwrap().lines().map(command).collect();
    let roads: Vec<Vec<String>> = blocks.map(road).collect();
    roads.try_into().unwrap()
}

async fn run(stage: &Stage, folder: &Path, command: &str) -> Ended {
    let arguments: Vec<&str> = command.split(' ').collect();
    stage.run_in(folder, &arguments).await
}

fn edit(path: &Path, before: &str, after: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(before), "{} has no `{before}`:\n{text}", path.display());
    fs::write(path, text.replacen(before, after, 1)).unwrap();
}

/// A service to walk to, and an empty folder to begin in.
async fn begin() -> (Stage, tempfile::TempDir) {
    (Stage::set(|desired| World::from_desired(desired, 1)).await, crate::folder::folder())
}

/// All that `doctor` finds wrong is that there are no manifests yet.
fn lacks_manifests_alone(doctor: &Ended) {
    let fails = doctor.stdout.lines().filter(|line| line.starts_with("fail"));
    let fails: Vec<&str> = fails.collect();
    assert!(fails.len() == 1 && fails[0].contains("`manifests` is not there"), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_list_of_the_portal() {
    let [road, ..] = roads();
    let (stage, folder) = begin().await;
    let folder = folder.path();
    fs::write(folder.join("contoso.csv"), LIST).unwrap();
    assert_eq!(road.len(), 2, "{road:?}");
    let init = run(&stage, folder, &road[0]).await;
    assert!(
        init.code == 0 && init.stderr.ends_with(&format!("dialplane {}\n", road[1])),
        "{}",
        init.stderr
    );
    let plan = run(&stage, folder, &road[1]).await;
    let last = "plan: nothing to carry out; held: 1 tenant\n";
    assert!(plan.code == 3 && plan.stdout.ends_with(last), "{}{}", plan.stdout, plan.stderr);
    // The gateway that every update names, and an edit.
    let tenant = folder.join("manifests/contoso/tenant.yaml");
    edit(&tenant, "spec:\n", "spec:\n  defaults: { sbcGatewayId: 805 }\n");
    edit(&folder.join("manifests/contoso/users.yaml"), "+14255550101", "+14255550102");
    let plan = run(&stage, folder, &road[1]).await;
    assert!(
        plan.code == 3 && plan.stdout.contains("+ phoneNumber: +14255550102"),
        "{}",
        plan.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_microsoft_graph() {
    let [_, road, _] = roads();
    let (stage, folder) = begin().await;
    let folder = folder.path();
    assert_eq!(road.len(), 4, "{road:?}");
    assert_eq!(run(&stage, folder, &road[0]).await.code, 0);
    let url = stage.sandbox.base_url();
    let zeros = "00000000-0000-0000-0000-000000000000";
    let ours = format!("5a4d0b0c-0000-4000-8000-000000000001\n  baseUrl: {url}\n  loginUrl: {url}");
    edit(&folder.join("dialplane.yaml"), zeros, &ours);
    fs::write(folder.join("secrets/graph-secret"), "sandbox-secret\n").unwrap();
    lacks_manifests_alone(&run(&stage, folder, &road[1]).await);
    let contoso = "contoso=00000000-0000-4000-8000-000000000001";
    let import = run(&stage, folder, &road[2].replace("NAME=GUID", contoso)).await;
    assert_eq!(import.code, 0, "{}", import.stderr);
    let plan = run(&stage, folder, &road[3]).await;
    let last = "plan: nothing to carry out; held: 1 tenant\n";
    assert!(plan.code == 3 && plan.stdout.ends_with(last), "{}{}", plan.stdout, plan.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_account_at_the_service() {
    let [_, _, road] = roads();
    let (stage, folder) = begin().await;
    let folder = folder.path();
    assert_eq!(road.len(), 4, "{road:?}");
    assert_eq!(run(&stage, folder, &road[0]).await.code, 0);
    let settings = folder.join("dialplane.yaml");
    let url = stage.sandbox.base_url();
    edit(&settings, "CLIENT-ID", &format!("sandbox-client\n  baseUrl: {url}"));
    edit(&settings, "dialplane@example.com", "sandbox-admin");
    // What support says of the call that lists users.
    let sandbox = config_yaml(&url);
    let (_, said) = sandbox.split_once("  endpoints:\n").unwrap();
    let (said, _) = said.split_once("\ngraph:").unwrap();
    edit(&settings, "  endpoints:\n", &format!("  endpoints:\n{said}\n"));
    for secret in ["client-secret", "password"] {
        fs::write(folder.join("secrets").join(secret), "sandbox-secret\n").unwrap();
    }
    lacks_manifests_alone(&run(&stage, folder, &road[1]).await);
    let tenants = run(&stage, folder, &road[2]).await;
    assert!(tenants.code == 0 && tenants.stdout.contains("contoso"), "{}", tenants.stderr);
    let import = run(&stage, folder, &road[3]).await;
    assert_eq!(import.code, 0, "{}", import.stderr);
    // Tenants are as they are, and only looked at.
    let plan = run(&stage, folder, "plan").await;
    assert!(plan.code == 0 && plan.stdout.ends_with("plan: nothing to do\n"), "{}", plan.stdout);
    // From here on they may be written to. What was sent before nobody knows until the first apply.
    for tenant in ["adatum", "contoso", "fabrikam"] {
        let path = folder.join("manifests").join(tenant).join("tenant.yaml");
        edit(&path, "mode: report", "mode: enforce");
    }
    let plan = run(&stage, folder, "plan").await;
    let told = plan.stdout.contains("the first `dialplane apply` begins the journal")
        && plan.stdout.contains("plan: no difference is seen; what a run would do is not known");
    assert!(plan.code == 3 && told, "{}", plan.stdout);
    assert_eq!(run(&stage, folder, "apply").await.code, 0);
    let plan = run(&stage, folder, "plan").await;
    assert!(plan.code == 0 && plan.stdout.ends_with("plan: nothing to do\n"), "{}", plan.stdout);
    assert_eq!(stage.writes(), [""; 0]);
}
