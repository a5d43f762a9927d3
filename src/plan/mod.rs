//! The planner: desired and live state in, every decision out.
//!
//! ```text
//! in force, live, memory --> Fleet: all tenants, kept between plans
//!                              | one tenant
//!                              v
//!   diff --> steps --numbers--> order --guards, window, the fleet's hour--> holds --approval--> TenantPlan
//!                                                                 Plan --render--> text, JSON, Markdown
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `input` | what the planner may know |
//! | `fleet` | all tenants, kept between plans: `numbers::ledger` who holds which number, `hours` what all send in an hour |
//! | `tenant` | one tenant's plan, from the comparison to the end |
//! | `work` | what of a plan is carried out: all that the executor takes |
//! | `review` | what a change of the manifests does: two plans, taken apart |
//! | `moment` | what is remembered of a tenant, at which time, with how much patience |
//!
//! **Invariant:** pure and total: no clock (`now` is a value), no I/O, no iteration in hash order;
//! the same input gives the same bytes. What is not done is in the plan too, with its reason.
//!
//! Deliberately not here: number moves across tenants in one run; the taker waits for a later one.

mod approval;
mod by_step;
pub mod codes;
mod confirm;
mod dates;
mod diff;
mod fingerprint;
mod fleet;
mod graph;
mod guards;
mod hold;
mod hours;
mod input;
mod interruption;
pub mod inventory;
mod mask;
mod moment;
mod note;
mod numbers;
mod onboard;
mod order;
mod past;
mod people;
mod problem;
mod prune;
mod refused;
pub mod render;
pub mod review;
mod service;
mod shrink;
mod step;
mod steps;
mod still;
mod tenant;
mod types;
mod undo;
mod unread;
mod update;
mod vain;
mod validity;
mod verdict;
mod why;
pub mod window;
mod work;

pub use approval::wanted;
pub use by_step::{ByStep, StepId};
pub use dates::{DateTurn, UpcomingDates};
pub use fingerprint::of_plan as fingerprint_of;
pub use fleet::Fleet;
pub use graph::{GraphWalk, StepGraph};
use hold::Grounds;
pub use hold::{Hold, HoldKind, HoldRule, Lifter, LimitCount};
pub use input::{Observation, Rules, TenantInput};
pub use interruption::Estimates;
pub use mask::Mask;
pub use moment::{Moment, Patience};
pub use note::{ApprovalRuling, Note, NoteCode};
pub use problem::{Difference, NoEffect, NotUndone, OddValue, Problem, ProblemCode, ProblemKind};
pub use step::{Action, Cause, FieldChange, LiveValue, Step};
pub use steps::Steps;
pub use types::{Confirmed, Facts, Plan, Remarks, SyncPlan, TenantPlan};
pub use undo::Undo;
pub use unread::{nowhere, unread_numbers};
pub use why::{LastPlanOfUser, SentCall, UserContext, UserExplanation, Wait, wants, why};
pub use work::Work;
