//! Settings: what the configuration file and the environment say, checked once at start.
//!
//! **Invariant:** no secret is ever part of the settings; they hold where secrets come from.

mod account;
mod body;
mod endpoint;
mod endpoints;
mod execution;
mod fetch;
mod git;
mod graph;
mod limits;
mod link;
mod list;
mod live;
mod load;
mod notices;
mod paths;
mod plain;
mod postgres;
mod problem;
mod run;
mod schema;
mod secret;
mod server;
mod settings;
mod source;
mod span;
mod state;
mod syntax;
mod table;
mod told;
mod user_secrets;

use std::time::Duration;

pub use account::{Account, Enterprise};
pub use body::{AUTHORISATION, BodyFormat, Template};
pub use endpoint::{Accept, Endpoint, Method};
pub use endpoints::{Effort, EndpointRow, Endpoints, NEVER};
pub use execution::{Execution, Interruption};
pub use git::{ForcePush, GitAuth, GitSource, SshKey, Verify};
pub use graph::Graph;
pub use link::ConsentLink;
pub use list::{CallingMap, ListUsers, Pages, Paging, Sign};
pub use live::Live;
pub use load::{ConfigError, load, parse};
pub use notices::{Notices, Receiver, ReceiverKind};
pub use postgres::Postgres;
pub use problem::RowProblem;
pub use run::Run;
pub use schema::json_schema;
pub use secret::{FetchedSecret, SecretError, SecretSource};
pub use server::Server;
pub use settings::Settings;
pub use source::ManifestSource;
pub use state::{Retention, State};
pub use table::problems;
pub use user_secrets::UserSecrets;

/// Short enough for nobody to notice, long enough for a service that restarts to be back.
fn default_retry_pause() -> Duration {
    Duration::from_millis(250)
}
