//! What the service is doing, as one value. News comes in; whatever shows the service to somebody
//! is a view of what they add up to.
//!
//! ```text
//! News --Board::hear--> Board --Board::status--> Status --> the status file, `dialplane status`
//! ```
//!
//! **Invariant:** no clock and no I/O; times come in with the news. News of one tenant changes the
//! row of that tenant and no other: [`Board::hear`] costs what its news is about, not what the
//! fleet has.

mod applied;
mod commit;
mod counts;
mod group;
mod lead;
mod moments;
mod names;
mod need;
mod news;
mod past;
mod row;
mod state;
mod status;

pub use applied::{Applied, SentSteps};
pub use commit::Commit;
pub use counts::{Durations, ServiceCounts};
pub use group::Group;
pub use lead::{BehindRow, LeadRow, LeaderRow};
pub use need::Need;
pub use news::{Activity, News};
pub use past::{Day, PassRow, RecentPasses};
pub use row::{LastPass, Suspended, TenantRow};
pub use state::Board;
pub use status::{Halt, Manifests, ReceiverRow, SourceRow, SourceTrouble, Status};
