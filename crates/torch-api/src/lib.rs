//! The only door: the wire types of torch's socket and a blocking client.
//!
//! A connection carries one JSON value per line. The client writes a [`Hello`] and a [`Request`]
//! without waiting in between; the daemon answers with its own [`Hello`] and then one or more
//! [`Response`]s, the last of which is not [`Response::Progress`].

pub mod asking;
pub mod broker;
pub mod choice;
pub mod client;
pub mod commit;
pub mod credit;
pub mod failure;
pub mod git;
pub mod integrate;
pub mod open;
pub mod path;
pub mod rollback;
pub mod roster;
pub mod rules;
pub mod task;
pub mod view;
pub mod wire;
pub mod worktree;

pub use asking::QuestionView;
pub use client::{Client, ClientError};
pub use commit::{CommitRequest, CommitView};
pub use open::{WindowRequest, WindowView};
pub use roster::{AgentRequest, ResumeRequest, ResumeView};
pub use task::{PlanChange, SpecText, TasksOrder, TasksRequest, TasksView};
pub use view::{AgentView, JournalView, MessageView, ScheduleView, TeamView};
pub use wire::{Body, Failure, Hello, Request, Response};
pub use worktree::{KeptView, RemovedView, UndeletedView, WorktreeView};
