//! SIGTERM, Ctrl-C and SIGHUP: the first asks, the second insists.
//!
//! SIGHUP is two things. Where the terminal of the program is gone it asks for the end, as SIGTERM
//! does; otherwise it asks a service to look again and to read its configuration.
//!
//! **Invariant:** all are heard whatever the program does, on a thread that does nothing else.

use std::{
    fs::{self, File},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{exit::Exit, out, pager};

/// How long the program may take to end in order when somebody insists.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What signals mean to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalMode {
    /// It changes nothing: asking is as good as insisting.
    AtOnce,
    /// It does something once.
    Once,
    /// It is the service, which may be told to look again.
    Serves,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Signals {
    asked: CancellationToken,
    insisted: CancellationToken,
    again: Arc<Notify>,
}

impl Signals {
    /// Listens from now on: what is asked for while the program is busy with its first call is
    /// heard, too. `end` ends the program if it does not end in order.
    pub(super) fn listen(manner: SignalMode, end: impl FnOnce(Exit) + Send + 'static) -> Self {
        let signals = Self {
            asked: CancellationToken::new(),
            insisted: CancellationToken::new(),
            again: Arc::default(),
        };
        let tokens = [signals.asked.clone(), signals.insisted.clone()];
        let again = Arc::clone(&signals.again);
        let (opened, is_open) = mpsc::sync_channel(1);
        if thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || hear(tokens, &again, manner, &opened, end))
            .is_err()
        {
            warn!("signals cannot be caught: a stop ends the program at once");
        }
        // Without an answer there is no ear, which has been said.
        let _ = is_open.recv();
        signals
    }

    /// Cancelled when somebody asks the program to stop.
    pub(super) fn asked(&self) -> CancellationToken {
        self.asked.clone()
    }

    /// Waits until somebody asks a second time.
    pub(super) async fn insisted(&self) {
        self.insisted.cancelled().await;
    }

    /// Waits until somebody asks the service to look again.
    pub(super) async fn again(&self) {
        self.again.notified().await;
    }
}

fn hear(
    [asked, insisted]: [CancellationToken; 2],
    again: &Notify,
    manner: SignalMode,
    opened: &mpsc::SyncSender<()>,
    end: impl FnOnce(Exit),
) {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
        warn!("signals cannot be caught: a stop ends the program at once");
        return;
    };
    runtime.block_on(async {
        let Some(mut ear) = SignalListener::open(manner) else {
            warn!("signals cannot be caught: a stop ends the program at once");
            return;
        };
        let _ = opened.send(());
        ear.asked(again).await;
        asked.cancel();
        if manner != SignalMode::AtOnce {
            out::talk("stopping: running calls may end; once more to stop at once\n");
            ear.insisted().await;
        }
        insisted.cancel();
        tokio::time::sleep(LAST_WORDS).await;
        // A busy program does not hear. No more is cut off than by a loss of power.
        out::talk("error: stopped at once\n");
        end(Exit::Error);
    });
}

/// What is listened to.
struct SignalListener {
    term: Signal,
    int: Signal,
    /// Nothing where the program was started to outlive its terminal (`nohup`).
    hangup: Option<Signal>,
    /// Whether the program began at a terminal.
    had_terminal: bool,
    serves: bool,
}

impl SignalListener {
    fn open(manner: SignalMode) -> Option<Self> {
        // Before it is listened to: that ends its being ignored.
        let hangup = if is_hangup_ignored() { None } else { signal(SignalKind::hangup()).ok() };
        Some(Self {
            term: signal(SignalKind::terminate()).ok()?,
            int: signal(SignalKind::interrupt()).ok()?,
            hangup,
            had_terminal: has_terminal(),
            serves: manner == SignalMode::Serves,
        })
    }

    /// Waits until the end is asked for. Those who wait on `again` hear of everything else.
    async fn asked(&mut self, again: &Notify) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                // While a pager has the terminal, Ctrl-C is for it.
                _ = self.int.recv() => if !pager::is_open() { return },
                () = heard(self.hangup.as_mut()) => {
                    let is_lost = self.had_terminal && !has_terminal();
                    if is_lost || !self.serves {
                        return;
                    }
                    again.notify_one();
                }
            }
        }
    }

    /// Waits until the end is asked for once more. A terminal that is lost is told of twice, by the
    /// system and by the shell.
    async fn insisted(&mut self) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                _ = self.int.recv() => if !pager::is_open() { return },
            }
        }
    }
}

/// Waits for a signal, if it is listened to.
async fn heard(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether this process has a terminal that is still there.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Whether this process was started to ignore SIGHUP.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first bit is the first signal.
    ignored.is_some_and(|mask| mask & 1 != 0)
}
