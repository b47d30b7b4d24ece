//! What a model is told of each tool.

use super::Call;

impl Call {
    /// What the tool does and when it is used.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Send => {
                "Send a message to another agent of your team. It is stored at once, checked against the team's rules, and typed into \
                 the recipient's program as soon as that is ready; you need not wait. Roles other than the orchestrator and the \
                 project manager usually write to the orchestrator; the answer says if your message was re-routed. One topic per \
                 message: what you need, from whom, by when. Send nothing that only says thanks."
            }
            Self::Ask => {
                "Ask the person who runs this team a question, or report what only a person can decide. It lies in their inbox; the call \
                 returns at once with the message's id. An answer comes later as a message to you: go on with other work meanwhile."
            }
            Self::Ack => {
                "Confirm that you have acted on a message that you received, by the id in its tag (m-7k3f9q2a). Only this proves to its \
                 sender that it was acted on."
            }
            Self::Complete => {
                "Report that your task is finished: what was done, which commit, how it was checked, with figures and names. Begin with \
                 the id of the plan's task, where you have one (`T3 done: …`): that ends this task. Without an id, from the orchestrator, \
                 it ends the whole spec, so call it there once, when every item is met and integrated."
            }
            Self::Commit => {
                "Commit the changes in your worktree on your own branch, with your role as the author. For where `git commit` does not \
                 work in your sandbox. All changes but ignored files, or only the given paths. The repository's hooks run. Refused: \
                 nothing to commit, conflicts, a merge or rebase under way, another branch than yours."
            }
            Self::Schedule => {
                "Plan a note to yourself for later: it comes back to you as a message after that many minutes, whatever happens to the \
                 machine meanwhile. The orchestrator and the project manager may plan notes for others."
            }
            Self::Status => {
                "Show your team: each agent's role, what it is doing, and how many messages wait for it. Costs nothing and changes nothing."
            }
            Self::ReportStatus
            | Self::ReportBlocked
            | Self::ReportUnblocked
            | Self::TaskAssign
            | Self::TaskList
            | Self::StandupAnswer
            | Self::DepsSet
            | Self::DepsList => self.description_of_form(),
            Self::IntegrateStart
            | Self::IntegrateStatus
            | Self::IntegrateTests
            | Self::IntegrateReview
            | Self::IntegrateResume
            | Self::IntegrateAbort => self.description_of_integration(),
        }
    }

    fn description_of_integration(self) -> &'static str {
        match self {
            Self::IntegrateStart => {
                "Begin an integration of your team's work, when the tasks are done and checked: torch merges all agents' branches in order, \
                 sends each conflict to its owner, has the tests run, asks for the review, and lets it into the parent branch. The call \
                 returns at once; you get a message for whatever is yours to do. One that is under way is shown. For the project manager \
                 and the orchestrator."
            }
            Self::IntegrateStatus => {
                "Show your team's integrations, the newest ten, the newest first: where each stands, what it waits for and from whom, what was \
                 left out. Changes nothing."
            }
            Self::IntegrateTests => {
                "Say how the tests of an integration went that torch asked you to run, with what failed. Call it once for each time that \
                 you were asked."
            }
            Self::IntegrateReview => {
                "Let an integration into the parent branch, or not, after you looked at it and at what its tests said. For whom torch's \
                 message asks for the review, which names the id."
            }
            Self::IntegrateResume => {
                "Go on with an integration that waits, once what it waited for is mended. For the project manager and the orchestrator."
            }
            _ => {
                "End the integration that is under way, before it is in the parent branch: nothing of it stays, and all branches are as \
                 they were. For the project manager and the orchestrator."
            }
        }
    }

    fn description_of_form(self) -> &'static str {
        match self {
            Self::ReportStatus => {
                "Report how you stand to the orchestrator, in the STATUS form that torch reads: when you are asked, and when it changes. \
                 With `blocked` the orchestrator is told again if you are still blocked after some minutes; without it you are not blocked \
                 any more."
            }
            Self::ReportBlocked => {
                "Tell the orchestrator that something holds you up: what you need, and from whom. It is reminded if nothing comes of it \
                 within some minutes. Go on with something else meanwhile, and call `report_unblocked` when you can go on."
            }
            Self::ReportUnblocked => {
                "Tell the orchestrator that what you reported by `report_blocked` holds you up no longer, and what helped."
            }
            Self::TaskAssign => {
                "Give a role a task, as a message in the TASK form: its id, what is wanted, and by what it is known to be done. torch keeps \
                 it open until the role has acknowledged it (`task_list` shows that). For whoever hands out work, the orchestrator above all."
            }
            Self::TaskList => {
                "List the tasks that were given in your team by the TASK form, and which of them nobody has acknowledged. Changes nothing."
            }
            Self::StandupAnswer => {
                "Answer the standup that is under way, once and in short: what is completed, what you do now, what blocks you. The answers \
                 of all go out as one message."
            }
            Self::DepsSet => {
                "Say for whose completion a role waits, in place of what was set before; the role is told when that comes. For the \
                 orchestrator and the project manager."
            }
            _ => {
                "List who in your team waits for whose completion, and who has reported completion already. Changes nothing."
            }
        }
    }
}
