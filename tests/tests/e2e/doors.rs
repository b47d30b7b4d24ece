//! An agent's doors beside `scm`: torch commits for it, its program speaks MCP, its files are requests.

mod commit;
mod doctor;
pub(crate) mod mcp;
mod outbox;
