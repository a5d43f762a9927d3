//! What a fleet costs: reading manifests, planning in memory, and the program as a process against
//! a sandbox in another one.
//!
//! `cargo bench --bench fleet` prints figures and asserts nothing about time; with `-- kept`, only
//! those of a fleet that is kept. `FLEET_USERS` and `FLEET_TENANTS` change the size of the fleet
//! that is planned over HTTP (10,000 users in 20 tenants).

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "figures are printed, and a bench that cannot begin ends"
)]

mod made;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use dialplane::{
    config::Execution,
    manifest::{self, InForce, Keeper, ManifestFile},
    model::{
        Coverage, DesiredTenant, Field, LiveCalling, LiveTenant, Memory, ObservedValue, PerHour,
        RecalledMemory, TenantName,
    },
    pass,
    plan::{self, Fleet, Observation},
};
use jiff::Timestamp;
use made::{live, loose, manifests, observed, shuffle};

/// Passes that are timed together: one alone is too short.
const PASSES: u32 = 50;

fn main() {
    if std::env::args().any(|argument| argument == "kept") {
        return kept_fleets();
    }
    println!("in memory, one thread, best of 5");
    for users in [1_000, 10_000, 100_000] {
        in_memory(users, 20);
    }
    kept_fleets();
    println!("\nnumbers of one tenant shuffled at random, planned in memory, best of 5");
    for users in [1_000, 10_000, 100_000] {
        shuffled(users);
    }
    let size = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let users = size("FLEET_USERS", 10_000);
    let tenants = size("FLEET_TENANTS", 20);
    println!(
        "\nover HTTP on loopback: {users} users in {tenants} tenants, dialplane and sandbox each \
            a process"
    );
    let fleet = manifests(users, tenants);
    over_http(&fleet, &fleet, &[]);
    println!("\n10000 numbers of one tenant shuffled at random, over HTTP as above");
    let before = loose(10_000);
    let after = [("tenant000.yaml".to_owned(), shuffle(&before))];
    over_http(&[("tenant000.yaml".to_owned(), before)], &after, &["--as-desired"]);
}

fn kept_fleets() {
    println!("\none pass of a tenant of a fleet that is kept, and a round over all, best of 5");
    for tenants in [10, 100, 1_000] {
        kept(tenants * 100, tenants);
    }
}

/// Reading and planning; every tenth user differs in voicemail.
fn in_memory(users: usize, tenants: usize) {
    let texts = manifests(users, tenants);
    let files: Vec<ManifestFile> =
        texts.iter().map(|(path, text)| ManifestFile::new(path, text)).collect();
    let (loaded, load) = best(|| manifest::load(&files));
    assert!(loaded.diagnostics.is_empty());
    let in_force = Keeper::default().take(loaded);
    let observed = observed(&in_force);
    let execution = Execution::default();
    let now = Timestamp::UNIX_EPOCH;
    let (plan, planned) =
        best(|| pass::decide(&in_force, &observed, |_| Arc::<Memory>::default(), now, &execution));
    let steps: usize = plan.tenants.iter().map(|tenant| tenant.steps.len()).sum();
    let (text, rendered) = best(|| plan::render::text(&plan));
    println!(
        "  {users:>7} users  read and check {load:>9.1?}  plan {planned:>9.1?} ({steps} \
            steps)  show {rendered:>9.1?} ({} KiB)",
        text.len() / 1024
    );
}

/// Everybody is to have somebody else's number: some ten rings, each opened with the one parking
/// number.
fn shuffled(users: usize) {
    let loaded = manifest::load(&[ManifestFile::new("tenant000.yaml", &loose(users))]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let in_force = Keeper::default().take(loaded);
    let Some(desired) = in_force.desired.tenants.values().next() else { return };
    let mut live = live(desired);
    let mut numbers: Vec<_> = desired
        .users
        .values()
        .filter_map(|user| user.details.get(Field::PhoneNumber).cloned())
        .collect();
    fastrand::Rng::with_seed(1).shuffle(&mut numbers);
    for (user, number) in live.users.values_mut().zip(numbers) {
        user.calling = LiveCalling::Enabled;
        user.details.insert(Field::PhoneNumber, ObservedValue::Set(number));
    }
    let observed = [(desired.name.clone(), Ok(Arc::new(live)))].into();
    let per_hour = PerHour { disable: u32::MAX, numbers: u32::MAX, changes: u32::MAX };
    let execution = Execution { per_hour, ..Execution::default() };
    let now = Timestamp::UNIX_EPOCH;
    let (plan, planned) =
        best(|| pass::decide(&in_force, &observed, |_| Arc::<Memory>::default(), now, &execution));
    let steps = plan.tenants.iter().flat_map(|tenant| &tenant.steps);
    let parked = steps.clone().filter(|step| step.cause == plan::Cause::Parking);
    let held = steps.filter(|step| !step.holds.is_empty());
    println!(
        "  {users:>7} users  plan {planned:>9.1?}  {} rings, {} steps held",
        parked.count(),
        held.count()
    );
}

/// What one pass of the service costs in a fleet that is known, beside the same tenant alone; and a
/// round in which each tenant is seen and planned once. Each tenant has voicemail to change and a
/// number to give to somebody else, which only the whole fleet can say is free.
fn kept(users: usize, tenants: usize) {
    let texts = manifests(users, tenants);
    let files: Vec<ManifestFile> =
        texts.iter().map(|(path, text)| ManifestFile::new(path, text)).collect();
    let in_force = Keeper::default().take(manifest::load(&files));
    let seen: BTreeMap<_, _> =
        in_force.desired.tenants.iter().map(|(name, tenant)| (name, lacking(tenant))).collect();
    let now = Timestamp::UNIX_EPOCH;
    let rules = pass::rules(&Execution::default());
    let mut whole = Fleet::new(rules);
    whole.take(in_force.tenants(), &in_force.broken);
    let mut alone = Fleet::new(rules);
    let Some((first, _)) = in_force.desired.tenants.first_key_value() else { return };
    alone.take(in_force.tenant(first).into_iter(), &in_force.broken);
    // As the service begins: everybody is looked at before anybody is planned.
    for (name, live) in &seen {
        let id = &in_force.desired.tenants[*name].id;
        let live = Observation::Seen(Arc::new(live.clone()));
        whole.looked(name, id, live, RecalledMemory::default());
    }
    for (name, live) in &seen {
        pass_of(&mut whole, &in_force, name, live, now);
    }
    let here = |fleet: &mut Fleet| {
        let passes =
            || (0..PASSES).for_each(|_| pass_of(fleet, &in_force, first, &seen[first], now));
        best(passes).1 / PASSES
    };
    let pass_alone = here(&mut alone);
    let in_fleet = here(&mut whole);
    let doubted = |fleet: &mut Fleet| {
        let [seen, in_doubt] = [&seen[first], &doubted(&seen[first])];
        let passes = || {
            pass_of(fleet, &in_force, first, in_doubt, now);
            pass_of(fleet, &in_force, first, seen, now);
        };
        best(passes).1 / 2
    };
    let doubted_alone = doubted(&mut alone);
    let doubted_in_fleet = doubted(&mut whole);
    let ((), round) = best(|| {
        for (name, live) in &seen {
            pass_of(&mut whole, &in_force, name, live, now);
        }
    });
    println!(
        "  {users:>7} users in {tenants:>4} tenants  a pass alone {pass_alone:>9.1?}, in the fleet \
            {in_fleet:>9.1?}; in doubt and back, alone {doubted_alone:>9.1?}, in the fleet \
            {doubted_in_fleet:>9.1?}  a round {round:>9.1?}"
    );
}

/// A tenant is seen anew and planned.
fn pass_of(
    fleet: &mut Fleet,
    in_force: &InForce,
    name: &TenantName,
    live: &LiveTenant,
    now: Timestamp,
) {
    let id = &in_force.desired.tenants[name].id;
    // As a list is read: nothing of it is what was there before.
    let live = Observation::Seen(Arc::new(live.clone()));
    fleet.looked(name, id, live, RecalledMemory::default());
    std::hint::black_box(fleet.plan(name, now));
}

/// A tenant in which some have other settings than they are to have, and one has no number yet.
fn lacking(tenant: &DesiredTenant) -> LiveTenant {
    let mut live = live(tenant);
    if let Some(user) = live.users.values_mut().next() {
        user.details.insert(Field::PhoneNumber, ObservedValue::Unset);
    }
    live
}

/// The same tenant when its list may be incomplete and a number has changed hands: nobody can say of
/// any number that it is free, and one is held by somebody else.
fn doubted(tenant: &LiveTenant) -> LiveTenant {
    let mut live = tenant.clone();
    live.coverage = Coverage::Suspect("fewer users than last time".to_owned());
    if let Some(user) = live.users.values_mut().last() {
        user.details.insert(Field::PhoneNumber, ObservedValue::Unset);
    }
    live
}

fn best<T>(mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut timed = || {
        let begin = Instant::now();
        let done = work();
        (done, begin.elapsed())
    };
    let first = timed();
    (0..4).fold(first, |best, _| {
        let next = timed();
        if next.1 < best.1 { next } else { best }
    })
}

/// A sandbox made from the manifests `before`, and what it costs to plan and apply `after` there.
fn over_http(before: &[(String, String)], after: &[(String, String)], how: &[&str]) {
    let folder = std::env::temp_dir().join(format!("dialplane-fleet-{}", std::process::id()));
    fs::create_dir_all(folder.join("manifests")).expect("a temporary folder");
    let write = |manifests: &[(String, String)]| {
        for (name, text) in manifests {
            fs::write(folder.join("manifests").join(name), text).expect("a temporary file");
        }
    };
    write(before);
    let serve =
        ["sandbox", "manifests", "--listen", "127.0.0.1:0", "--write-config", "dialplane.yaml"];
    let mut sandbox = start(&folder, &[&serve, how].concat());
    let mut url = String::new();
    if let Some(stdout) = sandbox.stdout.take() {
        BufReader::new(stdout).read_line(&mut url).expect("the sandbox's address");
    }
    write(after);
    for (what, arguments) in
        [("plan", &["plan"][..]), ("apply", &["apply"]), ("apply again", &["apply"])]
    {
        let begin = Instant::now();
        let mut child = start(&folder, arguments);
        let output = child.stdout.take().map(|stdout| {
            std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).last())
        });
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_memory(&child));
            if let Some(status) = child.try_wait().expect("the program's end") {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = begin.elapsed();
        let last = output.and_then(|thread| thread.join().ok().flatten()).unwrap_or_default();
        println!(
            "  {what:12} {took:>9.1?}  {:>5} MiB at most  exit {}  {last}",
            peak / 1024,
            status.code().unwrap_or(-1)
        );
    }
    let _ = sandbox.kill();
    let _ = sandbox.wait();
    let _ = fs::remove_dir_all(&folder);
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialplane"));
    // The drift of a whole fleet at once is more than an hour allows.
    for kind in ["DISABLE", "NUMBERS", "CHANGES"] {
        command.env(format!("DIALPLANE_EXECUTION__PER_HOUR__{kind}"), "1000000");
    }
    command.args(arguments).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("the program")
}

/// The most memory that a process had so far, in KiB.
fn peak_memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
