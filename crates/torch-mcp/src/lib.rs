//! torch as an MCP server on standard input and output: the door of an agent whose shell is in a sandbox.
//!
//! The agent's own program starts it (`torch mcp`), outside of the sandbox of its shell tool, and speaks the Model Context
//! Protocol with it (2024-11-05 to 2026-07-28, by rmcp). Each tool is one request over torch's socket, the same that the
//! command line makes; who calls is told by the process, like everywhere.
//!
//! Tasks: one reads and answers, each answer is written by one of its own, and each call asks the daemon on a blocking thread.
//! Channels: rmcp's own.
//!
//! **Invariant:** no rules of its own, and no way to the daemon but [`Ask`].

mod answer;
mod args;
mod hint;
mod lines;
mod server;
mod tools;

pub use tools::names as tool_names;

use std::path::PathBuf;
use std::sync::Arc;

use rmcp::ServiceExt as _;
use torch_api::{Failure, Request, Response};

/// How the daemon is asked: it is started if need be, and [`Response::Failed`] comes as the failure.
pub type Ask = Arc<dyn Fn(Request) -> Result<Response, Failure> + Send + Sync>;

/// Why the server could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No thread or no descriptor was to be had.
    #[error("failed to start the MCP server")]
    Start(#[source] std::io::Error),
    /// The client began in another way than the protocol says.
    #[error("the MCP client's greeting was not understood")]
    Greeting(#[source] Box<rmcp::service::ServerInitializeError>),
    /// A task of the server died.
    #[error("the MCP server broke")]
    Broken(#[source] tokio::task::JoinError),
}

/// Serves one client on standard input and output until that input ends; `cwd` is where the client's program works.
///
/// # Errors
/// [`ServeError`] when the client speaks no MCP, or the server can't run. A client that leaves before its greeting is no
/// error.
pub fn serve(ask: Ask, cwd: PathBuf) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let served = runtime.block_on(async {
        let torch = server::Torch::new(ask, cwd);
        let (input, output) = rmcp::transport::io::stdio_pipes();
        let running = match torch.serve(lines::Lines::new(input, output)).await {
            Ok(running) => running,
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(ServeError::Greeting(Box::new(error))),
        };
        // Why it ended does not matter: the client is gone.
        running
            .waiting()
            .await
            .map(drop)
            .map_err(ServeError::Broken)
    });
    // Where standard input is no pipe, a thread may still be reading it; there is nobody to wait for.
    runtime.shutdown_background();
    served
}
