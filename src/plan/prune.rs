//! Users with calling whom no manifest names: counted, or disabled under every guard.

use super::{
    Action, Cause, Hold, Note, Step,
    diff::Diff,
    people::{People, Standing},
};
use crate::model::{Calling, LiveUser, Prune};

impl Diff<'_> {
    /// Enabled users whom no manifest names.
    pub(super) fn unmanaged(&mut self, people: &People<'_>) {
        let desired = self.desired;
        for (upn, written) in self.memory.written.iter().filter(|(upn, _)| !desired.users.contains_key(upn)) {
            if let Some(live) = self.live.users.get(upn) {
                self.notice_landed(live, Some(written));
            }
        }
        let unmanaged: Vec<&LiveUser> = people.unmanaged().collect();
        let mut strangers = 0;
        match desired.prune {
            Prune::Never if unmanaged.is_empty() => {}
            Prune::Never => self.outcome.notes.push(Note::Unmanaged(unmanaged.len())),
            Prune::Disable => {
                for user in unmanaged {
                    match people.standing(user) {
                        Standing::Stranger => strangers += 1,
                        Standing::Managed => self.prune(user, None),
                        Standing::Doubtful(hold) => self.prune(user, Some(hold)),
                    }
                }
            }
        }
        if strangers > 0 {
            self.outcome.notes.push(Note::NotAdopted(strangers));
        }
    }

    fn prune(&mut self, live: &LiveUser, hold: Option<Hold>) {
        let written = self.memory.written.get(&live.upn);
        if let Some((verb, at)) = written.and_then(|written| written.unknown)
            && self.still_unknown(live, written, verb, at)
        {
            return self.frozen(&live.upn, None, verb, at);
        }
        let mut settling = None;
        let (switch, did_not_land) = self.switch(Calling::Enabled, written, Calling::Disabled, &mut settling);
        self.count_settling(settling);
        if switch {
            let (user, action, cause) = (live.upn.clone(), Action::Disable, Cause::NotNamed);
            let (changes, after, holds) = (Vec::new(), Vec::new(), hold.into_iter().collect());
            self.outcome.steps.push(Step { user, action, changes, cause, did_not_land, after, holds, origin: None, site: None });
        }
    }
}
