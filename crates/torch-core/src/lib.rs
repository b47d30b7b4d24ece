//! The words of torch: ids, names, teams, agents, messages, and the pure [`plan::plan`] that closes
//! the gap between what is desired and what is observed.
//!
//! Nothing here reads a clock, a file or a socket; time and randomness are passed in.

pub mod agent;
pub mod analysis;
pub mod broker;
pub mod check_in;
pub mod config;
pub mod credit;
pub mod enforcement;
pub mod figures;
pub mod forbidden;
pub mod form;
pub mod git_activity;
pub mod hand_over;
pub mod id;
pub mod identity;
pub mod integration;
pub mod journal;
pub mod keys;
pub mod lane;
pub mod launch;
pub mod ledger;
pub mod lenient;
pub mod matrix;
pub mod message;
pub mod name;
pub mod observed;
pub mod plan;
pub mod policy;
pub mod program;
pub mod project_rules;
pub mod question;
pub mod roles;
pub mod rollback;
pub mod schedule;
pub mod screen;
pub mod spelling;
pub mod spool;
pub mod standup;
pub mod supervision;
pub mod target;
pub mod task;
pub mod team;
pub mod time;
pub mod tmux;
pub mod words;
pub mod write;

pub use agent::{Agent, AgentState, Evidence, Process};
pub use enforcement::Enforcement;
pub use id::{
    AgentId, IntegrationId, LaunchId, MessageId, PushId, RollbackId, ScheduleId, TeamId,
    ViolationId,
};
pub use ledger::LedgerRecord;
pub use message::{DeferReason, Delivery, DeliveryState, Envelope, MessageKind, Recipient, Sender};
pub use name::{NameError, RoleName, SessionName};
pub use schedule::{BootClock, BootInstant, Schedule, ScheduleState};
pub use target::Target;
pub use task::{Task, TaskId, TaskPlan, TaskState};
pub use team::{DesiredState, RouterMode, Team, TeamPhase};
pub use time::{Drift, Timestamp};
pub use tmux::{PaneAddress, PaneId, SessionId, WindowId};
pub use write::Write;
