//! A server of git on loopback: the program's own `git http-backend` behind a socket, which may ask for a
//! token, hang, or send elsewhere.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::stage::child;

/// What the server does with calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Calls without this are refused.
    pub(crate) authorization: Option<String>,
    /// It is away.
    pub(crate) away: bool,
    /// It takes the call for commits and never answers.
    pub(crate) hangs: bool,
    /// It refuses calls, and repeats what it was sent.
    pub(crate) echoes: bool,
    /// It sends callers to this address.
    pub(crate) redirect: Option<String>,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) authorization: Option<String>,
    /// Whether it asks for commits.
    pub(crate) wants: bool,
}

#[derive(Debug)]
pub(crate) struct GitServer {
    address: std::net::SocketAddr,
    pub(crate) manner: Arc<Mutex<Manner>>,
    calls: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
}

impl GitServer {
    /// Serves the repositories below `root`.
    pub(crate) fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let manner: Arc<Mutex<Manner>> = Arc::default();
        let calls: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let over: Arc<AtomicBool> = Arc::default();
        let (known, kept, ended) = (Arc::clone(&manner), Arc::clone(&calls), Arc::clone(&over));
        let root = root.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (manner, calls, over) =
                    (known.lock().unwrap().clone(), Arc::clone(&kept), Arc::clone(&ended));
                let root = root.clone();
                // A caller that hangs up is no matter of the test.
                thread::spawn(move || drop(serve(stream, &root, &manner, &calls, &over)));
            }
        });
        Self { address, manner, calls, over }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    pub(crate) fn calls(&self) -> Vec<Asked> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().unwrap());
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    root: &Path,
    manner: &Manner,
    calls: &Mutex<Vec<Asked>>,
    over: &AtomicBool,
) -> std::io::Result<()> {
    if manner.away {
        return Ok(());
    }
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.to_lowercase(), value.to_owned());
        }
    }
    if headers.contains_key("expect") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = body(&mut reader, &headers)?;
    let authorization = headers.get("authorization").cloned();
    let wants = String::from_utf8_lossy(&body).contains("want ");
    calls.lock().unwrap().push(Asked { authorization: authorization.clone(), wants });
    if let Some(address) = &manner.redirect {
        let answer = format!(
            "HTTP/1.1 302 Found\r\nLocation: {address}{target}\r\nContent-Length: 0\r\nConnection: \
                close\r\n\r\n"
        );
        return stream.write_all(answer.as_bytes());
    }
    if manner.authorization.is_some() && manner.authorization != authorization {
        return stream.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: \
                0\r\nConnection: close\r\n\r\n",
        );
    }
    if manner.echoes {
        let body = format!("you sent {} and s3cret-token\n", authorization.unwrap_or_default());
        let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n";
        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        return stream.write_all(answer.as_bytes());
    }
    if manner.hangs && wants {
        while !over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
        return Ok(());
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut command = child(backend(), root);
    command
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &method)
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("CONTENT_TYPE", headers.get("content-type").map_or("", String::as_str))
        .env("HTTP_CONTENT_ENCODING", headers.get("content-encoding").map_or("", String::as_str))
        .env("GIT_PROTOCOL", headers.get("git-protocol").map_or("", String::as_str));
    let mut git =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    git.stdin.take().unwrap().write_all(&body)?;
    let output = git.wait_with_output()?.stdout;
    let end = output.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let content = output.get(end + 4..).unwrap_or_default();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut answer = format!("HTTP/1.1 {status}\r\n");
    for line in head.lines().filter(|line| !line.starts_with("Status: ")) {
        answer += &format!("{line}\r\n");
    }
    answer += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    stream.write_all(answer.as_bytes())?;
    stream.write_all(content)
}

/// The body, sent whole or in chunks.
fn body(
    reader: &mut BufReader<TcpStream>,
    headers: &BTreeMap<String, String>,
) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(body);
            }
            body.extend(&chunk[..length]);
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    body.resize(length, 0);
    reader.read_exact(&mut body)?;
    Ok(body)
}

/// The program that answers for repositories, where git has it.
pub(crate) fn backend() -> PathBuf {
    let asked = child("git", Path::new("/")).arg("--exec-path").output();
    let folder = asked.map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned());
    PathBuf::from(folder.unwrap_or_default()).join("git-http-backend")
}
