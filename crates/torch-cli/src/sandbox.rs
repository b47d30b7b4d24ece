//! The way out of a shell that may not connect to torch's socket: an agent's program runs it in a sandbox.
//!
//! What was asked can be asked by the other doors, torch's MCP tools and a file in the outbox; the error says how.

mod form;

use std::io;
use std::path::Path;

use nix::errno::Errno;
use torch_api::{Body, ClientError, Request};
use torch_process::quote;

use crate::error::{CommandError, ErrorKind};

/// Where the files go, seen from the top of the agent's worktree.
const OUTBOX: &str = ".torch/outbox";
/// The longest text that a hint repeats, in bytes.
const REPEATED: usize = 4_096;

/// Whether a connection was forbidden as sandboxes do it: with `EPERM`, which no missing, full or closed socket gives.
pub(crate) fn forbids(error: &ClientError) -> bool {
    let ClientError::Connect { source, .. } = error else {
        return false;
    };
    is_forbidden(source)
}

fn is_forbidden(source: &io::Error) -> bool {
    source.raw_os_error() == Some(Errno::EPERM as i32)
}

/// The error of a connection that a sandbox forbids, whatever was asked.
pub(crate) fn refused(error: &ClientError) -> CommandError {
    CommandError::new(ErrorKind::Sandboxed, error.to_string())
        .cause("Operation not permitted: this shell runs in a sandbox that keeps it from torch's socket")
        .cause(format!(
            "these ways are open: the MCP tools of torch ({}), and files in .torch/outbox of your worktree",
            torch_mcp::tool_names().collect::<Vec<_>>().join(", ")
        ))
        .hint(format!(
            "echo 'what you need, and why' > {OUTBOX}/orchestrator--note.md"
        ))
}

/// The same error with what writes the file that makes this request, where it can be made that way.
pub(crate) fn advise(mut error: CommandError, request: &Request, cwd: &Path) -> CommandError {
    if error.kind != ErrorKind::Sandboxed {
        return error;
    }
    if let Some((tool, file)) = as_file(request) {
        error.causes.pop();
        error.causes.push(format!(
            "these ways are open: the tool `{tool}` of torch's MCP server, and a file in {OUTBOX} of your worktree; what came of \
             it says {OUTBOX}/done/{}.json",
            file.name
        ));
        error.hints = vec![file.command(cwd)];
    }
    error
}

/// A file that makes a request.
struct File {
    name: String,
    /// `None`: the text is too long to be repeated.
    text: Option<String>,
}

impl File {
    fn command(&self, cwd: &Path) -> String {
        let path = outbox(cwd).join(&self.name);
        let path = quote::shell(&path);
        match &self.text {
            // What an `echo` might take for more than text.
            Some(text) if text.starts_with('-') || text.contains(['\\', '\n']) => {
                format!("printf '%s\\n' {} > {path}", quote::shell(text))
            }
            Some(text) => format!("echo {} > {path}", quote::shell(text)),
            None => format!("cat > {path}    # with the text on its standard input"),
        }
    }
}

/// The outbox, relative where the working directory is the worktree's top.
fn outbox(cwd: &Path) -> std::path::PathBuf {
    let top = cwd.ancestors().find(|dir| dir.join(OUTBOX).is_dir());
    match top {
        Some(top) if top != cwd => top.join(OUTBOX),
        _ => OUTBOX.into(),
    }
}

/// A tool, and the file that makes the same request: its name, its header and its text; none where that is not known.
type Ways = (&'static str, String, String, Option<String>);

/// The MCP tool and the file that make the same request.
fn as_file(request: &Request) -> Option<(&'static str, File)> {
    let (tool, name, head, text): Ways = match request {
        Request::Send(send) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let text = text_of(&send.body);
            let tool = if send.target == "human" {
                "ask"
            } else {
                "send"
            };
            let head = format!("to: {}\n", send.target);
            if !send.target.chars().all(plain) {
                (tool, "note.md".to_owned(), head, text)
            } else if text.as_deref().is_some_and(begins_like_header) {
                (tool, format!("{}--note.md", send.target), head, text)
            } else {
                (
                    tool,
                    format!("{}--note.md", send.target),
                    String::new(),
                    text,
                )
            }
        }
        Request::Complete { text } => {
            let head = head_for("complete", text);
            (
                "complete",
                "complete--report.md".to_owned(),
                head,
                Some(text.clone()),
            )
        }
        Request::Ack { id } => (
            "ack",
            format!("ack-{}.md", slug(id)),
            format!("kind: ack\nid: {id}\n"),
            Some(String::new()),
        ),
        Request::Commit(commit) => {
            let cwd = &commit.team.cwd;
            let paths = commit.paths.iter().map(|path| {
                let path = path.strip_prefix(cwd).unwrap_or(path);
                format!("path: {}\n", path.display())
            });
            let head = match paths.collect::<String>() {
                none if none.is_empty() => head_for("commit", &commit.message),
                paths => paths,
            };
            (
                "commit",
                "commit--work.md".to_owned(),
                head,
                Some(commit.message.clone()),
            )
        }
        Request::Schedule(note) => {
            let minutes = note.after_millis as f64 / 60_000.0;
            let to = note.target.iter().map(|to| format!("to: {to}\n"));
            let head = format!(
                "kind: schedule\nminutes: {minutes}\n{}",
                to.collect::<String>()
            );
            ("schedule", "note.md".to_owned(), head, text_of(&note.note))
        }
        Request::AnswerStandup { text } => (
            "standup_answer",
            "standup-answer--1.md".to_owned(),
            head_for("standup-answer", text),
            Some(text.clone()),
        ),
        Request::Rules(rules) => form::of(rules)?,
        _ => return None,
    };
    let text = whole(&head, text);
    Some((tool, File { name, text }))
}

/// The file's words: its header and its text; `None` where that is too long to be repeated.
fn whole(head: &str, text: Option<String>) -> Option<String> {
    text.filter(|text| text.len() <= REPEATED).map(|text| {
        let text = text.trim_end();
        if head.is_empty() {
            text.to_owned()
        } else if text.is_empty() {
            head.trim_end().to_owned()
        } else {
            // This ends the header.
            format!("{head}---\n{text}")
        }
    })
}

fn text_of(body: &Body) -> Option<String> {
    match body {
        Body::Text(text) => Some(text.clone()),
        Body::Bytes(_) => None,
    }
}

/// Whether the outbox could take a text's first line for words about the file.
fn begins_like_header(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.trim() == "---" || first.contains(':')
}

/// A header that only says what the file's name says, where its text could be taken for one.
fn head_for(kind: &str, text: &str) -> String {
    if begins_like_header(text) {
        format!("kind: {kind}\n")
    } else {
        String::new()
    }
}

fn slug(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use torch_api::CommitRequest;
    use torch_api::wire::{SendRequest, TeamSelector};

    use super::*;
    use crate::exit;

    fn forbidden() -> CommandError {
        let source = io::Error::from_raw_os_error(Errno::EPERM as i32);
        let path = "/run/torch.sock".into();
        ClientError::Connect { path, source }.into()
    }

    fn send(target: &str, text: &str) -> Request {
        Request::Send(Box::new(SendRequest {
            target: target.to_owned(),
            body: Body::Text(text.to_owned()),
            key: None,
            inline: false,
            urgent: false,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd: "/w".into(),
            pane_hint: None,
        }))
    }

    #[test]
    fn a_sandbox_is_no_missing_daemon() {
        let error = forbidden();
        assert_eq!(error.kind.exit_code(), exit::UNREACHABLE);
        assert!(
            error.causes.iter().any(|cause| cause.contains("sandbox")),
            "{error:?}"
        );
        assert!(
            error.causes.iter().any(|cause| cause.contains("MCP tools")),
            "{error:?}"
        );
        assert!(
            !error.hints.iter().any(|hint| hint == "torch doctor"),
            "{error:?}"
        );
        // A socket that is another user's is closed to this one in another way.
        let source = io::Error::from_raw_os_error(Errno::EACCES as i32);
        let other: CommandError = ClientError::Connect {
            path: "/s".into(),
            source,
        }
        .into();
        assert_eq!(other.kind, ErrorKind::Unreachable);
        assert_eq!(
            advise(other.clone(), &send("tester", "hi"), Path::new("/w")),
            other
        );
    }

    #[test]
    fn the_hint_makes_the_same_request() {
        let hint = |request: &Request| {
            let error = advise(forbidden(), request, Path::new("/nowhere"));
            assert_eq!(error.hints.len(), 1, "{error:?}");
            error.hints[0].clone()
        };
        assert_eq!(
            hint(&send("tester", "it's done")),
            r"echo 'it'\''s done' > .torch/outbox/tester--note.md"
        );
        assert_eq!(
            hint(&send("app:tester", "hi")),
            r"printf '%s\n' $'to: app:tester\n---\nhi' > .torch/outbox/note.md"
        );
        assert_eq!(
            hint(&send("tester", "to: be or not")),
            r"printf '%s\n' $'to: tester\n---\nto: be or not' > .torch/outbox/tester--note.md"
        );
        assert_eq!(
            hint(&Request::Ack {
                id: "m-7k3f9q2a".to_owned()
            }),
            r"printf '%s\n' $'kind: ack\nid: m-7k3f9q2a' > .torch/outbox/ack-m7k3f9q2a.md"
        );
        assert_eq!(
            hint(&Request::Complete {
                text: "all done".to_owned()
            }),
            "echo 'all done' > .torch/outbox/complete--report.md"
        );
        let commit = CommitRequest {
            team: TeamSelector {
                name: None,
                cwd: "/w".into(),
            },
            role: None,
            message: "parser: rejects empty input".to_owned(),
            paths: vec!["/w/src".into()],
        };
        assert_eq!(
            hint(&Request::Commit(Box::new(commit))),
            r"printf '%s\n' $'path: src\n---\nparser: rejects empty input' > .torch/outbox/commit--work.md"
        );
        let report = torch_api::rules::StatusReport {
            completed: vec!["the lexer".to_owned()],
            current: "the parser".to_owned(),
            blocked: None,
            eta: "30m".to_owned(),
            to: None,
            cwd: "/w".into(),
        };
        let status = torch_api::rules::RulesRequest::Status(report);
        assert_eq!(
            hint(&Request::Rules(Box::new(status))),
            r"printf '%s\n' $'eta: 30m\ncompleted: the lexer\n---\nthe parser' > .torch/outbox/report-status--1.md"
        );
        assert_eq!(
            hint(&Request::AnswerStandup {
                text: "now the parser".to_owned()
            }),
            "echo 'now the parser' > .torch/outbox/standup-answer--1.md"
        );
        let long = "x".repeat(REPEATED + 1);
        assert!(hint(&send("tester", &long)).starts_with("cat > .torch/outbox/tester--note.md"));
    }

    #[test]
    fn below_the_top_the_outbox_is_named_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("src");
        std::fs::create_dir_all(folder.path().join(OUTBOX)).expect("a folder");
        std::fs::create_dir(&below).expect("a folder");
        let error = advise(forbidden(), &send("tester", "hi"), &below);
        let whole = folder.path().join(OUTBOX).join("tester--note.md");
        assert_eq!(error.hints, [format!("echo hi > {}", quote::shell(&whole))]);
        let error = advise(forbidden(), &send("tester", "hi"), folder.path());
        assert_eq!(error.hints, ["echo hi > .torch/outbox/tester--note.md"]);
    }
}
