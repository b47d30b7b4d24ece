//! What `torch open` says: what it would do, and how the server goes.

use std::fmt::Write as _;

use torch_api::open::{WindowState, WindowView};
use torch_api::view::PlanView;
use torch_process::quote;

use super::OpenArgs;
use super::detect::Command;
use crate::place;
use crate::render;

/// What would be done.
pub(super) fn proposal(plan: &PlanView, command: Option<&Command>, args: &OpenArgs) -> String {
    let mut text = format!(
        "{}  {}  {}\n",
        plan.team,
        place::shown(&plan.project),
        plan.base_branch
    );
    for agent in &plan.agents {
        let _ = writeln!(
            text,
            "  {}  {} ({}), on branch {}, in {}",
            agent.role,
            agent.program,
            agent.permission_mode,
            agent.branch,
            place::shown(&agent.worktree)
        );
    }
    let _ = writeln!(text, "  shell  in {}", place::shown(&plan.project));
    match command {
        Some(command) => {
            let install = match (&command.install, args.install) {
                (Some(install), true) => format!(", after {}", install.join(" ")),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "  server  {}{install} ({})",
                render::plain(&command.argv.join(" ")),
                command.why
            );
        }
        None => {
            let _ = writeln!(text, "  {}", no_server(args));
        }
    }
    text
}

/// Why there is no server.
pub(super) fn no_server(args: &OpenArgs) -> String {
    match args.no_server {
        true => "server  none, as asked".to_owned(),
        false => {
            "server  none: its files don't say how one is started (--server COMMAND)".to_owned()
        }
    }
}

/// Words as a shell takes them.
pub(super) fn words(argv: &[String]) -> String {
    let quoted: Vec<String> = argv.iter().map(quote::shell).collect();
    quoted.join(" ")
}

/// How the server goes, in words.
pub(super) fn went(view: &WindowView, seconds: u64) -> String {
    let window = format!("window `{}`", view.name);
    let ports: Vec<String> = view.ports.iter().map(u16::to_string).collect();
    let mut text = match view.state {
        WindowState::Opened => format!("server  opened in {window}\n"),
        WindowState::Listening => {
            format!(
                "server  runs in {window} and listens on port {}\n",
                ports.join(", ")
            )
        }
        WindowState::Running if view.lines.is_empty() => format!(
            "server  runs in {window}; after {seconds} s it has said nothing and listens on no port\n"
        ),
        WindowState::Running => {
            format!("server  runs in {window}; after {seconds} s it listens on no port\n")
        }
        WindowState::Ended => format!("server  has failed in {window}\n"),
    };
    let erring = view
        .lines
        .iter()
        .any(|line| line.to_lowercase().contains("error"));
    if view.state == WindowState::Ended || erring {
        for (advice, line) in &view.causes {
            let _ = writeln!(text, "  perhaps: {advice} ({})", render::plain(line));
        }
        text.push_str("  its last lines:\n");
        for line in &view.lines {
            let _ = writeln!(text, "  | {}", render::plain(line));
        }
    }
    text
}
