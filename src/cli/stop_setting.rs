//! The setting `stop`, read again and again by commands that write for longer: it acts on a running
//! service, and on a run that is under way.
//!
//! ```text
//! `stop: true`                           --> on at once
//! no `stop: true`, twice the same, whole --> off
//! absent, unreadable, blank, cut short   --> as it was
//! ```
//!
//! **Invariant:** nothing goes on because the configuration was away, emptied or half written for a
//! moment: what lets go is a configuration that a service could start with.

use std::{
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::{backend::Backend, configuration, exit::Failure};
use crate::{config::Settings, yaml};

/// How often it is read.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the setting, for ever. `path` is the file that the program began with, if it began with
/// one.
pub(super) async fn watch(path: Option<PathBuf>, setting: &AtomicBool) -> Infallible {
    let mut letting_go = LettingGo::default();
    loop {
        tokio::time::sleep(PAUSE).await;
        let path = path.clone();
        // A file system that hangs must not keep the service from hearing that it is to end.
        let read = tokio::task::spawn_blocking(move || read(path.as_deref())).await;
        let settings = read.ok().and_then(Result::ok);
        let is_on = setting.load(Ordering::Relaxed);
        setting.store(letting_go.is_on(is_on, settings), Ordering::Relaxed);
    }
}

/// The settings of a running service now.
pub(super) fn read(path: Option<&Path>) -> Result<Settings, Failure> {
    // What it began with does not become "no configuration" because the file is away.
    if let Some(path) = path
        && fs::read_to_string(path).is_ok_and(|text| yaml::is_blank(&text))
    {
        return Err(Failure::new(format!("{} says nothing", path.display()))
            .hint("write it again; the configuration before stays in force"));
    }
    configuration::read(path)
}

/// The reading that would let go, if it comes once more.
#[derive(Debug, Default)]
struct LettingGo(Option<Settings>);

impl LettingGo {
    /// Whether everything is stopped, after one more reading; nothing if there was none.
    fn is_on(&mut self, is_on: bool, read: Option<Settings>) -> bool {
        let before = self.0.take();
        match read {
            Some(settings) if settings.stop => true,
            Some(settings) if is_on => {
                let is_the_same = before.as_ref() == Some(&settings);
                if is_the_same && Backend::real(&settings).is_ok() {
                    return false;
                }
                self.0 = Some(settings);
                true
            }
            _ => is_on,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn settings(text: &str) -> Settings {
        let account = "connectToTeams: { baseUrl: 'https://example.com', clientId: a, \
            clientSecret: { env: A }, username: b, password: { env: B } }\n";
        let text = format!("{}{text}", if text.is_empty() { "" } else { account });
        config::parse("dialplane.yaml", &text, std::iter::empty()).unwrap()
    }

    /// What is on after each reading.
    fn after(readings: [Option<&Settings>; 5]) -> [bool; 5] {
        let mut letting_go = LettingGo::default();
        let mut is_on = false;
        readings.map(|read| {
            is_on = letting_go.is_on(is_on, read.cloned());
            is_on
        })
    }

    #[test]
    fn it_acts_at_once_and_goes_when_it_was_seen_to_be_gone_twice() {
        let on = settings("stop: true");
        let off = settings("stop: false");
        let other = settings("stop: false\nrun: { poll: 7s }");
        let [on, off, other] = [&on, &off, &other].map(Some);
        assert_eq!(after([on, off, off, on, off]), [true, true, false, true, true]);
        assert_eq!(after([on, off, other, off, other]), [true; 5], "it is still being written");
        assert_eq!(after([on, off, None, off, None]), [true; 5]);
    }

    #[test]
    fn a_configuration_that_is_away_or_says_nothing_lets_nothing_go() {
        let on = settings("stop: true");
        let empty = settings("");
        let [on, empty] = [&on, &empty].map(Some);
        assert_eq!(after([on, None, None, None, None]), [true; 5]);
        assert_eq!(after([on, empty, empty, empty, empty]), [true; 5]);
    }
}
