//! The rules that hold without any file of a project, each in words.

/// The rules that hold without any file of the project.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
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
        "an agent's push replaces nothing that a remote branch or tag has: hooks refuse it, and that is a violation",
    ),
    (
        "git.push-protected",
        "agents push to no base branch, no main branch of a remote and no branch of another role: hooks refuse it, and that is a violation",
    ),
    (
        "git.move-parent",
        "agents neither commit to the branch that the team started on, nor to a remote's main branch, nor set them: hooks refuse it, and that is a violation",
    ),
    (
        "git.rewind-shared",
        "agents take back no commits that others have, and move no branch of another role and no stable tag: hooks refuse it, and that is a violation",
    ),
    (
        "git.delete-protected",
        "agents delete no branch and no tag that others rely on: hooks refuse it, and that is a violation",
    ),
    (
        "git.skip-hooks",
        "agents don't go round the project's hooks and torch's (--no-verify, core.hooksPath): their program's hook refuses it, and that is a violation",
    ),
    (
        "git.secret",
        "agents commit nothing that looks like a key or a password, unless its line says torch:allow-secret: such a commit is refused, or with git.secret_check = \"warn\" told of",
    ),
    (
        "deps.set",
        "who waits for whom is said by a person, the orchestrator or the project manager; others are refused",
    ),
    (
        "plan.hub",
        "of a team's agents, the orchestrator and the project manager say how far a task is; others are refused",
    ),
    (
        "standup.hub",
        "of a team's agents, the orchestrator and the project manager ask for a standup; others are refused",
    ),
    (
        "violations.resolve",
        "a violation is settled by a person or by the orchestrator of its team; others are refused",
    ),
    (
        "privilege.agent",
        "only a process inside an agent's pane can do this",
    ),
    (
        "privilege.approval",
        "only a person at a terminal outside the agents' panes answers questions and accepts what loosens a project's rules",
    ),
    (
        "privilege.person",
        "only a person outside the agents' panes can do this",
    ),
    (
        "privilege.roster",
        "an agent that is the hub or its deputy may take on and end temporary agents of its own team",
    ),
    (
        "privilege.known",
        "a process of which torch can't tell whose it is may read the status and write to the orchestrator, nothing more",
    ),
    (
        "read.own-team",
        "an agent reads its own team; other teams are a person's to read",
    ),
    (
        "read.own-screen",
        "an agent sees its own screen; those of its team are seen by the orchestrator and the project manager",
    ),
    (
        "identity.agent-pane",
        "who calls: an agent, as an ancestor of the process is the first process of that agent's pane",
    ),
    (
        "identity.outbox",
        "who calls: an agent, by a file in its outbox, which is less than its process: what needs the process is refused",
    ),
    (
        "identity.shell-pane",
        "who calls: a person, in a pane that `torch shell` opened",
    ),
    (
        "identity.terminal",
        "who calls: a person, outside every agent's pane, with a terminal",
    ),
    (
        "identity.script",
        "who calls: a person's script, outside every agent's pane, without a terminal; it answers no questions unless identity.scripts lets it",
    ),
    (
        "identity.left-behind",
        "who calls is unknown: an agent started it, and it has outlived that agent's pane or left it",
    ),
    (
        "identity.agents-worktree",
        "who calls is unknown: it works in an agent's worktree, outside every pane and without a terminal",
    ),
    (
        "identity.foreign-pane",
        "who calls is unknown: it is in a pane of torch's tmux server that torch did not open",
    ),
    (
        "identity.tmux-server",
        "who calls is unknown: the tmux server itself started it, outside any known pane",
    ),
    (
        "identity.daemon-child",
        "who calls is unknown: torch's daemon started it, as a commit's hooks are",
    ),
    (
        "identity.unreadable",
        "who calls is unknown: its process or one above it could not be read",
    ),
    (
        "schedule.person",
        "a person, and a person's script, may plan a note for anybody",
    ),
    ("schedule.torch", "torch's own notes pass"),
    ("schedule.self", "an agent may plan a note for itself"),
    (
        "schedule.hub",
        "the orchestrator may plan a note for anybody in its team",
    ),
    (
        "schedule.project-manager",
        "the project manager may plan a note for anybody in the team",
    ),
    (
        "schedule.own-only",
        "roles other than the orchestrator and the project manager plan notes for themselves only",
    ),
    (
        "schedule.border",
        "agents plan notes within their own team only",
    ),
    ("schedule.unknown", "an unknown caller plans nothing"),
    (
        "schedule.cancel",
        "a note is taken back by who planned it, by who may plan it, and by a person",
    ),
    (
        "commit.own",
        "an agent may have torch commit in its own worktree",
    ),
    (
        "commit.person",
        "a person, and a person's script, may have torch commit in any worktree",
    ),
    ("commit.torch", "torch itself commits"),
    (
        "commit.own-only",
        "an agent has torch commit in its own worktree only",
    ),
    ("commit.unknown", "an unknown caller commits nothing"),
    (
        "commit.message",
        "a commit's message says nothing (\"fixes\", \"updates\"): its agent is told",
    ),
    (
        "branch.name",
        "an agent's branch is called as its role's are (feature/, test/, …): its agent is told",
    ),
    (
        "branch.parent",
        "an agent's work got into the parent branch other than by torch: the orchestrator is told",
    ),
    (
        "branch.foreign",
        "an agent's work got into another branch that was there before: the orchestrator is told",
    ),
    (
        "git.commit-late",
        "an agent worked longer than git.commit_minutes since its last commit and has something to commit: it is told",
    ),
    (
        "git.commit-overdue",
        "it worked twice as long: the project manager is told, else the orchestrator",
    ),
    (
        "git.push-late",
        "a commit is on no remote for longer than git.push_minutes: its agent is told",
    ),
    (
        "git.pull-late",
        "a branch lacks new commits of the parent branch for an hour: its agent is told",
    ),
    (
        "git.behind",
        "a branch is more than 20 commits behind the parent branch: its agent is told",
    ),
    (
        "git.cycle-late",
        "commits are not in the parent branch for four hours: the project manager is told, else the orchestrator",
    ),
    (
        "git.request-late",
        "half an hour after a push there is no pull request, where the team works with them: the project manager is told, else the orchestrator",
    ),
    (
        "git.merge-late",
        "a pull request is open for two hours: the project manager is told, else the orchestrator",
    ),
    (
        "push.own",
        "through the broker an agent pushes its own branches",
    ),
    (
        "push.supervised",
        "the team's policy asks a person before the broker forwards a push (torch pending)",
    ),
    (
        "push.forbidden",
        "the team's policy lets no agent push: a person does",
    ),
    (
        "push.unknown",
        "through the broker go pushes of a team's agents; a person pushes to the remote itself",
    ),
    (
        "push.own-team",
        "an agent pushes through the broker of its own team",
    ),
    (
        "push.parent",
        "no agent pushes to the branch that the team started on",
    ),
    (
        "push.protected",
        "no agent pushes to a branch that broker.protected names",
    ),
    ("push.of-torch", "torch alone makes branches of this prefix"),
    (
        "push.other-role",
        "no agent pushes to a branch of another role",
    ),
    (
        "push.name",
        "branches that an agent pushes begin as its role's do",
    ),
    (
        "push.namespace",
        "branches and tags are pushed, nothing else",
    ),
    ("push.deletion", "no agent deletes a branch of the remote"),
    (
        "push.forced",
        "no pushed branch loses commits that were pushed already",
    ),
    (
        "push.tag",
        "of a team's agents the orchestrator and the project manager push tags, others stable tags only",
    ),
    ("push.tag-moved", "a tag that is there stays where it is"),
    (
        "push.many",
        "a push has no more branches and tags than torch forwards at once",
    ),
    (
        "push.size",
        "a push brings no more than broker.push_megabytes",
    ),
    (
        "push.secret",
        "no pushed commit holds what looks like a secret",
    ),
    (
        "push.unread",
        "what is pushed can be looked through for secrets",
    ),
    (
        "lane.manager",
        "the fast lane is switched by a person, the project manager or the orchestrator of the team",
    ),
    (
        "integrate.lead",
        "an integration is begun and ended by the project manager, the orchestrator or a person",
    ),
    (
        "integrate.own-team",
        "an agent integrates its own team's work",
    ),
    (
        "integrate.command",
        "a command runs with the user's rights: a person names it, or the user's settings",
    ),
    (
        "integrate.review",
        "an integration that waits for a review is let in by whom the team's policy names",
    ),
    (
        "rollback.read",
        "a team's members may read what would be taken back, and what was",
    ),
    (
        "rollback.person",
        "a person, and a person's script, may take work back; at a terminal also by force",
    ),
    (
        "rollback.own",
        "an agent may restore files in its own worktree",
    ),
    (
        "rollback.own-only",
        "an agent restores files in its own worktree only",
    ),
    (
        "rollback.leads",
        "the orchestrator and the project manager take work back on the parent branch",
    ),
    (
        "rollback.leads-only",
        "of a team only the orchestrator and the project manager take work back on the parent branch",
    ),
    (
        "rollback.approval",
        "the team's policy leaves to a person what goes into the parent branch, and what is taken back of it",
    ),
    (
        "rollback.force",
        "only a person at a terminal outside the agents' panes puts a branch itself back; without --force its commits are reverted",
    ),
    (
        "rollback.verify",
        "a person has the user's own commands run, as they run outside of any sandbox",
    ),
    (
        "rollback.unknown",
        "a process of which torch can't tell whose it is takes nothing back",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_back_says_that_it_is_refused() {
        for operation in torch_core::forbidden::Operation::ALL {
            let rule = operation.rule();
            let found = BUILT_IN.iter().find(|(known, _)| *known == rule);
            let (_, words) = found.expect("explained");
            assert!(
                words.contains("refuse") && words.contains("violation"),
                "{rule}: {words}"
            );
        }
    }

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

    /// What looks like a rule of these and is none: entries of the journal, settings, files.
    const NO_RULES: &str = "\
        commit.failed commit.made commit.refused commit.repeated git.branch git.broker git.commit git.forbid git.push \
        git.read git.request git.unread lane.conflict lane.cycle lane.jsonl lane.late lane.merged lane.merging lane.off lane.on \
        lane.settled lane.unsolved plan.changed plan.made plan.toml push.approved push.away push.ended push.failed \
        push.forwarded push.kept-back push.landed push.lost push.not-put-back push.noted push.put-back push.refused push.taken \
        push.turned-down rollback.began rollback.done rollback.failed rollback.refused rollback.verified \
        schedule.cancelled schedule.fired schedule.made schedule.refused standup.answered standup.asked \
        standup.ended team.branch team.cancelled team.created team.dependencies team.phase team.purging team.removed \
        team.resumed team.started team.stopping violations.jsonl";

    /// A source without its tests.
    fn product(source: &str) -> &str {
        let end = source.find("#[cfg(test)]\nmod tests {");
        &source[..end.unwrap_or(source.len())]
    }

    /// The names of the form `prefix.name` in a source, as a whole text or before a colon.
    fn named(source: &str) -> impl Iterator<Item = &str> {
        let texts = source.match_indices('"').filter_map(|(at, _)| {
            let name = word(&source[at + 1..]);
            let rest = &source[at + 1 + name.len()..];
            (rest.starts_with('"') || rest.starts_with(": ")).then_some(name)
        });
        texts.filter(|name| is_name(name))
    }

    /// The names behind the word "rule".
    fn spoken(source: &str) -> impl Iterator<Item = &str> {
        let behind = source.match_indices("rule ");
        let names = behind.map(|(at, found)| word(&source[at + found.len()..]));
        names.filter(|name| is_name(name))
    }

    fn is_name(text: &str) -> bool {
        let parts = text.split_once('.');
        parts.is_some_and(|(begin, rest)| {
            !begin.is_empty() && !rest.is_empty() && !begin.contains('-') && !rest.contains('.')
        })
    }

    fn word(text: &str) -> &str {
        let end = text.find(|c: char| !(c.is_ascii_lowercase() || ".-".contains(c)));
        text[..end.unwrap_or(text.len())].trim_end_matches('.')
    }

    /// The sources of the product, without their tests.
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.expect("a name");
            if path.is_dir() {
                let skipped = ["tests", "target", "torch-testing", "torch-demo", "xtask"];
                if !skipped.contains(&name) {
                    sources(&path, found);
                }
            } else if name.ends_with(".rs") && !["tests.rs", "fixture.rs", "key.rs"].contains(&name)
            {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_rule_that_the_code_names_is_explained() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = Vec::new();
        sources(&crates, &mut files);
        let known = |name: &str| BUILT_IN.iter().any(|(known, _)| *known == name);
        let begins: std::collections::BTreeSet<&str> = BUILT_IN
            .iter()
            .filter_map(|(name, _)| Some(name.split_once('.')?.0))
            .collect();
        let no_rules: Vec<&str> = NO_RULES.split_whitespace().collect();
        let (mut missing, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
        for file in files
            .iter()
            .filter(|file| !file.ends_with("rules/built_in.rs"))
        {
            let text = std::fs::read_to_string(file).expect("a source");
            let text = product(&text);
            let ours = |name: &&str| {
                let begin = name.split_once('.').map_or("", |(begin, _)| begin);
                begins.contains(begin) && !no_rules.contains(name)
            };
            for name in named(text).filter(ours).chain(spoken(text)) {
                seen.insert(name.to_owned());
                if !known(name) {
                    missing.push(format!("{name} in {}", file.display()));
                }
            }
        }
        assert_eq!(
            missing,
            Vec::<String>::new(),
            "explain these, or say that they are no rules (NO_RULES)"
        );
        let gone = BUILT_IN
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !seen.contains(*name));
        assert_eq!(
            gone.collect::<Vec<_>>(),
            Vec::<&str>::new(),
            "no code names these"
        );
        let names: std::collections::BTreeSet<_> = BUILT_IN.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), BUILT_IN.len(), "one is there twice");
        let stale = no_rules.iter().filter(|name| known(name));
        assert_eq!(stale.count(), 0);
    }
}
