//! The page of the service: what a person reads there, in words and in a browser.

use std::{env, fs, process::Command};

use dialplane::sandbox::{FaultRule, InjectedFault, Route};

use crate::{
    server::serving,
    stage::{Stage, is_here},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_the_token_reads_why_somebody_is_as_they_are() {
    let stage = Stage::drifted().await;
    let settings = format!(", token: {{ command: [printf, {TOKEN}] }}");
    let (service, door) = serving(&stage, &settings).await;
    assert_eq!(door.get("/", &[]).status, 401);
    let bearer = format!("authorization: Bearer {TOKEN}");
    let asked = |path: &str| door.get(path, &[&bearer]);
    let page = asked("/");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.body.contains("2 tenants need somebody"), "{}", page.body);
    assert!(page.body.contains("http-equiv=\"refresh\""));
    let (_, undo) = page.body.split_once("dialplane undo ").unwrap();
    let (undo, _) = undo.split_once('<').unwrap();
    let [pass, "--tenant", tenant] = *undo.split(' ').collect::<Vec<_>>() else { panic!("{undo}") };
    let shown = stage.run(&["history", pass]).await.stdout;
    assert!(shown.contains(&format!("pass {pass}, ")) && shown.contains(tenant), "{shown}");
    let user = asked("/?who=user0%40adatum.example");
    for told in ["<pre>user0@adatum.example in adatum", "  wanted ", "  next "] {
        assert!(user.body.contains(told), "{told}: {}", user.body);
    }
    assert!(!user.body.contains("http-equiv=\"refresh\""), "what is read stays");
    let nobody = asked("/?who=nobody%40adatum.example");
    assert!(nobody.body.contains("no manifest names nobody@adatum.example"), "{}", nobody.body);
    let filtered = asked("/?tenant=ADA").body;
    let (_, table) = filtered.split_once("<tbody>").unwrap();
    assert!(
        table.contains("<strong>adatum</strong>") && !table.contains("<strong>contoso</strong>")
    );
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_it_and_complains_of_nothing() {
    if !is_here("chromium", "--version") {
        return;
    }
    let stage = Stage::drifted().await;
    stage
        .sandbox
        .faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Sync)));
    let (mut service, door) = serving(&stage, "").await;
    let owed = || door.get("/", &[]).body.contains("a sync is owed for");
    service.until("a sync is owed", owed).await;
    let kept = env::var_os("DIALPLANE_TEST_SCREENSHOTS");
    for (name, size, dark) in
        [("wide", "1280,1000", false), ("dark", "1280,1000", true), ("phone", "500,1400", false)]
    {
        let picture = stage.path().join(format!("{name}.png"));
        let mut browser = Command::new("chromium");
        browser
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--enable-logging=stderr", "--disable-background-networking"])
            .arg(format!("--user-data-dir={}", stage.path().join("browser").display()))
            .arg(format!("--window-size={size}"))
            .arg(format!("--screenshot={}", picture.display()))
            .args(dark.then_some("--blink-settings=preferredColorScheme=0"))
            .arg(door.address("/"));
        let ended = tokio::task::spawn_blocking(move || browser.output()).await.unwrap().unwrap();
        let log = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{log}");
        assert!(!log.contains(":CONSOLE"), "{log}");
        assert!(fs::metadata(&picture).is_ok_and(|picture| picture.len() > 10_000), "{log}");
        if let Some(folder) = &kept {
            fs::copy(&picture, std::path::Path::new(folder).join(format!("{name}.png"))).unwrap();
        }
    }
    service.stop().await;
}
