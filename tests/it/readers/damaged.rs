//! Answers that are damaged on their way, byte by byte and value by value: whatever arrives is read
//! or refused in plain words, and a list that lost somebody never claims to be complete.
//!
//! This is what a fuzzer of the readers would do, on stable Rust and in every run. Between client
//! and sandbox stands a relay that damages one answer. `DAMAGES` sets how many are tried.

use std::sync::{Arc, Mutex};

use dialplane::{
    api::connecttoteams::Client,
    model::{Call, Coverage, Fault, LiveSource},
    ports::{LiveReader as _, Permit, Provisioner as _},
    sandbox::Envelope,
};
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{contoso, readers_at, settings_at, wrapped::sandbox};
use crate::support::upn;

/// The twelve of the manifests and the platform's own two.
const EVERYBODY: usize = 14;

/// The answer that is damaged next: after how many others, and by which dice.
type Next = Arc<Mutex<Option<(usize, Rng)>>>;

/// A relay to this address: its own, and what it does next.
async fn relay(to: std::net::SocketAddr) -> (String, Next) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let next = Next::default();
    let shared = Arc::clone(&next);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let next = Arc::clone(&shared);
            // Whoever hangs up is not of interest.
            tokio::spawn(async move { drop(pass_on(client, to, &next).await) });
        }
    });
    (base_url, next)
}

/// One request and its answer, on connections of their own.
async fn pass_on(
    mut client: TcpStream,
    to: std::net::SocketAddr,
    next: &Mutex<Option<(usize, Rng)>>,
) -> std::io::Result<()> {
    let (head, body) = message(&mut client).await?;
    let mut service = TcpStream::connect(to).await?;
    let (line, headers) = head.split_once("\r\n").unwrap();
    service.write_all(format!("{line}\r\nconnection: close\r\n{headers}").as_bytes()).await?;
    service.write_all(&body).await?;
    let (head, mut body) = message(&mut service).await?;
    if let Some(mut rng) = due(&mut next.lock().unwrap()) {
        body = damaged(&body, &mut rng);
    }
    let kept = head.lines().filter(|line| !line.to_lowercase().starts_with("content-length"));
    let head = kept.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\r\n");
    let length = body.len();
    client.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n").as_bytes()).await?;
    client.write_all(&body).await?;
    client.shutdown().await
}

/// The dice, if it is this answer's turn.
fn due(next: &mut Option<(usize, Rng)>) -> Option<Rng> {
    if let Some((others @ 1.., _)) = next {
        *others -= 1;
        return None;
    }
    next.take().map(|(_, rng)| rng)
}

/// The head, with its empty line, and the body of a message whose length is announced.
async fn message(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8(read).unwrap();
    let length = head.to_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}

/// One damage of a body.
fn damaged(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = body.to_vec();
    let at = rng.usize(0..bytes.len().max(1));
    match rng.u8(0..9) {
        0 => bytes.truncate(at),
        1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.u8(0..8)),
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = 0xff),
        3 => drop(bytes.splice(0..0, *b"\xef\xbb\xbf")),
        4 => bytes = [vec![b'['; 20_000], bytes, vec![b']'; 20_000]].concat(),
        5 => bytes = (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect(),
        6 => bytes = twice(body, rng),
        _ => {
            if let Ok(mut value) = serde_json::from_slice(body) {
                let mut left = rng.usize(0..40);
                change(&mut value, &mut left, rng);
                bytes = value.to_string().into_bytes();
            }
        }
    }
    bytes
}

/// The same object with one of its keys a second time, with nothing in it.
fn twice(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return body.to_vec() };
    let Some(key) = rng.choice(object.keys()) else { return body.to_vec() };
    let nothing = ["[]", "null", "0", "{}"][rng.usize(0..4)];
    format!("{},{}:{nothing}}}", text.trim_end().trim_end_matches('}'), json!(key)).into_bytes()
}

/// Another value, or none, in the place of one that is met after `left` others.
fn change(value: &mut Value, left: &mut usize, rng: &mut Rng) -> bool {
    if *left == 0 {
        *value = match rng.u8(0..8) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!(-1),
            4 => json!(1e300),
            5 => json!(u64::MAX),
            6 => json!("\u{1b}[31mred\u{7}\r\n\u{202e}"),
            _ => json!(true),
        };
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) if !items.is_empty() && rng.u8(0..10) == 0 => {
            items.remove(rng.usize(0..items.len()));
            true
        }
        Value::Array(items) => items.iter_mut().any(|item| change(item, left, rng)),
        Value::Object(object) => object.values_mut().any(|item| change(item, left, rng)),
        _ => false,
    }
}

/// Nothing in the words acts on a terminal.
fn is_plain(words: &str, seed: u64) {
    let acts = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!words.contains(acts), "seed {seed}: {words:?}");
}

fn fault_is_plain(fault: &Fault, seed: u64) {
    is_plain(&fault.message, seed);
    is_plain(fault.hint.as_deref().unwrap_or_default(), seed);
}

fn damages() -> u64 {
    std::env::var("DAMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

#[tokio::test]
async fn a_damaged_list_is_read_or_refused_and_never_hides_that_somebody_is_missing() {
    let mut met = [0; 3];
    for live in [LiveSource::ConnecttoTeams, LiveSource::Graph] {
        let sandbox = sandbox(Envelope::Datatables).await;
        let (base_url, next) = relay(sandbox.address()).await;
        for seed in 0..damages() {
            let mut rng = Rng::with_seed(seed);
            // Graph counts nothing: a page that ends its list too early looks like its end.
            let page_size = if live == LiveSource::Graph { 200 } else { 5 };
            *next.lock().unwrap() = Some((rng.usize(0..7), rng.clone()));
            let readers = readers_at(&base_url, Envelope::Datatables, page_size);
            match readers.observe(&contoso(live)).await {
                Err(fault) => {
                    fault_is_plain(&fault, seed);
                    met[2] += 1;
                }
                Ok(seen) => match &seen.coverage {
                    Coverage::Suspect(doubt) => {
                        is_plain(doubt, seed);
                        met[1] += 1;
                    }
                    Coverage::Complete if live == LiveSource::Graph => {}
                    Coverage::Complete => {
                        let named = seen.users.len() + seen.beside.nameless;
                        assert!(named >= EVERYBODY, "seed {seed}: {named} users, complete");
                        met[0] += 1;
                    }
                },
            }
        }
    }
    // Which answer is damaged depends on the order in which pages are asked for side by side.
    assert!(met[0] > 9 && met[2] > 9, "complete, in doubt, failed: {met:?}");
}

#[tokio::test]
async fn a_damaged_answer_to_a_write_is_read_or_refused() {
    let sandbox = sandbox(Envelope::Datatables).await;
    let (base_url, next) = relay(sandbox.address()).await;
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..damages() {
        let mut rng = Rng::with_seed(seed);
        *next.lock().unwrap() = Some((rng.usize(0..5), rng.clone()));
        let settings = settings_at(&base_url, Envelope::Datatables, 5);
        let writer = Client::new(settings.connect_to_teams.as_ref().unwrap()).unwrap().writer();
        let tenant = contoso(LiveSource::ConnecttoTeams);
        for call in [Call::Enable(upn("user01@contoso.com")), Call::Sync] {
            match writer.send(&tenant, &call, &Permit::default()).await {
                Ok(()) => accepted += 1,
                Err(fault) => {
                    fault_is_plain(&fault, seed);
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 5 && refused > 5, "{accepted} accepted, {refused} refused");
}
