//! Text from outside acts nowhere: it is planted in every input, and every output of the real
//! binary is looked at.

mod judge;
mod kept;
mod size;

use std::{fs, path::Path, process::Command};

use dialplane::{
    model::{Calling, Details, Field, GatewayId, TenantName, Upn, Value},
    sandbox::{FaultRule, InjectedFault, Route, User, World},
};

use crate::stage::{self, Stage, dialplane};

/// Erases lines, sets titles, breaks lines, turns directions, hides.
const TERMINAL: &str = "E\u{1b}[2K\u{1b}[1A\u{1b}]0;title\u{7}\u{9b}2J\r\n::error::owned\n  ::add-mask::x\n##[error]owned\u{202e}\u{2066}\u{200b}\u{200f}\u{2028}\u{feff}\u{e0041}\u{1b}[8m";
/// Markup, mentions, references, links, ends of fences and cells; no character that is not seen.
const MARKUP: [&str; 6] = [
    "Lobby** @acme/oncall <b>[see](https://evil.example) | x",
    "``` ~~~ </details> <img src=x>",
    "`a` ```` #12 GH-12 www.evil.example",
    "##[error]owned ##vso[task.x]y",
    "::error file=a.yaml::owned",
    ":tada: $x$ ![i](u) \\| | [^1] ~~s~~",
];
/// The same as a name of a file: no slash.
const FILES: [&str; 5] = [
    "all\n```\n**Checked by security** @octo-admin <img src=x>.yaml",
    "b\u{1b}[2K\u{1b}[1A\u{1b}[2K.yaml",
    "\u{202e}lmay.exe\u{200b}.yaml",
    "::error::owned.yaml",
    "z\n::warning::all manifests are valid\n##[error]x.yaml",
];

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Three tenants: one with work that is partly held, one that cannot be read, one whose service
/// fails.
fn fleet() -> String {
    let mut text = String::new();
    for (number, tenant) in ["contoso", "unread", "failing"].iter().enumerate() {
        text += &format!(
            "---\napiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
                {{ name: {tenant} }}\nspec:\n  tenantId: \
                00000000-0000-4000-8000-00000000000{number}\n  mode: enforce\n  prune: \
                disable\n  adopt: all\n  limits: \
                {{ disable: {{ percent: 100, count: 3 }} }}\n  protect: [user0@{tenant}.example, \
                nobody@{tenant}.example]\n  defaults: \
                {{ sbcGatewayId: 805, useTeamsVoicemail: true }}\n---\napiVersion: \
                dialplane/v1\nkind: UserSet\nmetadata: \
                {{ name: all, tenant: {tenant} }}\nspec:\n  users:\n"
        );
        for (user, site) in MARKUP.iter().enumerate() {
            let calling = if user < 4 { "disabled" } else { "enabled" };
            let site = quoted(site.get(..60).unwrap_or(site).trim());
            text += &format!(
                "    - userPrincipalName: user{user}@{tenant}.example\n      calling: \
                    {calling}\n      site: {site}\n      userTag: {site}\n"
            );
            if user == 0 {
                text += &format!("      reason: {site}\n");
            }
        }
    }
    text
}

/// The world as the service has it: everybody has calling, tags that act, and strangers.
fn world(mut world: World) -> World {
    world.gateways.insert(GatewayId::new(901).unwrap(), TERMINAL.to_owned());
    for tenant in world.tenants.values_mut() {
        for user in tenant.users.values_mut() {
            user.calling = Calling::Enabled;
            user.stored.set(Field::UserTag, Value::Text(TERMINAL.into()));
        }
        for name in [
            "ann\u{202e}\u{200b}@evil.example",
            "##[error]x@evil.example",
            "`www.evil`**@evil.example",
        ] {
            let mut details = Details::default();
            details.set(Field::SbcGatewayId, Value::Gateway(GatewayId::new(805).unwrap()));
            details.set(Field::UserTag, Value::Text(MARKUP[0].into()));
            tenant.users.insert(Upn::parse(name).unwrap(), User::new(Calling::Enabled, details));
        }
    }
    world
}

async fn planted() -> Stage {
    let stage = Stage::with(fleet(), |desired| world(World::from_desired(desired, 1))).await;
    fs::rename(stage.manifest(), stage.path().join("manifests").join(FILES[0])).unwrap();
    let id = |name: &str| {
        let name = TenantName::parse(name).unwrap();
        stage.sandbox.world(|world| world.tenant(&name).unwrap().0.to_string())
    };
    let (unread, failing) = (id("unread"), id("failing"));
    stage.sandbox.faults(|faults| {
        faults.words = Some(format!("{} {TERMINAL}", MARKUP[0]));
        let rule = |failure, route, tenant: &str| FaultRule {
            tenant: Some(tenant.to_owned()),
            ..FaultRule::new(failure).on(route)
        };
        faults.rules = vec![
            rule(InjectedFault::ErrorInside, Route::ListUsers, &unread),
            rule(InjectedFault::Forbidden, Route::Disable, &failing),
            rule(InjectedFault::ErrorInside, Route::Update, &failing),
            rule(InjectedFault::Server, Route::Sync, &failing),
        ];
    });
    stage
}

fn commit(folder: &Path) {
    for arguments in [&["init", "-q"][..], &["add", "manifests"], &["commit", "-qm", "all"]] {
        stage::git(folder, (TERMINAL, "e\u{202e}@x"), arguments);
    }
}

/// Runs a command, plainly and in colour, and looks at all that it says.
async fn look(stage: &Stage, arguments: &[&str]) -> String {
    let coloured = run(stage, arguments, |command| {
        command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    });
    let (out, err) = coloured.await;
    let what = format!("{arguments:?}");
    if !arguments.contains(&"github") {
        judge::coloured(&format!("stdout of {what} in colour"), &out);
    }
    judge::coloured(&format!("stderr of {what} in colour"), &err);
    let (out, err) = run(stage, arguments, |_| {}).await;
    judge::any(&format!("stderr of {what}"), &err);
    match arguments.iter().find(|argument| ["json", "markdown", "github"].contains(argument)) {
        // What has failed is told on stderr alone.
        Some(&"json") if out.is_empty() => {}
        Some(&"json") => drop(judge::json(&what, &out)),
        Some(&"markdown") => judge::page(&what, &out),
        Some(_) => judge::annotations(&what, &out),
        None => judge::any(&what, &out),
    }
    out + &err
}

async fn run(
    stage: &Stage,
    arguments: &[&str],
    change: impl FnOnce(&mut Command),
) -> (String, String) {
    let mut command = dialplane(stage.path(), arguments);
    change(&mut command);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_look_show_text_as_text() {
    let stage = planted().await;
    let plan = look(&stage, &["plan"]).await;
    for shown in [
        "Lobby** @acme/oncall",
        "E\\u{1b}[2K",
        "\\u{202e}",
        "```\\n**Checked",
        "#\\u{23}[error]owned",
    ] {
        assert!(
            plan.contains(&shown.replace("```\\n", "\\n```\\n")),
            "the plan does not show {shown}: {plan}"
        );
    }
    for output in ["json", "markdown", "github"] {
        look(&stage, &["plan", "--output", output]).await;
    }
    // The same as a change: from nothing, and from a version without half of it.
    fs::create_dir(stage.path().join("nothing")).unwrap();
    fs::create_dir(stage.path().join("half")).unwrap();
    fs::copy(
        stage.path().join("manifests").join(FILES[0]),
        stage.path().join("half").join(FILES[0]),
    )
    .unwrap();
    run(&stage, &["observe", "--out", "live.json"], |_| {}).await;
    for base in ["./nothing", "./half", "./manifests"] {
        for output in ["text", "json", "markdown", "github"] {
            let base = format!("--base={base}");
            look(&stage, &["plan", &base, "--output", output]).await;
            look(&stage, &["plan", &base, "--all", "--live=live.json", "--output", output]).await;
        }
    }
    let approval = run(&stage, &["plan", "--approve", "--reason", TERMINAL], |_| {}).await.0;
    judge::any("an approval", &approval);
    fs::write(stage.path().join("manifests").join(FILES[1]), approval).unwrap();
    for output in ["text", "json", "markdown"] {
        look(&stage, &["plan", "--output", output]).await;
        look(&stage, &["plan", "--sandbox", "--output", output]).await;
    }
    for output in ["text", "json"] {
        look(&stage, &["doctor", "--output", output]).await;
        look(&stage, &["import", "--check", "--output", output]).await;
        look(&stage, &["why", "user1@contoso.example", "--output", output]).await;
        look(&stage, &["status", "--output", output]).await;
    }
    look(
        &stage,
        &["credentials", "regenerate", "contoso", "--into", FILES[2], "--confirm", TERMINAL],
    )
    .await;
    look(&stage, &["call-app", "service-account", "contoso", "--confirm", TERMINAL]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_told_as_text() {
    let stage = planted().await;
    commit(stage.path());
    for output in ["text", "json", "markdown"] {
        look(&stage, &["apply", "--output", output]).await;
    }
    for output in ["text", "json"] {
        let history = look(&stage, &["history", "--output", output]).await;
        assert!(history.contains("1b"), "the author is not told: {history}");
        for user in [
            "user0@contoso.example",
            "user5@contoso.example",
            "user1@failing.example",
            "user5@failing.example",
        ] {
            look(&stage, &["why", user, "--output", output]).await;
        }
        look(&stage, &["journal", "check", "--output", output]).await;
    }
    let (out, _) = run(&stage, &["history", "--output", "json"], |_| {}).await;
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    let runs = list["runs"].as_array().unwrap();
    assert!(!runs.is_empty());
    for run in runs {
        let run = run["run"].as_str().unwrap();
        for output in ["text", "json"] {
            look(&stage, &["history", run, "--output", output]).await;
        }
        for output in ["text", "json", "markdown"] {
            look(&stage, &["undo", run, "--output", output]).await;
        }
    }
    let (export, _) = run(&stage, &["journal", "export"], |_| {}).await;
    judge::any("the exported journal", &export);
    export.lines().for_each(|line| drop(judge::json("a line of the exported journal", line)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_told_as_text() {
    let stage = planted().await;
    look(&stage, &["stop", "--reason", TERMINAL]).await;
    look(&stage, &["resume"]).await;
    let (out, err) = run(&stage, &["stop"], |command| {
        command.env("SUDO_USER", TERMINAL);
    })
    .await;
    judge::any("a stop", &(out + &err));
    let everywhere = async || {
        for output in ["text", "json"] {
            look(&stage, &["plan", "--output", output]).await;
            look(&stage, &["doctor", "--output", output]).await;
            look(&stage, &["why", "user1@contoso.example", "--output", output]).await;
            look(&stage, &["status", "--output", output]).await;
        }
        look(&stage, &["plan", "--output", "markdown"]).await;
        look(&stage, &["stop"]).await;
    };
    everywhere().await;
    look(&stage, &["resume"]).await;
    stage.configure("run: {", "stopFile: \"a\\e[2J\\n::error::x\"\nrun: {");
    let file = stage.path().join("a\u{1b}[2J\n::error::x");
    fs::write(&file, format!("{{\"by\": {0}, \"reason\": {0}}}", quoted(TERMINAL))).unwrap();
    everywhere().await;
    fs::write(&file, TERMINAL).unwrap();
    everywhere().await;
    look(&stage, &["resume"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_as_text() {
    let stage = planted().await;
    let folder = stage.path().join("manifests");
    fs::write(folder.join(FILES[2]), format!("kind: {}\n", quoted(TERMINAL))).unwrap();
    fs::write(folder.join(FILES[3]), "kind: \u{202e}x\u{1b}[2J\u{2028}::error::x \u{e0041}\n")
        .unwrap();
    let wrong = format!(
        "apiVersion: dialplane/v1\nkind: UserSet\nmetadata: \
            {{ name: x, tenant: contoso }}\nspec:\n  users:\n    - \
            {{ userPrincipalName: user4@contoso.example, calling: {0}, {0}: 1, phoneNumber: {0} }}\n",
        quoted(TERMINAL)
    );
    fs::write(folder.join(FILES[4]), wrong).unwrap();
    fs::write(folder.join("not-text.yaml"), b"\xff\x1b[2J").unwrap();
    for output in ["text", "json", "github"] {
        look(&stage, &["validate", "--output", output]).await;
        look(&stage, &["validate", &format!("manifests/{}", FILES[3]), "--output", output]).await;
        look(&stage, &["validate", FILES[3], "--output", output]).await;
    }
    for output in ["text", "json", "markdown", "github"] {
        look(&stage, &["plan", "--output", output]).await;
        look(&stage, &["plan", FILES[3], "--output", output]).await;
    }
    // As a change: of a version that has none of them, of a branch with a name that acts, and of one
    // that is not there.
    commit(stage.path());
    let branch = "x`<b>|@acme/oncall#1";
    stage::git(stage.path(), ("ann", "ann@example.org"), &["branch", branch]);
    fs::create_dir(stage.path().join("nothing")).unwrap();
    for base in ["./nothing", branch, "y`\n```<b>|@acme/oncall"] {
        for output in ["text", "json", "markdown", "github"] {
            look(&stage, &["plan", "--base", base, "--output", output]).await;
        }
    }
    look(&stage, &["plan", "--base", branch, "--out", "review.json"]).await;
    look(&stage, &["plan", "--base", "./nothing", "--out", "all.json"]).await;
    look(&stage, &["plan", "--out", "plan.json"]).await;
    for saved in ["review.json", "all.json", "plan.json"] {
        for output in ["text", "json", "markdown", "github"] {
            look(&stage, &["show", saved, "--output", output]).await;
        }
    }
    look(&stage, &["apply", "review.json"]).await;
    look(&stage, &["doctor"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_arguments_and_variables_are_told_as_text() {
    let stage = planted().await;
    for arguments in [
        &[TERMINAL][..],
        &["plan", "--tenant", TERMINAL],
        &["plan", "--output", TERMINAL],
        &["plan", "--live", TERMINAL],
        &["plan", TERMINAL],
        &["apply", "--plan", TERMINAL],
        &["undo", TERMINAL],
        &["history", TERMINAL],
        &["why", TERMINAL],
        &["why", "x\u{202e}##[error]@evil.example"],
        &["observe", "--tenant-id", TERMINAL],
        &["import", "--out", "manifests"],
        &["import", "--out", "manifests", "--split-by", TERMINAL],
        &["sandbox", "--listen", TERMINAL],
        &["--config", TERMINAL, "plan"],
    ] {
        look(&stage, arguments).await;
    }
    for (name, value) in [
        ("DIALPLANE_CONFIG", TERMINAL),
        ("DIALPLANE_STATE__PATH", "a\u{1b}[2J\n::error::x"),
        ("DIALPLANE_EXECUTION__TENANTS", TERMINAL),
        ("DIALPLANE_LOG", TERMINAL),
        ("DIALPLANE_\u{202e}X", TERMINAL),
        ("DIALPLANE_CONNECT_TO_TEAMS__BASE_URL", TERMINAL),
    ] {
        for arguments in [&["plan"][..], &["doctor"], &["status"], &["history"]] {
            let (out, err) = run(&stage, arguments, |command| {
                command.env(name, value);
            })
            .await;
            judge::any(&format!("stdout of {arguments:?} with {name:?}"), &out);
            judge::any(&format!("stderr of {arguments:?} with {name:?}"), &err);
        }
    }
    let path = stage.path().join("dialplane.yaml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{config}\u{202e}key: 1\nmanifests: [{}]\n", quoted(TERMINAL)))
        .unwrap();
    for arguments in [
        &["plan"][..],
        &["validate", "--output", "github"],
        &["validate", "--output", "json"],
        &["doctor"],
    ] {
        look(&stage, arguments).await;
    }
}
