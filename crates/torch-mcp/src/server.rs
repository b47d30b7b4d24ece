//! The server: what it says of itself, and how a call becomes a request.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};

use torch_api::Request;

use crate::tools::{self, Call};
use crate::{Ask, answer, args};

/// What the model is told of the server as a whole.
const INSTRUCTIONS: &str = "\
You are one agent of a team that torch runs. These tools do what `scm` and `torch` do in a shell; use them where your shell can't \
reach torch. Messages are stored at once and typed into the recipient's program when it is ready: `send` for colleagues, `ask` for \
the person who runs the team. Confirm with `ack` what you have acted on, commit with `commit` where git itself can't, report how you \
stand with `report_status`, and a finished task with `complete`. A refusal names the rule: change what you ask for, do not repeat it.";

/// The server for one client.
pub(crate) struct Torch {
    ask: Ask,
    cwd: PathBuf,
    /// Whether torch was told that the tools were listed.
    told: AtomicBool,
}

impl Torch {
    pub(crate) fn new(ask: Ask, cwd: PathBuf) -> Self {
        Self {
            ask,
            cwd,
            told: AtomicBool::new(false),
        }
    }

    /// Tells torch once that a client has listed the tools: whether an agent's program takes the server is seen by that.
    fn listed(&self, context: &RequestContext<RoleServer>) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let client = context.client_info();
        let client = client.map_or_else(
            || "a client without a name".to_owned(),
            |client| format!("{} {}", client.name, client.version),
        );
        let ask = self.ask.clone();
        // Nobody waits for it: the client gets its list in any case.
        tokio::task::spawn_blocking(move || {
            ask(Request::ThroughMcp {
                listed_by: Some(client),
            })
        });
    }

    /// Makes the request of a call and puts its answer into words.
    async fn call(&self, call: Call, given: serde_json::Value) -> CallToolResult {
        let request = match args::request(call, given, &self.cwd) {
            Ok(request) => request,
            Err(failure) => return answer::failed(&failure),
        };
        let (ask, cwd) = (self.ask.clone(), self.cwd.clone());
        let asked = tokio::task::spawn_blocking(move || ask(request)).await;
        match asked {
            Ok(Ok(response)) => answer::given(response, &cwd),
            Ok(Err(failure)) => answer::failed(&failure),
            Err(error) => answer::failed(&answer::broken(&error.to_string())),
        }
    }
}

impl ServerHandler for Torch {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("torch", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.listed(&context);
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(call) = Call::named(&request.name) else {
            let text = format!("torch has no tool {:?}", request.name);
            return Err(ErrorData::invalid_params(text, None));
        };
        let given = request.arguments.unwrap_or_default();
        Ok(self.call(call, given.into()).await.into())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        Call::named(name).map(tools::tool)
    }
}
