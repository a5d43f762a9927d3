//! How soon the service acts: from a saved file, and from a push whose host calls, to the first call of
//! the vendor's service. And what it takes while nothing happens.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    measure::{memory, ticks},
    stage::{LOOK, PATIENCE, Stage, row, save, spread},
};

const TIMES: usize = 100;
/// How long nothing may be asked before the next save.
const QUIET: Duration = Duration::from_millis(400);
/// Calls of a host count once in two seconds.
const BETWEEN: Duration = Duration::from_millis(2100);
const SECRET: &str = "a secret of this bench and of nobody else";

/// Saves and pushes, a hundred times each.
pub(crate) async fn reaction() -> io::Result<()> {
    let stage = Stage::set(1000, 10, "run: { resync: 24h }\n").await?;
    let service = stage.start()?;
    stage.until_done(10).await?;
    let file = stage.file(0);
    let text = fs::read_to_string(&file)?;
    let mut times = Vec::new();
    for number in 0..TIMES {
        rest(&stage).await;
        let calls = stage.calls();
        save(&file, &edited(&text, number))?;
        times.push(next_call(&stage, calls).await?);
    }
    row("save of a file to the first call: median; worst of 100", &spread(&times));
    drop(service);
    pushes().await
}

async fn pushes() -> io::Result<()> {
    let repository = tempfile::tempdir()?;
    let root = repository.path();
    let git = format!(
        "git: {{ url: \"file://{}/origin.git\", interval: 1h }}\nrun: {{ resync: 24h }}\n",
        root.display()
    );
    let stage = Stage::set(1000, 10, &git).await?;
    let hook = format!(", hookSecret: {{ command: [printf, \"{SECRET}\"] }} }}\n");
    let config = fs::read_to_string(stage.path().join("dialplane.yaml"))?;
    let listen = format!("server: {{ listen: \"127.0.0.1:{}\"", stage.port);
    let config = config.replace(&format!("{listen} }}\n"), &format!("{listen}{hook}"));
    fs::write(stage.path().join("dialplane.yaml"), config)?;
    call(root, &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"])?;
    call(root, &["clone", "--quiet", "origin.git", "work"])?;
    let work = root.join("work");
    call(&work, &["checkout", "--quiet", "-B", "main"])?;
    fs::rename(stage.path().join("manifests"), work.join("manifests"))?;
    push(&work)?;
    let _service = stage.start()?;
    stage.until_done(10).await?;
    let file = work.join("manifests/tenant000.yaml");
    let text = fs::read_to_string(&file)?;
    let mut times = Vec::new();
    for number in 0..TIMES {
        rest(&stage).await;
        sleep(BETWEEN).await;
        let calls = stage.calls();
        fs::write(&file, edited(&text, number))?;
        push(&work)?;
        let begun = Instant::now();
        tell(stage.port)?;
        next_call(&stage, calls).await?;
        times.push(begun.elapsed());
    }
    row("push, from the host's call to the first call: median; worst of 100", &spread(&times));
    Ok(())
}

/// What the service takes in a minute in which nothing happens.
pub(crate) async fn idle() -> io::Result<()> {
    let stage = Stage::set(30_000, 300, "run: { resync: 24h }\n").await?;
    let service = stage.start()?;
    let began = stage.until_done(300).await?;
    sleep(Duration::from_secs(10)).await;
    let before = ticks(service.id())?;
    sleep(Duration::from_secs(60)).await;
    let took = ticks(service.id())? - before;
    row(
        "300 tenants, 30,000 users: start to the end of all first passes",
        &format!("{:.1} s", began.as_secs_f64()),
    );
    row("the same, a minute in which nothing happens: CPU", &format!("{took:.2} s"));
    row("the same, memory", &format!("{:.0} MiB", memory(service.id(), "VmRSS:")));
    Ok(())
}

/// The manifest of a tenant with another tag of its first user.
fn edited(text: &str, number: usize) -> String {
    text.replacen(
        "      phoneNumber:",
        &format!("      userTag: \"edit {number}\"\n      phoneNumber:"),
        1,
    )
}

/// Waits until a call is made beyond these; how long that took.
async fn next_call(stage: &Stage, calls: u64) -> io::Result<Duration> {
    let begun = Instant::now();
    while stage.calls() <= calls {
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other("the service asked for nothing"));
        }
        sleep(LOOK).await;
    }
    Ok(begun.elapsed())
}

/// Waits until nothing is asked any more.
async fn rest(stage: &Stage) {
    let mut calls = stage.calls();
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        sleep(Duration::from_millis(20)).await;
        let now = stage.calls();
        if now != calls {
            (calls, since) = (now, Instant::now());
        }
    }
}

/// Commits and pushes what is there.
fn push(work: &Path) -> io::Result<()> {
    call(work, &["add", "--all"])?;
    call(work, &["commit", "--quiet", "--allow-empty", "--message", "an edit"])?;
    call(work, &["push", "--quiet", "origin", "main"])
}

fn call(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let ended = Command::new("git")
        .args(["-c", "user.name=ann", "-c", "user.email=ann@example.org"])
        .args(arguments)
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()?;
    if ended.success() { Ok(()) } else { Err(io::Error::other(format!("git {arguments:?}"))) }
}

/// Calls as a host does.
fn tell(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let head = "POST /hooks/git HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let kind = "Content-Type: application/json\r\nContent-Length: 2\r\n";
    stream.write_all(format!("{head}{kind}X-Gitlab-Token: {SECRET}\r\n\r\n{{}}").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    if text.starts_with("HTTP/1.1 202") { Ok(()) } else { Err(io::Error::other(text)) }
}
