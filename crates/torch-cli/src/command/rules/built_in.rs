//! The rules that hold without any file of a project, each in words.

/// The rules that hold without any file of the project.
pub(super) const BUILT_IN: [(&str, &str); 38] = [
    ("sender.torch", "torch's own messages pass"),
    ("sender.human", "a person may write to anybody"),
    ("sender.script", "a person's script may write to anybody"),
    (
        "sender.unknown",
        "an unknown sender may write to the orchestrator only; else the message is refused",
    ),
    ("edge.human", "every agent may write to the person"),
    (
        "edge.hub",
        "everybody may write to the orchestrator, and it to everybody",
    ),
    (
        "edge.hub-hub",
        "orchestrators of two teams may write to each other",
    ),
    (
        "edge.project-manager",
        "everybody may write to the project manager, and it to everybody",
    ),
    (
        "edge.matrix",
        "the team's communication matrix has this edge, so the message passes",
    ),
    (
        "edge.self",
        "an agent can't write to itself: the message is refused",
    ),
    (
        "team.border",
        "agents write to their own team only: the message is refused",
    ),
    (
        "mode.strict",
        "roles write through the orchestrator or the project manager: the message goes to the orchestrator",
    ),
    (
        "mode.matrix",
        "the communication matrix has no edge between the two roles: the message goes to the orchestrator",
    ),
    (
        "mode.open",
        "this team's router lets direct messages pass, and notes what is broken",
    ),
    (
        "limit.repeat",
        "the same text to the same recipient again within router.repeat_seconds is refused",
    ),
    (
        "limit.broadcast",
        "the same text to a third recipient within a minute is refused, as is a message to all",
    ),
    (
        "limit.pair-rate",
        "more than router.pair_messages from one agent to another within router.pair_seconds are refused",
    ),
    (
        "ack.quiet",
        "an acknowledgement that answers no question is kept and wakes nobody",
    ),
    (
        "limit.thread",
        "after router.exchanges exchanges of two agents (or four times as many messages, or as many reports) the next goes to the orchestrator, and what either says to the other after it",
    ),
    (
        "limit.hops",
        "after router.hops direct messages that follow from one another the next goes to the orchestrator",
    ),
    (
        "form.wrong",
        "a text that means to be a STATUS or a TASK and is not right is delivered, and noted",
    ),
    (
        "critical.copy",
        "the orchestrator gets a copy of what two other roles say with a critical word",
    ),
    (
        "commit.forbidden",
        "under this policy agents commit nothing: torch commit refuses them, and a commit made all the same is a violation",
    ),
    (
        "git.force-push",
        "an agent's push replaces nothing that a remote branch or tag has",
    ),
    (
        "git.push-protected",
        "agents push to no base branch, no main branch of a remote and no branch of another role",
    ),
    (
        "git.move-parent",
        "agents neither commit to the branch that the team started on, nor to a remote's main branch, nor set them",
    ),
    (
        "git.rewind-shared",
        "agents take back no commits that others have, and move no branch of another role and no stable tag",
    ),
    (
        "git.delete-protected",
        "agents delete no branch and no tag that others rely on",
    ),
    (
        "git.skip-hooks",
        "agents don't go round the project's hooks and torch's (--no-verify, core.hooksPath)",
    ),
    (
        "git.secret",
        "agents commit nothing that looks like a key or a password, unless its line says torch:allow-secret",
    ),
    (
        "deps.set",
        "who waits for whom is said by a person, the orchestrator or the project manager",
    ),
    (
        "plan.hub",
        "of a team's agents, the orchestrator and the project manager say how far a task is",
    ),
    (
        "standup.hub",
        "of a team's agents, the orchestrator and the project manager ask for a standup",
    ),
    (
        "violations.resolve",
        "a violation is settled by a person or by the orchestrator of its team",
    ),
    (
        "privilege.agent",
        "only a process inside an agent's pane can do this",
    ),
    (
        "privilege.approval",
        "only a person at a terminal outside the agents' panes answers questions",
    ),
    (
        "privilege.person",
        "only a person outside the agents' panes can do this",
    ),
    (
        "privilege.roster",
        "an agent that is the hub or its deputy may take on and end temporary agents of its own team",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_documentation_is_explained() {
        let text = include_str!("../../../../../docs/rules-of-communication.md");
        let named = text.split('`').filter(|word| {
            let begin = word.split_once('.').map(|(begin, _)| begin);
            let plain = word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte));
            plain
                && matches!(
                    begin,
                    Some("mode" | "edge" | "limit" | "ack" | "sender" | "team" | "form")
                )
        });
        for rule in named {
            assert!(BUILT_IN.iter().any(|(known, _)| *known == rule), "{rule}");
        }
    }
}
