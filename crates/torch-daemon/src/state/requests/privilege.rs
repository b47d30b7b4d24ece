//! What each request needs of its caller.

use torch_api::Request;
use torch_router::policy::Privilege;

/// What a request needs of its caller.
pub(super) fn privilege(request: &Request) -> Privilege {
    match request {
        Request::Ping
        | Request::Send(_)
        | Request::Status { .. }
        | Request::Messages(_)
        | Request::Stats { .. }
        | Request::Message { .. }
        | Request::Trace { .. }
        | Request::Why { .. }
        | Request::Credit { .. }
        | Request::Observed
        | Request::ThroughMcp { .. }
        | Request::Schedule(_)
        | Request::Schedules { .. }
        | Request::CancelSchedule { .. }
        | Request::AuditVerify
        | Request::Logs { .. }
        | Request::AwaitTurn { .. }
        | Request::Pending { .. }
        // Who may do what of these is told by rules of their own.
        | Request::Agent(_)
        | Request::Tasks(_)
        | Request::Standup { .. }
        | Request::AnswerStandup { .. }
        | Request::Commit(_)
        | Request::WorktreeList { .. }
        | Request::Rules(_)
        | Request::Git(_)
        | Request::Cancel => Privilege::Anyone,
        Request::Complete { .. } | Request::Ack { .. } => Privilege::Agent,
        Request::Shutdown
        | Request::Auto(_)
        | Request::Follow { .. }
        | Request::Stop { .. }
        | Request::Attach { .. }
        | Request::Shell { .. }
        | Request::Window(_)
        | Request::Inbox { .. }
        | Request::Gc { .. }
        | Request::Retry { .. }
        | Request::Resume(_)
        | Request::Pause { .. }
        | Request::Wake { .. }
        | Request::RenameWindows { .. }
        | Request::Purge { .. }
        | Request::WorktreeRemove { .. }
        | Request::WorktreeAdd { .. }
        | Request::WorktreeClean { .. }
        | Request::WorktreeRepair { .. }
        | Request::KeptList { .. }
        | Request::Undelete { .. }
        | Request::CancelMessage { .. } => Privilege::Person,
        Request::AnswerQuestion { .. } => Privilege::Approval,
    }
}
