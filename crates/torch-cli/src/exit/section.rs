//! Which exit codes each command can return, for its long help.

use super::{
    FAILURE, INTERRUPTED, LOCKED, OK, PARTIAL, REFUSED, TIMEOUT, UNCHECKED, UNREACHABLE, USAGE,
};

/// One line of a table.
type Line = (u8, &'static str);

const DONE: Line = (OK, "it worked");
const FAILED: Line = (FAILURE, "any other failure");
const WRONG: Line = (USAGE, "bad arguments, or a file that can't be used");
const NOBODY: Line = (USAGE, "bad arguments, or no such team, role or message");
const DENIED: Line = (REFUSED, "refused: the caller may not do this");
const NO_DAEMON: Line = (
    UNREACHABLE,
    "the daemon is not reachable and could not be started",
);
const NOT_RUNNING: Line = (UNREACHABLE, "the daemon is not reachable");

/// A command that only has others below it.
const GROUP: [Line; 2] = [
    (OK, "it worked; each command's own help has its codes"),
    (USAGE, "bad arguments, or no command"),
];

/// The exit codes of one command, for its long help; `path` is its name without `torch`: `msg list`.
pub fn section(path: &str) -> String {
    let mut text = "Exit codes:".to_owned();
    for (code, words) in lines(path) {
        text.push_str(&format!("\n  {code:>3}  {words}"));
    }
    text
}

fn lines(path: &str) -> Vec<Line> {
    match path.split(' ').next() {
        Some("daemon") => of_daemon(path),
        Some("msg") => of_messages(path),
        Some("resume" | "agent" | "windows") => of_the_roster(path),
        Some("agents") => of_programs(path),
        Some("detect" | "team") => of_teams(path),
        Some("worktree" | "undelete") => of_worktrees(path),
        Some("commit" | "mcp" | "approve" | "deny") => of_doors(path),
        Some("schedule") => of_schedules(path),
        Some("violations" | "task" | "report" | "deps" | "rules" | "compliance") => {
            of_the_rules(path)
        }
        Some("plan" | "spec") => of_plans(path),
        Some("backup" | "restore" | "gc") => of_the_registry(path),
        Some("open" | "standup") => of_a_project(path),
        Some("rollback") => of_rollbacks(path),
        Some("git" | "integrate" | "pending") => of_the_work(path),
        _ => of_others(path),
    }
}

fn of_rollbacks(path: &str) -> Vec<Line> {
    let wrong = (
        USAGE,
        "bad arguments, no such team, commit or file, no last good commit, or nobody can be asked",
    );
    match path {
        "rollback" => GROUP.to_vec(),
        "rollback verify" => vec![
            (
                OK,
                "no check failed; what is not configured was not checked",
            ),
            (FAILURE, "three or more failed, or any other failure"),
            wrong,
            DENIED,
            (PARTIAL, "one or two checks failed"),
            (UNCHECKED, "nothing was checked"),
            NO_DAEMON,
        ],
        "rollback plan" | "rollback list" => vec![DONE, FAILED, wrong, NO_DAEMON],
        _ => vec![
            (OK, "it is taken back"),
            (
                FAILURE,
                "nothing was taken back: a conflict, uncommitted work, or you declined the prompt",
            ),
            wrong,
            DENIED,
            NO_DAEMON,
        ],
    }
}

/// What brings the agents' work together.
fn of_the_work(path: &str) -> Vec<Line> {
    let no_team = (USAGE, "bad arguments, or no such team");
    match path {
        "git" | "git broker" => GROUP.to_vec(),
        "integrate" => vec![
            (OK, "begun or shown: it waits for somebody, or is in"),
            (
                FAILURE,
                "it was given up, what ran after it failed, it can't be done now, or any other failure",
            ),
            (
                USAGE,
                "bad arguments, no such team, a file that can't be used, or the team has no branch",
            ),
            DENIED,
            NO_DAEMON,
        ],
        "git log" => vec![
            DONE,
            FAILED,
            (USAGE, "bad arguments, or no such team or role"),
            DENIED,
            NO_DAEMON,
        ],
        "git receive" => vec![
            (OK, "git may go on"),
            FAILED,
            (USAGE, "bad arguments"),
            (REFUSED, "the push is refused by a rule"),
            NO_DAEMON,
        ],
        _ => vec![DONE, FAILED, no_team, DENIED, NO_DAEMON],
    }
}

fn of_a_project(path: &str) -> Vec<Line> {
    match path {
        "standup" | "standup answer" => vec![
            DONE,
            (
                FAILURE,
                "a standup is under way, nobody can be asked, or none waits for this answer",
            ),
            NOBODY,
            DENIED,
            NO_DAEMON,
        ],
        _ => vec![
            (
                OK,
                "the agent is up, and the server runs if there is one; or the project had a team",
            ),
            (
                FAILURE,
                "you declined the prompt, the agent did not come up, or the server failed",
            ),
            (USAGE, "bad arguments, no such project, or several that fit"),
            DENIED,
            NO_DAEMON,
        ],
    }
}

fn of_others(path: &str) -> Vec<Line> {
    match path {
        "auto" => vec![
            (OK, "the team is up, or was; --wait: the spec is complete"),
            (
                FAILURE,
                "you declined the prompt, the team did not come up, or with --wait it can't go on",
            ),
            (
                USAGE,
                "bad arguments, or a spec, project or file that can't be used",
            ),
            DENIED,
            NO_DAEMON,
            (INTERRUPTED, "ended by Ctrl-C"),
        ],
        "send" => vec![
            (
                OK,
                "the message is stored; --wait: the awaited state was reached",
            ),
            (
                FAILURE,
                "the message will not arrive any more, or any other failure",
            ),
            (
                USAGE,
                "bad arguments, a file that can't be used, or no such target",
            ),
            (
                TIMEOUT,
                "not reached in time; the message stays in the queue",
            ),
            (REFUSED, "refused by policy"),
            NO_DAEMON,
        ],
        "status" => vec![
            DONE,
            FAILED,
            NOBODY,
            NOT_RUNNING,
            (INTERRUPTED, "--watch: ended by Ctrl-C"),
        ],
        "inbox" => vec![DONE, FAILED, WRONG, DENIED, NOT_RUNNING],
        "logs" | "why" | "credit" => vec![DONE, FAILED, NOBODY, NOT_RUNNING],
        "credit wake" => vec![DONE, FAILED, NOBODY, DENIED, NO_DAEMON],
        "attach" | "shell" => vec![
            (OK, "it worked; once attached, tmux's own code counts"),
            FAILED,
            (USAGE, "bad arguments, no such team or role, or no terminal"),
            DENIED,
            NO_DAEMON,
        ],
        "stop" | "ack" | "complete" | "pause" | "unpause" => {
            vec![DONE, FAILED, NOBODY, DENIED, NO_DAEMON]
        }
        "doctor" => vec![
            (OK, "all that is needed works; warnings are no failure"),
            (FAILURE, "a check failed"),
            WRONG,
        ],
        "audit verify" => vec![
            (OK, "the chain is whole"),
            (FAILURE, "the chain is broken, or any other failure"),
            WRONG,
            NOT_RUNNING,
        ],
        "agent-run" | "command-run" | "demo-agent" => vec![
            (OK, "it ended in good order"),
            FAILED,
            (USAGE, "bad arguments"),
        ],
        "audit" | "roles" | "policy" => GROUP.into(),
        // What needs no daemon.
        _ => vec![DONE, FAILED, WRONG],
    }
}

/// What the rules of communication keep.
fn of_the_rules(path: &str) -> Vec<Line> {
    match path {
        "task" | "report" | "deps" | "rules" | "compliance" => GROUP.into(),
        "violations" | "task list" | "deps list" | "rules list" | "rules explain" => {
            vec![DONE, FAILED, NOBODY, NOT_RUNNING]
        }
        "violations resolve" => vec![
            DONE,
            FAILED,
            (USAGE, "bad arguments, or no such open violation"),
            DENIED,
            NO_DAEMON,
        ],
        "compliance replay" => vec![
            (OK, "each verdict is the same"),
            (
                FAILURE,
                "a verdict differs or can't be judged again, or any other failure",
            ),
            (USAGE, "bad arguments"),
        ],
        "rules test" => vec![
            (OK, "the verdict is printed, whatever it is"),
            FAILED,
            NOBODY,
            NO_DAEMON,
        ],
        "deps set" => vec![DONE, FAILED, NOBODY, DENIED, NO_DAEMON],
        _ => vec![
            (OK, "the message is stored"),
            FAILED,
            (USAGE, "bad arguments, or no such target"),
            (REFUSED, "refused by policy"),
            NO_DAEMON,
        ],
    }
}

/// What agents have besides `scm`.
fn of_doors(path: &str) -> Vec<Line> {
    match path {
        "approve" | "deny" => vec![
            (OK, "the question is answered"),
            FAILED,
            (USAGE, "bad arguments, or no such open question"),
            (TIMEOUT, "the key was pressed, and the dialog is still open"),
            DENIED,
            NOT_RUNNING,
        ],
        "commit" => vec![
            (OK, "the commit is made, or was there already"),
            (
                FAILURE,
                "nothing to commit, conflicts, a merge or the like under way, a hook's no, or any other failure",
            ),
            (
                USAGE,
                "bad arguments, no message, no such role or file, or another branch than the agent's",
            ),
            DENIED,
            NO_DAEMON,
        ],
        _ => vec![
            (OK, "the client closed standard input"),
            (FAILURE, "the client speaks no MCP, or any other failure"),
            WRONG,
        ],
    }
}

/// What changes which agents run, or how they look.
fn of_the_roster(path: &str) -> Vec<Line> {
    match path {
        "resume" => vec![
            (OK, "every agent is up; --status-only: shown"),
            (FAILURE, "not every agent came up, or any other failure"),
            NOBODY,
            DENIED,
            NO_DAEMON,
            (INTERRUPTED, "ended by Ctrl-C; torch goes on with it"),
        ],
        "agent end" => vec![
            (OK, "it has ended, or had before"),
            FAILED,
            NOBODY,
            DENIED,
            NO_DAEMON,
            (INTERRUPTED, "ended by Ctrl-C; torch goes on with it"),
        ],
        "agent add" | "agent temp" | "agent restart" => vec![
            (
                OK,
                "the agent is up and briefed, or its briefing waits for a person or a cap",
            ),
            FAILED,
            NOBODY,
            DENIED,
            NO_DAEMON,
            (INTERRUPTED, "ended by Ctrl-C; torch goes on with it"),
        ],
        "windows rename" => vec![
            DONE,
            (FAILURE, "you declined the prompt, or any other failure"),
            NOBODY,
            DENIED,
            NO_DAEMON,
        ],
        _ => GROUP.into(),
    }
}

/// What looks after the registry's files.
fn of_the_registry(path: &str) -> Vec<Line> {
    match path {
        "backup" => vec![
            (OK, "the backup is made and verified"),
            (FAILURE, "the database is damaged, or any other failure"),
            WRONG,
        ],
        "restore" => vec![
            (OK, "it worked"),
            (
                FAILURE,
                "the daemon runs, there is no backup that verifies, you declined, or any other failure",
            ),
            (USAGE, "bad arguments, or nobody to ask and no --yes"),
        ],
        _ => vec![DONE, FAILED, WRONG, DENIED, NOT_RUNNING],
    }
}

fn of_programs(path: &str) -> Vec<Line> {
    match path {
        "agents list" => vec![
            (OK, "shown, with what can't be used on standard error"),
            FAILED,
            (USAGE, "bad arguments"),
        ],
        "agents show" => vec![DONE, FAILED, (USAGE, "bad arguments, or no such program")],
        "agents test" => vec![
            (OK, "the rules know what the screen shows"),
            (FAILURE, "they don't (unknown), or any other failure"),
            (
                USAGE,
                "bad arguments, no such program, or a file that can't be read",
            ),
        ],
        _ => GROUP.into(),
    }
}

/// What is known of projects and teams without a daemon.
fn of_teams(path: &str) -> Vec<Line> {
    match path {
        "detect" => vec![
            (OK, "shown, also where no type is clear"),
            FAILED,
            (
                USAGE,
                "bad arguments, no such type or role, or a spec or project that can't be used",
            ),
        ],
        "team list" => vec![
            (OK, "shown, with what can't be used on standard error"),
            FAILED,
            (USAGE, "bad arguments"),
        ],
        "team show" => vec![DONE, FAILED, (USAGE, "bad arguments, or no such type")],
        "team check" => vec![
            (OK, "all are sound"),
            FAILED,
            (USAGE, "bad arguments, or a template that can't be used"),
        ],
        "team new" => vec![
            DONE,
            FAILED,
            (
                USAGE,
                "bad arguments, a name that can't be one, or a file that is there",
            ),
        ],
        _ => GROUP.into(),
    }
}

fn of_daemon(path: &str) -> Vec<Line> {
    match path {
        "daemon run" => vec![
            (OK, "it was told to end"),
            (LOCKED, "another daemon has this registry"),
            (USAGE, "bad arguments, or a config file that can't be used"),
            (UNREACHABLE, "it can't run"),
        ],
        "daemon start" => vec![DONE, FAILED, WRONG, DENIED, NO_DAEMON],
        "daemon stop" => vec![DONE, FAILED, WRONG, DENIED, NOT_RUNNING],
        "daemon install" | "daemon uninstall" => vec![
            DONE,
            FAILED,
            (USAGE, "bad arguments, or a unit that torch did not write"),
            DENIED,
            NOT_RUNNING,
        ],
        "daemon status" => vec![
            (OK, "it runs"),
            (FAILURE, "it does not run, or any other failure"),
            WRONG,
            NOT_RUNNING,
        ],
        _ => GROUP.into(),
    }
}

fn of_schedules(path: &str) -> Vec<Line> {
    match path {
        "schedule list" => vec![DONE, FAILED, NOBODY, NOT_RUNNING],
        "schedule cancel" => vec![
            DONE,
            FAILED,
            (USAGE, "bad arguments, or no such planned note"),
            DENIED,
            NO_DAEMON,
        ],
        _ => vec![
            (OK, "the note is planned; --check: planned notes work"),
            (
                FAILURE,
                "--check: the test note did not come up; or any other failure",
            ),
            (USAGE, "bad arguments, or no such target"),
            (
                TIMEOUT,
                "--check: it came up, and was not proven to have arrived in time",
            ),
            (REFUSED, "refused: the caller may not plan notes for others"),
            NO_DAEMON,
        ],
    }
}

fn of_plans(path: &str) -> Vec<Line> {
    match path {
        "spec" => GROUP.into(),
        "plan check" => vec![
            (OK, "it is in order"),
            (FAILURE, "the team's plan is not; or any other failure"),
            (
                USAGE,
                "the file is not in order; or bad arguments, or no such team",
            ),
        ],
        "plan show" | "spec show" => vec![DONE, FAILED, NOBODY],
        "plan" => vec![
            DONE,
            (
                FAILURE,
                "--analyse: the program could not be asked; or any other failure",
            ),
            (
                USAGE,
                "bad arguments, no such team, or --analyse: an answer that does not fit",
            ),
            DENIED,
            NO_DAEMON,
        ],
        _ => vec![DONE, FAILED, NOBODY, DENIED, NO_DAEMON],
    }
}

fn of_messages(path: &str) -> Vec<Line> {
    match path {
        "msg list" | "msg stats" | "msg show" | "msg trace" => {
            vec![DONE, FAILED, NOBODY, NOT_RUNNING]
        }
        "msg retry" | "msg cancel" => vec![DONE, FAILED, NOBODY, DENIED, NO_DAEMON],
        _ => GROUP.into(),
    }
}

fn of_worktrees(path: &str) -> Vec<Line> {
    match path {
        "worktree list" => vec![DONE, FAILED, NOBODY, NO_DAEMON],
        "worktree remove" => vec![
            (OK, "it is removed, and what lay in it is kept"),
            (
                FAILURE,
                "you declined the prompt, the agent runs, something can't be kept, or any other failure",
            ),
            (
                USAGE,
                "bad arguments, no such team or role, or nobody can be asked",
            ),
            DENIED,
            NO_DAEMON,
        ],
        "worktree add" => vec![
            (OK, "the worktree is there"),
            FAILED,
            (
                USAGE,
                "bad arguments, no usable repository, the name's place is taken, or too many worktrees",
            ),
            DENIED,
            NO_DAEMON,
        ],
        "worktree clean" => vec![
            (OK, "what could go is gone; also where that is none"),
            (FAILURE, "you declined the prompt, or any other failure"),
            (USAGE, "bad arguments, no such team, or nobody can be asked"),
            DENIED,
            NO_DAEMON,
        ],
        "worktree repair" => vec![
            (OK, "all ways are there again"),
            FAILED,
            (
                USAGE,
                "bad arguments, no repository, or a path is no worktree",
            ),
            DENIED,
            NO_DAEMON,
        ],
        "undelete" => vec![
            (OK, "it is back; without a name: the list"),
            FAILED,
            (
                USAGE,
                "bad arguments, nothing is kept of that name, or its place is taken",
            ),
            DENIED,
            NO_DAEMON,
        ],
        _ => GROUP.into(),
    }
}
