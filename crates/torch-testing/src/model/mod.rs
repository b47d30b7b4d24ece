//! A fake model server: what the agents' programs talk to in tests instead of a model.
//!
//! It speaks, on one loopback port, Anthropic's Messages, OpenAI's Responses and Chat Completions, and Gemini's
//! `generateContent`, each streamed and whole. A [`FakeModel`] is a value: it runs in a thread of its own and ends with
//! the value. What it answers is decided per request, in this order:
//!
//! 1. the brain ([`FakeModel::with_brain`]), a function that a scripted team is played with,
//! 2. the queue ([`FakeModel::next`]), one scenario for each main request,
//! 3. the sticky scenario ([`FakeModel::sticky`]),
//! 4. the words `SCENARIO: …` in the newest user text ([`Scenario`] lists them),
//! 5. otherwise a short text, `FAKE-REPLY 1: ok`.
//!
//! Side calls of a program (titles, summaries, quota probes) are answered plainly and take nothing from the queue.
//!
//! Tasks and channels: one task per connection and one per streamed answer, all on the server's thread, which alone
//! owns the state; the value speaks to it over one channel. Nothing here is shared behind a lock.

mod answer;
mod arrivals;
mod command;
mod control;
mod conversation;
mod decide;
mod play;
mod render;
mod request;
mod scenario;
mod schema;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod value;

pub use answer::{Answer, Failure, Quota, Speech, Stop, ToolCall, Window};
pub use arrivals::arrived;
pub use request::{Api, ModelRequest, Outcome, Role};
pub use scenario::{Scenario, ScenarioError};
pub use value::{FakeModel, Settings, StartError};
