//! Dialplane decides who has dial tone, from git.
//!
//! A provider runs phone calling in Microsoft Teams for many customers (tenants) through the
//! ConnecttoTeams HTTP API. It commits YAML manifests of the desired calling state of every user;
//! Dialplane compares them with live state and carries out the difference, once (`plan`, `apply`)
//! or as a service (`run`).
//!
//! # The picture
//!
//! ```text
//! manifests/*.yaml --source--> [ManifestFile]                             disk ends here
//!                                   |  manifest::load, Keeper     pure
//!                                   v
//!                         InForce + [Diagnostic] ----------------> validate
//!                                   |
//! service --LiveReader--> LiveTenant |       Journal --> Memory
//!                              |     |          |
//!                              v     v          v
//!                   plan::Fleet, kept between passes              pure
//!                                   |  plan(tenant, now)
//!                                 Plan --plan::render------------> plan, --dry-run: stops here
//!                                   |  execute                    Provisioner + Journal
//!                                   v
//!     began (journal) -> steps in the plan's order -> one sync per tenant -> synced (journal)
//!                                   |
//!                             TenantReport --> reconcile: done, held or failed; when to come back
//! ```
//!
//! Nothing flows back up. The executor decides nothing, the planner asks nobody, and news of a change
//! says only that there is one: everything is looked at again.
//!
//! # The modules
//!
//! | module | kind | holds |
//! |---|---|---|
//! | [`model`] | pure | the domain types: identities, numbers, fields, desired and live state, the calls that write, failed calls, the journal's facts, memory |
//! | [`foreign`] | pure | text from outside, made harmless for the place where it is shown; everybody may use it |
//! | [`words`] | pure | counts, lists, moments and durations as people read them; everybody may use it |
//! | [`style`] | pure | the colours of text for a terminal |
//! | [`yaml`] | pure | reading YAML with all mistakes at once, each at its place |
//! | [`manifest`] | pure | text to desired state; the last good version while files are broken |
//! | [`plan`] | pure | differences, order, guards, what a change of the manifests does, rendering |
//! | [`snapshot`] | pure | live state that was kept: text to observations and back; a reader over them |
//! | [`import`] | pure | live state, or a list that people have, to manifests that ask for what is |
//! | [`reconcile`] | pure | when to act: debounce, backoff, one pass per tenant |
//! | [`ports`] | seam | [`ports::LiveReader`], [`ports::Provisioner`], [`ports::Recall`], [`ports::History`], [`ports::Journal`], [`ports::Messenger`], [`ports::Lead`], [`ports::CommonStop`] |
//! | [`execute`] | async, no I/O of its own | carries out one tenant's plan |
//! | [`stop`] | edge | the stop switch: nothing that writes goes past it |
//! | [`pass`] | async, no I/O of its own | observe, decide, carry out: what `plan`, `apply`, `undo` and the service share |
//! | [`board`] | pure | what the service is doing, as one value: news in, the status out |
//! | [`control`] | edge | orders: what the service can be told, the desk where it is told, the socket in the state folder |
//! | [`config`] | edge | settings from file and environment; where secrets come from |
//! | [`api`] | edge | the clients of ConnecttoTeams and Microsoft Graph; the only module that names `reqwest` |
//! | [`readers`] | edge | which of them reads which tenant |
//! | [`file`](mod@file) | edge | one named file: a regular one, of bounded size |
//! | [`source`] | edge | folders, commits and branches of git, news of changes, kept live state; the only module that names `notify` |
//! | [`journal`] | edge | the journal's stores, the lock, the status file |
//! | [`server`] | edge | what the service answers over HTTP: probes, metrics, the status and a page; reads what was published, asks nobody |
//! | [`notices`] | async, no I/O of its own | what people are told who do not look: incidents, who has heard of them, when to tell it again |
//! | [`daemon`] | shell | the service: one loop over a closed set of events |
//! | [`cli`] | shell | words and exit codes; the only module that prints |
//! | [`guide`] | text | the pages of the guide, which `dialplane guide` shows, the vendor's contract among them |
//! | [`sandbox`] | tool | the vendor's service on loopback, with its rules and with faults; shares no wire code with [`api`] |
//!
//! Who may use whom is held by a test (`tests/it/tidy/mod.rs`).
//!
//! # Invariants
//!
//! - **A dry run cannot write.** Reading and writing are different types; `plan` is handed a
//!   [`ports::LiveReader`] and no [`ports::Provisioner`].
//! - **Nobody is disabled because something was absent, unreadable or slow.** A user who is not
//!   visible is a problem of that user. An unreadable manifest keeps its last good version or holds
//!   removals; a list that may be cut short holds disables and number moves; a tenant that cannot
//!   be read is held.
//! - **No path of `plan`, `apply`, `undo`, `run` or `doctor` leads to the call that ends
//!   credentials.** It has a type of its own, which `credentials regenerate` alone builds, and
//!   which takes a name that a person typed.
//! - **Nobody is set up because of what is not there.** The service's own list shows the user without
//!   set-up, or Teams does beside a whole list. Passwords of users are read when that call is made.
//! - **A crash loses nothing.** The intent is durable before the call, "a sync is owed" before the
//!   first call of a run, and only an accepted sync clears it.
//! - **A plan that is carried out is made under the lease it is carried out with.** Memory comes with
//!   the lease, so nobody else has changed it since. A plan names its lease, and the executor
//!   refuses one that names another, or none.
//! - **A lost answer is never sent again blindly.** The user is frozen until live state shows what
//!   became of it, and a sync that may have come before it is owed again.
//! - **An undo is a plan.** It goes past the same guards, and leaves alone and tells what has
//!   changed since the run.
//! - **No flag opens a gate.** What a guard holds and a person may judge is lifted by a file in
//!   git, for one plan, once; what is unread, unproven or not consented to is lifted by nobody.
//! - **The planner is a function.** Same input, same bytes: time comes in as a value, nothing is
//!   iterated in hash order. Commands and the service make its input in one place, and a fleet that
//!   was kept plans as one that is made of the same tenants now.
//! - **Every refusal says why and what to do.**
//!
//! # As a library
//!
//! Everything that decides is a function of its input. Manifests are text, and whatever is wrong with
//! them comes back with its place:
//!
//! ```
//! use dialplane::{manifest::{self, ManifestFile}, yaml};
//!
//! let text = "
//! apiVersion: dialplane/v1
//! kind: UserSet
//! metadata: { name: office, tenant: contoso }
//! spec:
//!   users:
//!     - userPrincipalName: adele@contoso.com
//!       caling: enabled
//! ";
//! let loaded = manifest::load(&[ManifestFile::new("office.yaml", text)]);
//! let told: String = loaded.diagnostics.iter().map(yaml::render).collect();
//! assert!(told.contains("`caling`") && told.contains("office.yaml:8"), "{told}");
//! assert!(loaded.desired.tenants.is_empty(), "what is wrong is not in force");
//! ```
//!
//! A snapshot is live state as text, and a [`ports::LiveReader`]:
//!
//! ```
//! use dialplane::snapshot::Snapshot;
//!
//! let mut snapshot = Snapshot::new("live.json");
//! let wrong = snapshot.add_json("live.json", r#"{ "version": 2, "kind": "Snapshot" }"#);
//! assert!(wrong.is_err(), "a file that names no tenants is not an empty fleet");
//! assert!(snapshot.tenants().is_empty());
//! ```
//!
//! `examples/plan_offline.rs` goes on from there to a plan.
//!
//! # Deliberately not here yet
//!
//! Numbers that move between tenants in one run (the taker waits for the next), and passes that
//! several services make side by side: of those that share a journal one leads.

pub mod api;
pub mod board;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod execute;
pub mod file;
pub mod foreign;
pub mod guide;
pub mod import;
pub mod journal;
pub mod manifest;
pub mod model;
pub mod notices;
pub mod pass;
pub mod plan;
pub mod ports;
pub mod readers;
pub mod reconcile;
pub mod sandbox;
pub mod server;
pub mod snapshot;
pub mod source;
pub mod stop;
pub mod style;
pub mod words;
pub mod yaml;
