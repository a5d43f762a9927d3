//! A wire on loopback between the program and its database, which tests cut, stall, or make swallow
//! what goes over it: at a message of the program that they name by its number.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

use super::postgres::Database;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not arrive, and the connection ends.
    Lost,
    /// It arrives, and its answer does not: the connection ends.
    Unanswered,
    /// It arrives; no answer comes any more, and the connection stays.
    Silent,
}

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// All goes through.
    Open,
    /// Nothing does; later all of it.
    Stalled,
    /// Connections end, and none is made.
    Cut,
}

/// A wire to one server.
pub(crate) struct Wire {
    address: SocketAddr,
    schema: String,
    line: Arc<Line>,
    worker: JoinHandle<()>,
}

struct Line {
    server: PathBuf,
    flow: watch::Sender<Flow>,
    /// Messages of the program since the fault was set.
    sent: AtomicUsize,
    fault: Mutex<Option<(usize, Fault)>>,
    has_struck: AtomicBool,
}

impl Wire {
    /// To the server of this database.
    pub(crate) async fn to(database: &Database) -> Self {
        let host = database.url.split_once('@').unwrap().1.split_once('/').unwrap().0;
        let server = PathBuf::from(host.replace("%2F", "/")).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Line {
            server,
            flow: watch::channel(Flow::Open).0,
            sent: AtomicUsize::new(0),
            fault: Mutex::new(None),
            has_struck: AtomicBool::new(false),
        });
        let worker = tokio::spawn(Arc::clone(&line).serve(listener));
        Self { address, schema: database.schema.clone(), line, worker }
    }

    /// The database at its other end.
    pub(crate) fn database(&self) -> Database {
        let Self { address, schema, .. } = self;
        Database {
            url: format!("postgres://dialplane@{address}/postgres?sslmode=disable"),
            schema: schema.clone(),
        }
    }

    /// The message of this number from now on meets with this.
    pub(crate) fn strike(&self, message: usize, fault: Fault) {
        *self.line.fault.lock().unwrap() = Some((message, fault));
        self.line.sent.store(0, Ordering::SeqCst);
    }

    /// Whether it has.
    pub(crate) fn has_struck(&self) -> bool {
        self.line.has_struck.load(Ordering::SeqCst)
    }

    /// From now on the wire is so.
    pub(crate) fn set(&self, flow: Flow) {
        self.line.flow.send_replace(flow);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Line {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((program, _)) = listener.accept().await else { continue };
            tokio::spawn(Arc::clone(&self).connect(program));
        }
    }

    async fn connect(self: Arc<Self>, program: TcpStream) {
        if *self.flow.borrow() == Flow::Cut {
            return;
        }
        let Ok(server) = UnixStream::connect(&self.server).await else { return };
        let is_mute = AtomicBool::new(false);
        let (from_program, mut to_program) = program.into_split();
        let (mut from_server, to_server) = server.into_split();
        let there = self.there(from_program, to_server, &is_mute);
        let back = async {
            let mut bytes = vec![0; 1 << 16];
            loop {
                let read = from_server.read(&mut bytes).await.unwrap_or(0);
                if read == 0 || !self.passes().await {
                    return;
                }
                if is_mute.load(Ordering::SeqCst) {
                    continue;
                }
                if to_program.write_all(&bytes[..read]).await.is_err() {
                    return;
                }
            }
        };
        // What ends one way ends both.
        tokio::select! {
            () = there => {}
            () = back => {}
            () = self.is_cut() => {}
        }
    }

    /// Message by message. Ends where the connection is to end.
    async fn there(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: tokio::net::unix::OwnedWriteHalf,
        is_mute: &AtomicBool,
    ) {
        let mut is_first = true;
        while let Some(message) = message(&mut from, is_first).await {
            is_first = false;
            if !self.passes().await {
                return;
            }
            let fault = self.fault();
            match fault {
                Some(Fault::Lost) => return,
                Some(Fault::Unanswered | Fault::Silent) => is_mute.store(true, Ordering::SeqCst),
                None => {}
            }
            if to.write_all(&message).await.is_err() || fault == Some(Fault::Unanswered) {
                return;
            }
        }
    }

    /// What the next message meets with.
    fn fault(&self) -> Option<Fault> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let mut fault = self.fault.lock().unwrap();
        let (_, now) = fault.filter(|(at, _)| *at == number)?;
        *fault = None;
        self.has_struck.store(true, Ordering::SeqCst);
        Some(now)
    }

    /// Once the wire lets something through; not if it is cut.
    async fn passes(&self) -> bool {
        let mut flow = self.flow.subscribe();
        let now = flow.wait_for(|flow| *flow != Flow::Stalled).await;
        now.is_ok_and(|flow| *flow == Flow::Open)
    }

    async fn is_cut(&self) {
        let mut flow = self.flow.subscribe();
        drop(flow.wait_for(|flow| *flow == Flow::Cut).await);
    }
}

/// The next message: its kind, which the first has not, its length, and what it says.
async fn message(from: &mut (impl AsyncRead + Unpin), is_first: bool) -> Option<Vec<u8>> {
    let head = if is_first { 4 } else { 5 };
    let mut bytes = vec![0; head];
    from.read_exact(&mut bytes).await.ok()?;
    let length = u32::from_be_bytes(bytes[head - 4..].try_into().ok()?);
    let length = usize::try_from(length).ok()?.checked_sub(4)?;
    bytes.resize(head + length, 0);
    from.read_exact(&mut bytes[head..]).await.ok()?;
    Some(bytes)
}
