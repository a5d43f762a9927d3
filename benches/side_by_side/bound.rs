//! The bounds: programs that do nothing but read, which no program that plans can beat by much.
//! They check nothing, keep nothing, and ask for a whole list at once over one connection.
//!
//! - `yaml`: YAML read by the library that the full reader uses, into the plainest type;
//! - `subset`: the lines of just this file, split at their colons;
//! - `post`: calls one after the other over each of some connections, written by hand.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
};

use serde::Deserialize;

use super::data;

#[derive(Deserialize)]
struct File {
    users: Vec<Wanted<'static>>,
}

#[derive(Deserialize, Default)]
struct Wanted<'t> {
    upn: Cow<'t, str>,
    name: Cow<'t, str>,
    number: Cow<'t, str>,
    gateway: u32,
    enabled: bool,
    policy: Cow<'t, str>,
}

#[derive(Deserialize)]
struct Page<'t> {
    #[serde(borrow)]
    data: Vec<Seen<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen<'t> {
    #[serde(borrow)]
    teams_user_id: Cow<'t, str>,
    #[serde(borrow)]
    display_name: Cow<'t, str>,
    #[serde(borrow)]
    phone_number: Cow<'t, str>,
    sbc_gateway_id: u32,
    calling_enabled: bool,
    #[serde(borrow)]
    call_policy_info: Policy<'t>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy<'t> {
    #[serde(borrow)]
    call_policy_name: Cow<'t, str>,
}

/// Reads both sides of each tenant and counts the users that differ.
pub(crate) fn read(reader: &str, folder: &Path, address: &str) -> io::Result<usize> {
    let mut service = Connection::to(address)?;
    let mut differ = 0;
    for tenant in 0..fs::read_dir(folder.join("plainest"))?.count() {
        let file = folder.join("plainest").join(format!("{}.yaml", data::name(tenant)));
        let text = fs::read_to_string(file)?;
        let wanted = match reader {
            "yaml" => serde_yaml::from_str::<File>(&text).map_err(io::Error::other)?.users,
            _ => lines(&text).ok_or_else(|| io::Error::other("not of the subset"))?,
        };
        let path = format!("/provisioning/users?tenantId={}", data::id(tenant));
        let body = service.call("GET", &path, b"")?;
        let page: Page<'_> = serde_json::from_slice(&body)?;
        let live: BTreeMap<&str, &Seen<'_>> =
            page.data.iter().map(|user| (&*user.teams_user_id, user)).collect();
        differ += wanted.iter().filter(|user| !is_so(user, live.get(&*user.upn).copied())).count();
    }
    Ok(differ)
}

fn is_so(wanted: &Wanted<'_>, seen: Option<&Seen<'_>>) -> bool {
    seen.is_some_and(|seen| {
        wanted.name == seen.display_name
            && wanted.number == seen.phone_number
            && wanted.gateway == seen.sbc_gateway_id
            && wanted.enabled == seen.calling_enabled
            && wanted.policy == seen.call_policy_info.call_policy_name
    })
}

/// Users as the generator writes them, and nothing else.
fn lines(text: &str) -> Option<Vec<Wanted<'_>>> {
    let mut users: Vec<Wanted<'_>> = Vec::with_capacity(text.len() / 150);
    for line in text.strip_prefix("users:\n")?.lines() {
        if let Some(upn) = line.strip_prefix("  - upn: ") {
            users.push(Wanted { upn: upn.into(), ..Wanted::default() });
            continue;
        }
        let (key, value) = line.strip_prefix("    ")?.split_once(": ")?;
        let user = users.last_mut()?;
        match key {
            "name" => user.name = value.into(),
            "number" => user.number = value.strip_prefix('"')?.strip_suffix('"')?.into(),
            "gateway" => user.gateway = value.parse().ok()?,
            "enabled" => user.enabled = value.parse().ok()?,
            "policy" => user.policy = value.into(),
            _ => return None,
        }
    }
    Some(users)
}

/// Sends so many calls that write, some at once: one after the other on each of their connections.
pub(crate) fn post(calls: usize, at_once: usize, address: &str) -> io::Result<()> {
    thread::scope(|scope| {
        let each =
            (0..at_once).map(|nth| scope.spawn(move || post_some(nth, at_once, calls, address)));
        let threads: Vec<_> = each.collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or(Err(io::ErrorKind::Other.into())))
    })
}

/// Every `step`th call, from the `first` on.
fn post_some(first: usize, step: usize, calls: usize, address: &str) -> io::Result<()> {
    let mut service = Connection::to(address)?;
    let body = format!("{{\"tenantId\":\"{}\"}}", data::id(0));
    for number in (first..calls).step_by(step) {
        let path = format!(
            "/provisioning/enableCallingForUser/user{number:06}@{}.example.com",
            data::name(0)
        );
        service.call("POST", &path, body.as_bytes())?;
    }
    Ok(())
}

/// The least client: one connection that is kept, bodies of an announced length.
struct Connection {
    stream: TcpStream,
    address: String,
}

impl Connection {
    fn to(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address: address.to_owned() })
    }

    fn call(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer token\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        let mut answer = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        let (head, length) = loop {
            let read = self.stream.read(&mut buffer)?;
            answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if let Some(found) = head(&answer) {
                break found;
            }
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        answer.drain(..head);
        let arrived = answer.len();
        answer.resize(length, 0);
        self.stream.read_exact(answer.get_mut(arrived..).unwrap_or_default())?;
        Ok(answer)
    }
}

/// Where the body of an answer begins and how long it is; nothing while the head is not whole.
fn head(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(answer.get(..end)?).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some((end + 4, length.trim().parse().ok()?))
}
