//! `torch pending`, `torch approve` and `torch deny`.

use clap::Args;
use serde_json::json;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::time::Clock;
use crate::{exit, output, render};

/// Lists what agents' programs ask before they act (permissions, trust, questions, menus), pushes and integrations to review, and
/// rules that a project's files loosen.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch pending\n  torch pending --all")]
pub struct PendingArgs {
    /// The questions of all teams
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Approves an open question, once, lets a push go on to the remote, or an integration in. torch never does so by itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch approve q-7k3f9q\n  torch approve p-7k3f9q2a\n  torch approve i-7k3f9q2a"
)]
pub struct ApproveArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// Denies an open question or a push, or ends an integration.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch deny q-7k3f9q\n  torch deny p-7k3f9q2a\n  torch deny i-7k3f9q2a"
)]
pub struct DenyArgs {
    #[command(flatten)]
    which: WhichArgs,
}

#[derive(Debug, Args)]
struct WhichArgs {
    /// The question (q-…), the push (p-…) or the integration (i-…), as `torch pending` lists it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs `torch pending`.
pub(crate) fn run(args: PendingArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    client.send(&Request::Pending {
        team: place.team(args.team.team),
        all: args.all,
    })?;
    match client.receive()? {
        Response::Failed(failure) => Err(CommandError::from(failure)),
        Response::Pending {
            questions,
            integrations,
            rules,
            elsewhere,
        } if args.json.json => {
            output::json(&json!({
                "questions": questions,
                "integrations": integrations,
                "rules": rules,
                "elsewhere": elsewhere,
            }))?;
            Ok(exit::OK)
        }
        Response::Pending {
            questions,
            integrations,
            rules,
            elsewhere,
        } => {
            let width = crate::screen::width();
            if !questions.is_empty() || (integrations.is_empty() && rules.is_empty()) {
                output::data(&render::pending::list(&questions, &Clock::system(), width))?;
            }
            for view in &integrations {
                output::data(&render::integrate::one(view, width))?;
            }
            for view in &rules {
                output::prose(&render::project_rules::pending(view))?;
            }
            output::prose(&render::pending::elsewhere(elsewhere))?;
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Runs `torch approve`.
pub(crate) fn approve(args: ApproveArgs, place: &Place) -> Outcome {
    answer(args.which, true, place)
}

/// Runs `torch deny`.
pub(crate) fn deny(args: DenyArgs, place: &Place) -> Outcome {
    answer(args.which, false, place)
}

fn answer(args: WhichArgs, approve: bool, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let request = Request::AnswerQuestion {
        id: args.id,
        approve,
    };
    steps::done(&mut client, &request, args.json)
}
