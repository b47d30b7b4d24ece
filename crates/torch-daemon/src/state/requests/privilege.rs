//! What each request needs of its caller.

use torch_api::Request;
use torch_api::broker::BrokerRequest;
use torch_api::git::GitRequest;
use torch_api::rules::RulesRequest;
use torch_api::task::TasksOrder;
use torch_router::policy::Privilege;

use crate::state::State;

/// What a request needs of its caller.
pub(super) fn privilege(request: &Request) -> Privilege {
    match request {
        Request::Ping
        | Request::Send(_)
        | Request::Status { .. }
        | Request::ThroughMcp { .. }
        // Who may do what of these is told by rules of their own.
        | Request::Agent(_)
        | Request::Standup { .. }
        | Request::AnswerStandup { .. }
        | Request::Commit(_)
        | Request::Rollback(_)
        | Request::Cancel => Privilege::Anyone,
        Request::Messages(_)
        | Request::Stats { .. }
        | Request::Message { .. }
        | Request::Trace { .. }
        | Request::Why { .. }
        | Request::Credit { .. }
        | Request::Observed
        | Request::Schedule(_)
        | Request::Schedules { .. }
        | Request::CancelSchedule { .. }
        | Request::AuditVerify
        | Request::Logs { .. }
        | Request::AwaitTurn { .. }
        | Request::Pending { .. }
        | Request::WorktreeList { .. } => Privilege::Known,
        Request::Git(request) => of_git(request),
        Request::Tasks(request) => match request.order {
            TasksOrder::Show => Privilege::Known,
            _ => Privilege::Anyone,
        },
        Request::Rules(request) => match **request {
            RulesRequest::Violations(_)
            | RulesRequest::Assignments { .. }
            | RulesRequest::Dependencies { .. }
            | RulesRequest::InForce { .. }
            | RulesRequest::Test { .. } => Privilege::Known,
            RulesRequest::Resolve { .. }
            | RulesRequest::Status(_)
            | RulesRequest::SetDependencies { .. } => Privilege::Anyone,
            RulesRequest::Accept { .. } => Privilege::Approval,
        },
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
        // Who reviews is told by the team's policy.
        Request::AnswerQuestion { id, .. } if State::is_integration(id) => Privilege::Known,
        Request::AnswerQuestion { .. } => Privilege::Approval,
    }
}

fn of_git(request: &GitRequest) -> Privilege {
    match request {
        GitRequest::Radar { .. }
        | GitRequest::Lane { .. }
        | GitRequest::Health { .. }
        | GitRequest::Risk { .. }
        | GitRequest::Log(_)
        | GitRequest::Integrate(_)
        | GitRequest::Broker(
            BrokerRequest::Status { .. } | BrokerRequest::Log { .. } | BrokerRequest::Fetch { .. },
        ) => Privilege::Known,
        // What may be pushed, and who may switch, is told by rules of their own.
        GitRequest::SwitchLane { .. }
        | GitRequest::Broker(BrokerRequest::Received { .. } | BrokerRequest::Landed { .. }) => {
            Privilege::Anyone
        }
        GitRequest::Broker(BrokerRequest::On { .. } | BrokerRequest::Off { .. }) => {
            Privilege::Person
        }
    }
}
