//! The service under a manager of services, as systemd is one: what it is told on its socket, and
//! what a signal to read the configuration again does.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialplane::{
    model::{Calling, TenantName, Upn},
    sandbox::World,
};

use crate::stage::{PROGRAM, Running, Stage, child, fleet};

/// What a manager was told so far, one message each.
#[derive(Clone)]
struct Heard(Arc<Mutex<Vec<String>>>);

/// What nobody but the tests says.
const LAST: &str = "LAST";

impl Heard {
    fn count(&self, line: &str) -> usize {
        let heard = self.0.lock().unwrap();
        heard.iter().filter(|message| message.lines().any(|one| one == line)).count()
    }

    fn any(&self, holds: impl Fn(&str) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(|message| holds(message))
    }

    /// Waits until all that was said before has been heard: messages come in their order.
    async fn whole(&self, stage: &Stage) {
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to(LAST.as_bytes(), stage.path().join("notify")).unwrap();
        while self.count(LAST) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The service, which hears of SIGHUP even where the tests were started to ignore it.
pub(crate) fn listening(stage: &Stage) -> Command {
    let mut command = child("env", stage.path());
    command.args(["--default-signal=HUP", PROGRAM, "run"]).env("USER", "ada");
    command
}

/// Starts the service as a manager does that watches it.
fn managed(stage: &Stage) -> (Running, Heard) {
    let path = stage.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let heard = Heard(Arc::default());
    let kept = heard.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length) = socket.recv(&mut bytes) {
            let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
            kept.0.lock().unwrap().push(message);
        }
    });
    let mut command = listening(stage);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "2000000");
    (stage.leave(&mut command), heard)
}

/// Ends as often as this: what is told only by chance is missed in one of them.
const ENDS: usize = 8;

/// Takes calling from a user behind the service's back.
fn drift(stage: &Stage) {
    stage.sandbox.world(|world| {
        let tenant = world.tenant_mut(&TenantName::parse("adatum").unwrap()).unwrap();
        let user = Upn::parse("user0@adatum.example").unwrap();
        tenant.users.get_mut(&user).unwrap().calling = Calling::Disabled;
    });
}

fn is_back(stage: &Stage) -> bool {
    stage.calling("adatum", "user0@adatum.example") == Calling::Enabled
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_hears_of_the_start_each_turn_and_the_end() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let (mut service, heard) = managed(&stage);
    service.until("ready", || heard.count("READY=1") == 1).await;
    let all = "STATUS=3 of 3 tenants as the manifests want";
    service.until("how it goes", || heard.count(all) > 0).await;
    service.until("its turns", || heard.count("WATCHDOG=1") > 2).await;
    service.signal("-HUP");
    let reloading =
        |message: &str| message.contains("RELOADING=1") && message.contains("MONOTONIC_USEC=");
    service.until("a reload", || heard.any(reloading)).await;
    service.until("its end", || heard.count("READY=1") == 2).await;
    assert_eq!(service.stop().await, Some(0));
    heard.whole(&stage).await;
    assert_eq!(heard.count("STOPPING=1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_hears_of_each_end_though_nothing_is_under_way() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    for end in 1..=ENDS {
        let (mut service, heard) = managed(&stage);
        let all = "STATUS=3 of 3 tenants as the manifests want";
        service.until("all is done", || heard.count(all) > 0).await;
        assert_eq!(service.stop().await, Some(0));
        heard.whole(&stage).await;
        assert_eq!(heard.count("STOPPING=1"), 1, "end {end} of {ENDS}");
        fs::remove_file(stage.path().join("notify")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_read_again_is_in_force_or_refused_as_a_whole() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = stage.leave(&mut listening(&stage));
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    // Wrong in one place: nothing of it is taken.
    stage.configure("poll: 1s", "poll: 1s, resync: 100ms, resnyc: 5");
    service.signal("-HUP");
    let log = || stage.text("stderr");
    service.until("a refusal", || log().contains("the configuration is refused")).await;
    assert!(log().contains("resnyc"), "{}", log());
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    service.until("an edit", || stage.text("stdout").contains("sync accepted")).await;
    // Right again, with something that has to wait for a new start.
    stage.configure(", resnyc: 5", "");
    stage.configure("state: {", "server: { listen: \"127.0.0.1:0\" }\nstate: {");
    service.signal("-HUP");
    service.until("it is taken", || log().contains("is in force")).await;
    service.until("what waits", || log().contains("not in force before a new start")).await;
    assert!(log().contains("server"), "{}", log());
    // Nobody tells it of this; before, it would look in a quarter of an hour.
    drift(&stage);
    service.until("the way back", || is_back(&stage)).await;
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_has_the_service_look_again() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = stage.leave(&mut listening(&stage));
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    drift(&stage);
    service.signal("-HUP");
    service.until("the way back", || is_back(&stage)).await;
    assert!(stage.text("stderr").contains("nothing of what can change now has changed"));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_configuration_is_wrong_ends_with_a_code_of_its_own() {
    let stage = Stage::drifted().await;
    stage.configure("run: {", "rum: {");
    let ended = stage.run(&["run"]).await;
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    assert!(ended.stderr.contains("rum"), "{}", ended.stderr);
    assert_eq!(stage.run(&["apply"]).await.code, 1, "a command is not started again");
}
