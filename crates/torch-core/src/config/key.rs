//! The keys that a config file may have, as data: what each means, what it takes and who may set it.

use super::kind::Kind;
use super::project_router::Stricter;

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name with its section, `tmux.socket`.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Who may set it.
    pub scope: Scope,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// Who may set a key. A project's file comes with its repository, so what decides which program runs with the
/// user's rights, or whose words count, stays with the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user's file and the environment.
    User,
    /// A project's file as well.
    Project,
    /// A project's file as well, where the user's own leaves it open: a repository loosens no policy that its user has chosen.
    Open,
    /// A project's file as well, where it is stricter than what the user's own says or leaves at the default.
    Stricter(Stricter),
}

/// Every key, in the order of the files.
pub const KEYS: &[Key] = &[
    Key {
        name: "policy",
        kind: Kind::Choice(&["team", "review-only", "supervised"]),
        scope: Scope::Open,
        doc: "What agents do with git and who lets work in: \"team\", \"review-only\" or \"supervised\" (torch policy show).",
    },
    Key {
        name: "git.agent_commits",
        kind: Kind::Choice(&["required", "forbidden"]),
        scope: Scope::Open,
        doc: "Whether agents commit their work (\"required\"), or a person does (\"forbidden\": torch commit refuses them).",
    },
    Key {
        name: "git.commit_minutes",
        kind: Kind::Whole(0, 1_440),
        scope: Scope::Open,
        doc: "Within how many minutes agents are told to commit; 0: no time is named.",
    },
    Key {
        name: "git.push_minutes",
        kind: Kind::Whole(0, 1_440),
        scope: Scope::Open,
        doc: "Within how many minutes of a commit agents are told to push it; 0: they are told not to push.",
    },
    Key {
        name: "git.forbid",
        kind: Kind::Operations,
        scope: Scope::Stricter(Stricter::Both),
        doc: "What agents' git is kept from by torch's hooks, with commas; empty: nothing. A project's file only adds.",
    },
    Key {
        name: "git.secret_check",
        kind: Kind::Choice(&["refuse", "warn", "off"]),
        scope: Scope::User,
        doc: "What becomes of an agent's commit in which something looks like a key or a password: \"refuse\", \"warn\" or \"off\".",
    },
    Key {
        name: "integration.approval",
        kind: Kind::Choice(&["project_manager", "person"]),
        scope: Scope::Open,
        doc: "Who lets work into the base branch: \"project_manager\" (without one the orchestrator) or \"person\".",
    },
    Key {
        name: "integration.admin_merge",
        kind: Kind::Switch,
        scope: Scope::Open,
        doc: "Whether pull requests may be merged past their branch's protection (gh pr merge --admin), once reviewed.",
    },
    Key {
        name: "integration.run_tests",
        kind: Kind::Switch,
        scope: Scope::User,
        doc: "Whether torch itself runs a project's tests in torch integrate, with your rights, outside of agents' sandboxes; else a role does.",
    },
    Key {
        name: "integration.test",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "The command of the tests, for sh -c, where integration.run_tests allows it; empty: as the project's files have it.",
    },
    Key {
        name: "integration.build",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command that is run on the base branch after an integration, where integration.run_tests allows it; empty: none.",
    },
    Key {
        name: "integration.smoke",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "Another one, behind integration.build, which tries what was built; empty: none.",
    },
    Key {
        name: "integration.network",
        kind: Kind::Switch,
        scope: Scope::User,
        doc: "Whether torch integrate speaks to a remote: fetches, pushes, and makes a pull request where there is gh; else all of it stays here.",
    },
    Key {
        name: "quality.coverage",
        kind: Kind::Whole(0, 100),
        scope: Scope::User,
        doc: "The least part of the code that tests must reach where it was measured (torch integrate --metrics), in percent.",
    },
    Key {
        name: "quality.type_coverage",
        kind: Kind::Whole(0, 100),
        scope: Scope::User,
        doc: "The least part of the code that must have types where it was measured, in percent.",
    },
    Key {
        name: "quality.duplication",
        kind: Kind::Whole(0, 100),
        scope: Scope::User,
        doc: "The most of the code that may stand twice where it was measured, in percent.",
    },
    Key {
        name: "quality.bundle_growth",
        kind: Kind::Whole(0, 1_000),
        scope: Scope::User,
        doc: "The most that what is shipped may grow where it was measured, in percent.",
    },
    Key {
        name: "quality.complexity",
        kind: Kind::Whole(0, 1_000),
        scope: Scope::User,
        doc: "The highest complexity of one function where it was measured.",
    },
    Key {
        name: "quality.lint_errors",
        kind: Kind::Whole(0, 1_000_000),
        scope: Scope::User,
        doc: "How many errors a linter may find where they were counted.",
    },
    Key {
        name: "activity.overlaps",
        kind: Kind::Switch,
        scope: Scope::User,
        doc: "Whether agents are told of conflicts between their work before anybody merges it (torch git radar shows them).",
    },
    Key {
        name: "tmux.socket",
        kind: Kind::Name,
        scope: Scope::User,
        doc: "The tmux server's socket name (`tmux -L NAME`); \"default\" is your own server.",
    },
    Key {
        name: "tmux.program",
        kind: Kind::Program,
        scope: Scope::User,
        doc: "The tmux program: a path or a name on PATH.",
    },
    Key {
        name: "agents.mode",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "The permission mode that agent programs start in, by its name in `torch agents show NAME`; empty: each one's own.",
    },
    Key {
        name: "agents.answer",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "Dialogs of agent programs that torch approves by itself, of trust, key and update, with commas; empty: none.",
    },
    Key {
        name: "agents.variables",
        kind: Kind::Variables,
        scope: Scope::User,
        doc: "Further environment variables that agent programs get from whoever starts a team, by name, with commas; kept in memory only.",
    },
    Key {
        name: "agents.default",
        kind: Kind::Text,
        scope: Scope::Project,
        doc: "The agent program of `torch auto` without --agent; empty: it must be named with --agent.",
    },
    Key {
        name: "router.mode",
        kind: Kind::Choice(&["strict", "matrix", "open"]),
        scope: Scope::Stricter(Stricter::Mode),
        doc: "Who may write to whom: \"strict\" (through the hub), \"matrix\" (also along the matrix) or \"open\" (everyone, recorded).",
    },
    Key {
        name: "router.matrix",
        kind: Kind::Choice(&["auto", "standard", "system_operations"]),
        scope: Scope::User,
        doc: "The communication matrix; \"auto\": the edges of the team's template, else system_operations or standard by its roles.",
    },
    Key {
        name: "router.exchanges",
        kind: Kind::Whole(0, 1_000_000),
        scope: Scope::Stricter(Stricter::Fewer),
        doc: "Exchanges of two agents in one thread until the next message goes to the hub; 0: no limit.",
    },
    Key {
        name: "router.hops",
        kind: Kind::Whole(0, 1_000_000),
        scope: Scope::Stricter(Stricter::Fewer),
        doc: "Direct messages in a chain of agents, one answering the other, until the next goes to the hub; 0: no limit.",
    },
    Key {
        name: "router.pair_messages",
        kind: Kind::Whole(0, 4_096),
        scope: Scope::Stricter(Stricter::Fewer),
        doc: "Messages from one agent to another within router.pair_seconds until more are refused; 0: no limit.",
    },
    Key {
        name: "router.pair_seconds",
        kind: Kind::Seconds,
        scope: Scope::Stricter(Stricter::More),
        doc: "The stretch of time in which router.pair_messages counts.",
    },
    Key {
        name: "router.repeat_seconds",
        kind: Kind::Whole(0, 86_400),
        scope: Scope::Stricter(Stricter::More),
        doc: "Within how many seconds the same text from one agent to another is refused; 0: never.",
    },
    Key {
        name: "router.quiet_seconds",
        kind: Kind::Seconds,
        scope: Scope::Stricter(Stricter::More),
        doc: "After how many quiet seconds a thread or a chain of agents' messages is over.",
    },
    Key {
        name: "router.blocked_seconds",
        kind: Kind::Seconds,
        scope: Scope::Stricter(Stricter::Fewer),
        doc: "After how many seconds the orchestrator is told that an agent is still blocked.",
    },
    Key {
        name: "router.critical",
        kind: Kind::Text,
        scope: Scope::Stricter(Stricter::Both),
        doc: "Further words that the orchestrator gets a copy of, with commas, besides complete, deploy, fail, error and block.",
    },
    Key {
        name: "identity.scripts",
        kind: Kind::Switch,
        scope: Scope::User,
        doc: "Whether processes without a terminal (cron, CI) may approve questions and change policy.",
    },
    Key {
        name: "delivery.copy_mode_wait_seconds",
        kind: Kind::Seconds,
        scope: Scope::Project,
        doc: "How long a message waits for a person who scrolls in the pane before torch leaves copy mode.",
    },
    Key {
        name: "delivery.draft_notice_seconds",
        kind: Kind::Seconds,
        scope: Scope::Project,
        doc: "After how long torch tells that a half-typed draft holds a message up.",
    },
    Key {
        name: "delivery.hand_over_after_seconds",
        kind: Kind::Seconds,
        scope: Scope::Project,
        doc: "How long a message waits for the end of a turn before it is handed into it at the end of a tool, where the program can take it so.",
    },
    Key {
        name: "delivery.submit_timeout_seconds",
        kind: Kind::Seconds,
        scope: Scope::Project,
        doc: "How long torch looks for evidence after Enter before it calls a delivery uncertain.",
    },
    Key {
        name: "team.session_suffix",
        kind: Kind::Suffix,
        scope: Scope::Project,
        doc: "Added with a \"-\" to the tmux session's name; empty adds nothing.",
    },
    Key {
        name: "team.plan",
        kind: Kind::Choice(&["pro", "max5", "max20", "console"]),
        scope: Scope::User,
        doc: "The plan of the agents' account: a team of `torch auto` has at most 3 (pro), 5, 8 (max20) agents, or no limit; torch looks after agents every 90, 60, 45 or 45 minutes.",
    },
    Key {
        name: "restart.policy",
        kind: Kind::Choice(&["always", "on-failure", "never"]),
        scope: Scope::User,
        doc: "After which ends an agent's program is started again: \"always\" (unless you ended it), \"on-failure\" or \"never\".",
    },
    Key {
        name: "limits.restarts_per_hour",
        kind: Kind::Whole(0, 1_000_000),
        scope: Scope::User,
        doc: "Restarts of one agent within an hour until it is given up (besides 3 in 10 minutes); 0: no limit.",
    },
    Key {
        name: "limits.turns_per_hour",
        kind: Kind::Whole(0, 1_000_000),
        scope: Scope::User,
        doc: "Turns of one agent within an hour until nothing more is typed into it in that hour; 0: no limit.",
    },
    Key {
        name: "credit.wake_after_seconds",
        kind: Kind::Whole(0, 86_400),
        scope: Scope::User,
        doc: "Seconds after a usage limit's reset until torch wakes the agent that it held.",
    },
    Key {
        name: "credit.automatic_wait_seconds",
        kind: Kind::Whole(0, 86_400),
        scope: Scope::User,
        doc: "Seconds after the reset that a program may take which goes on by itself, before torch wakes it.",
    },
    Key {
        name: "credit.stagger_seconds",
        kind: Kind::Whole(0, 86_400),
        scope: Scope::User,
        doc: "Seconds between the wake-ups of agents that share an account.",
    },
    Key {
        name: "check_ins.every",
        kind: Kind::Interval(true),
        scope: Scope::User,
        doc: "How long between two looks at an agent: minutes or 90s, 45m, 1h; \"plan\": by the subscription; \"none\": no check-ins.",
    },
    Key {
        name: "check_ins.roles",
        kind: Kind::RoleIntervals,
        scope: Scope::User,
        doc: "The same for some roles: \"developer=30m, tester=none\".",
    },
    Key {
        name: "check_ins.silent_after",
        kind: Kind::Interval(false),
        scope: Scope::User,
        doc: "How long after a turn with changes and no report an agent is asked what came of it; \"none\": never.",
    },
    Key {
        name: "check_ins.standup_wait",
        kind: Kind::Interval(false),
        scope: Scope::User,
        doc: "How long torch standup waits for answers.",
    },
    Key {
        name: "projects.roots",
        kind: Kind::Folders,
        scope: Scope::User,
        doc: "The folders whose subfolders `torch open NAME` looks through.",
    },
    Key {
        name: "worktree.copy",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "Files of a project that git ignores and that each new worktree gets a copy of, with commas: \".env\". Mode 600; PORT in it becomes the worktree's.",
    },
    Key {
        name: "worktree.link",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "Files and folders of a project that git ignores and that each new worktree gets a link to, with commas: \"node_modules\".",
    },
    Key {
        name: "worktree.setup",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command (sh -c) that is run in each new worktree before an agent starts there: \"npm ci\"; empty: none.",
    },
    Key {
        name: "worktree.teardown",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command (sh -c) that is run in a worktree before it is removed; where it fails, the worktree stays.",
    },
    Key {
        name: "worktree.ports",
        kind: Kind::Ports,
        scope: Scope::User,
        doc: "The ports of which each worktree gets a pair of its own (PORT, TORCH_PORT, TORCH_PORT_2); empty: none.",
    },
    Key {
        name: "worktree.limit",
        kind: Kind::Whole(0, 1_000),
        scope: Scope::User,
        doc: "How many worktrees that no team has `torch worktree add` makes in one project; 0: no limit.",
    },
    Key {
        name: "rollback.data",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command (sh -c) by which `torch rollback verify` checks that the data is whole; empty: not checked.",
    },
    Key {
        name: "rollback.performance",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command by which it checks that the project is fast enough; empty: not checked.",
    },
    Key {
        name: "rollback.security",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command by which it checks that the project is secure; empty: not checked.",
    },
    Key {
        name: "rollback.integrations",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "A command by which it checks that what the project works with answers; empty: not checked.",
    },
    Key {
        name: "rollback.minutes",
        kind: Kind::Whole(1, 1_440),
        scope: Scope::User,
        doc: "How many minutes each of these commands may take.",
    },
    Key {
        name: "broker.push_megabytes",
        kind: Kind::Whole(1, 100_000),
        scope: Scope::User,
        doc: "The most that one push of an agent may bring into the broker, in MiB.",
    },
    Key {
        name: "broker.protected",
        kind: Kind::Text,
        scope: Scope::User,
        doc: "Branches that no agent pushes to besides the team's own parent, with commas; a * stands for anything: \"release/*\".",
    },
    Key {
        name: "fast_lane.enabled",
        kind: Kind::Switch,
        scope: Scope::Open,
        doc: "Whether torch merges commits between the worktrees of a new team's pairs of roles, developer to tester and the like (docs/fast-lane.md); DISABLE_FAST_LANE=true at the start switches it off, too.",
    },
    Key {
        name: "backup.hours",
        kind: Kind::Whole(0, 8_760),
        scope: Scope::User,
        doc: "Hours between two automatic backups of the registry, where anything changed; 0 makes none.",
    },
    Key {
        name: "backup.keep",
        kind: Kind::Whole(1, 10_000),
        scope: Scope::User,
        doc: "How many of the newest backups stay.",
    },
    Key {
        name: "retention.days",
        kind: Kind::Whole(1, 36_500),
        scope: Scope::User,
        doc: "Days after which `torch gc` archives journal and settled messages and removes old day files and logs.",
    },
];

impl Key {
    /// The key of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The variable that sets it: `TORCH_TMUX_SOCKET` for `tmux.socket`.
    pub fn variable(&self) -> String {
        format!("TORCH_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}
