//! A branch that is followed: the commit that is in force, and why a newer one is not.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::{runtime::Handle, sync::Notify};
use tracing::{info, warn};

use super::{
    CommitId,
    gate::FetchGate,
    remote::{Remote, RemoteHead},
    report::{SourceReport, stays},
    tree::KnownBlobs,
    trouble::{GitTrouble, GitTroubleKind},
};
use crate::{config::GitSource, model::Revision, source::Tree};

/// How much of the interval a wait may differ from it: a fleet must not ask its server all at once.
const SPREAD: f64 = 0.2;

/// Of all branches of this process.
static GATE: FetchGate = FetchGate::new();

/// A branch that is followed.
#[derive(Debug)]
pub(in crate::source) struct Branch {
    name: String,
    remote: Remote,
    state: Mutex<BranchState>,
    moved: Condvar,
    /// Ends the rest between two questions.
    wake: Notify,
}

#[derive(Debug, Default)]
struct BranchState {
    head: Option<RemoteHead>,
    trouble: Option<(GitTrouble, Timestamp)>,
    /// The newest commit is here and cannot be read.
    unread: Option<UnreadableHead>,
    /// When the server last said where the branch is.
    heard_at: Option<Timestamp>,
    /// How often somebody wanted it to be asked now.
    wanted: u64,
    /// How many of those were asked since.
    asked: u64,
    /// Whether it was asked at all.
    is_tried: bool,
    /// Nobody follows any more.
    is_over: bool,
}

/// The newest commit is here and cannot be read.
#[derive(Debug)]
struct UnreadableHead {
    trouble: GitTrouble,
    since: Timestamp,
    /// What is in force instead.
    in_force: Option<Revision>,
}

impl BranchState {
    /// The version in force.
    fn in_force(&self) -> Option<&Revision> {
        match &self.unread {
            Some(unread) => unread.in_force.as_ref(),
            None => self.head.as_ref().map(|head| &head.revision),
        }
    }

    /// Why the newest commit is not in force, and since when.
    fn told(&self) -> Option<(GitTrouble, Timestamp)> {
        let unread = self.unread.as_ref().map(|unread| (unread.trouble.clone(), unread.since));
        self.trouble.clone().or(unread)
    }

    /// Whether somebody wants more than to wait until it is time.
    fn wants_more(&self) -> bool {
        self.is_over || self.wanted != self.asked
    }
}

impl Branch {
    pub(in crate::source) fn new(
        name: &str,
        source: &GitSource,
        prefix: &Path,
        state: &Path,
    ) -> Self {
        Self {
            name: name.to_owned(),
            remote: Remote::new(source, prefix, state),
            state: Mutex::default(),
            moved: Condvar::new(),
            wake: Notify::new(),
        }
    }

    pub(in crate::source) fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> MutexGuard<'_, BranchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the server until somebody ends it; `news` hears of whatever has changed.
    pub(in crate::source) fn follow(&self, runtime: &Handle, news: &Notify) {
        self.begin();
        loop {
            let wanted = self.state().wanted;
            let is_news = self.update(true);
            // The one who wanted it hears of it, even if nothing has changed.
            let before = std::mem::replace(&mut self.state().asked, wanted);
            if is_news || before != wanted {
                news.notify_one();
            }
            if !self.rest(runtime) {
                return;
            }
        }
    }

    /// What a former run has left is in force until the server was asked.
    fn begin(&self) {
        let kept = self.remote.kept();
        let mut state = self.state();
        if state.head.is_none() {
            state.head = kept;
        }
    }

    /// Asks the server once. True if anything has changed; the log tells that if it is to.
    fn update(&self, is_told: bool) -> bool {
        let now = Timestamp::now();
        let before = self.state().head.as_ref().map(|head| head.commit.clone());
        let outcome = {
            let _inside = GATE.enter();
            self.token().and_then(|token| self.remote.update(token.as_ref(), before.as_ref()))
        };
        let mut state = self.state();
        state.is_tried = true;
        self.moved.notify_all();
        match outcome {
            Ok(head) => {
                state.heard_at = Some(now);
                let ended = state.trouble.take().is_some();
                let before = state.head.replace(head.clone());
                let is_new = before.is_none_or(|before| before.commit != head.commit);
                drop(state);
                if is_told {
                    self.tell(&head, is_new, ended);
                }
                is_new || ended
            }
            Err(trouble) if trouble.kind == GitTroubleKind::GivenUp => false,
            Err(trouble) => {
                let known = state.trouble.as_ref().map(|(known, _)| known);
                let is_new = known.is_none_or(|known| *known != trouble);
                let is_told = is_told && known.is_none_or(|known| trouble.is_other(known));
                let of_kind = |(known, _): &&(GitTrouble, _)| known.kind == trouble.kind;
                let since = state.trouble.as_ref().filter(of_kind).map_or(now, |(_, since)| *since);
                let stays = stays(state.in_force());
                state.trouble = Some((trouble.clone(), since));
                drop(state);
                if is_told {
                    warn!(source = self.name, hint = trouble.hint, "{trouble}; {stays}");
                }
                is_new
            }
        }
    }

    fn tell(&self, head: &RemoteHead, is_new: bool, ended: bool) {
        if ended {
            info!(source = self.name, "the source can be read again");
        }
        if !is_new {
            return;
        }
        info!(
            source = self.name,
            commit = head.commit.short(),
            author = head.revision.author,
            "fetched"
        );
        if let Some(old) = &head.rewrote {
            warn!(
                source = self.name,
                "the branch was rewritten: {} does not build on {}, which was in force",
                head.commit.short(),
                old.short()
            );
        }
    }

    /// Waits until it is time to ask again. False if nobody follows any more.
    fn rest(&self, runtime: &Handle) -> bool {
        let spread = 1.0 - SPREAD + 2.0 * SPREAD * fastrand::f64();
        let interval = self.remote.settings().interval.mul_f64(spread);
        let wanted = async {
            while !self.state().wants_more() {
                self.wake.notified().await;
            }
        };
        // The runtime's own timer: a wait on a condition ends by the machine's clock, which is another
        // one where a test pretends that it is another day.
        runtime.block_on(async {
            let _is_due = tokio::time::timeout(interval, wanted).await;
        });
        !self.state().is_over
    }

    /// Ends [`Branch::follow`], and whatever is asked.
    pub(in crate::source) fn end(&self) {
        self.remote.give_up();
        self.state().is_over = true;
        self.moved.notify_all();
        self.wake.notify_one();
    }

    /// The server is to be asked now. The number of that wish.
    pub(in crate::source) fn ask_now(&self) -> u64 {
        let mut state = self.state();
        state.wanted += 1;
        self.moved.notify_all();
        self.wake.notify_one();
        state.wanted
    }

    /// Whether the server was asked since this was wished, or nobody asks it any more.
    pub(in crate::source) fn was_asked(&self, wish: u64) -> bool {
        let state = self.state();
        state.asked >= wish || state.is_over
    }

    /// Asks the server once, for a command: what cannot be read fails.
    pub(in crate::source) fn fetch(&self) -> Result<(), GitTrouble> {
        self.update(false);
        let state = self.state();
        match &state.trouble {
            Some((trouble, _)) => Err(trouble.clone()),
            None if state.head.is_none() => Err(GitTrouble::given_up()),
            None => Ok(()),
        }
    }

    /// Whatever was fetched before does not count.
    pub(in crate::source) fn leave_out(&self) {
        let mut state = self.state();
        state.head = None;
        state.is_tried = true;
    }

    /// Takes what a former run or another process has fetched; asks only if there is nothing, and it
    /// may.
    pub(in crate::source) fn take_kept(&self, may_ask: bool) -> Result<(), GitTrouble> {
        self.begin();
        let mut state = self.state();
        if state.head.is_some() {
            state.is_tried = true;
            return Ok(());
        }
        drop(state);
        if may_ask {
            return self.fetch();
        }
        let reason = format!("nothing of {} was fetched yet", self.name);
        Err(GitTrouble::new(GitTroubleKind::Away, reason, "`dialplane doctor` says why"))
    }

    /// The commit in force, once the server was asked a first time.
    pub(in crate::source) fn head(&self) -> Result<RemoteHead, GitTrouble> {
        let mut state = self.state();
        while !state.is_tried && !state.is_over {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let trouble = || state.trouble.as_ref().map(|(trouble, _)| trouble.clone());
        let nothing = || GitTrouble::given_up();
        state.head.clone().ok_or_else(|| trouble().unwrap_or_else(nothing))
    }

    /// What is known of it.
    pub(in crate::source) fn report(&self) -> SourceReport {
        let state = self.state();
        let settings = self.remote.settings();
        SourceReport {
            name: self.name.clone(),
            branch: settings.branch.clone(),
            revision: state.in_force().cloned(),
            heard_at: state.heard_at,
            trouble: state.told(),
            patience: settings.interval * 3,
        }
    }

    pub(in crate::source) fn tree(
        &self,
        commit: &CommitId,
        known: &mut KnownBlobs,
    ) -> Result<Tree, GitTrouble> {
        self.remote.tree(commit, known)
    }

    /// The text of a manifest that was read, if it can be read again.
    pub(in crate::source) fn text(&self, name: &str, known: &KnownBlobs) -> Option<Arc<str>> {
        self.remote.text(name, known)
    }

    /// The newest commit is in the copy and cannot be read, and this one is in force instead. It is
    /// told once.
    pub(in crate::source) fn cannot_be_read(
        &self,
        trouble: &GitTrouble,
        in_force: Option<&Revision>,
    ) {
        if trouble.kind == GitTroubleKind::GivenUp {
            return;
        }
        let mut state = self.state();
        let known = state.unread.take();
        let is_told = known.as_ref().is_none_or(|known| trouble.is_other(&known.trouble));
        let known = known.filter(|known| known.trouble.kind == trouble.kind);
        let since = known.map_or_else(Timestamp::now, |known| known.since);
        let in_force = in_force.cloned();
        state.unread = Some(UnreadableHead { trouble: trouble.clone(), since, in_force });
        let stays = stays(state.in_force());
        drop(state);
        if is_told {
            warn!(source = self.name, hint = trouble.hint, "{trouble}; {stays}");
        }
    }

    /// The newest commit was read.
    pub(in crate::source) fn was_read(&self) {
        if self.state().unread.take().is_some() {
            info!(source = self.name, "the newest commit can be read again");
        }
    }

    pub(in crate::source) fn good(&self) -> Option<CommitId> {
        self.remote.good()
    }

    pub(in crate::source) fn is_good(&self, commit: &CommitId) {
        self.remote.is_good(commit);
    }

    /// The token, read again each time: it may have been rotated.
    pub(in crate::source) fn token(&self) -> Result<Option<SecretString>, GitTrouble> {
        let auth = self.remote.settings().auth.as_ref();
        let Some(source) = auth.and_then(|auth| auth.token.as_ref()) else { return Ok(None) };
        let read = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(source.read()).map_err(|error| error.to_string())
        };
        // In a thread of its own: the caller may be part of another runtime.
        let read = thread::scope(|scope| scope.spawn(read).join());
        let read = read.unwrap_or_else(|_| Err("it could not be read".to_owned()));
        let fetched = read.map_err(|reason| {
            let hint = "set `auth.token` of the source to where the token is";
            GitTrouble::new(GitTroubleKind::Secret, reason, hint)
        })?;
        Ok(Some(fetched.secret))
    }
}
