//! `torch rules list`, `torch rules test`, `torch rules explain`, `torch rules accept`.

mod built_in;

use clap::{Args, Subcommand};
use serde_json::json;
use torch_api::rules::{RulesRequest, RulesResponse, RulesView, VerdictView};
use torch_api::{Request, Response};
use torch_core::RoleName;
use torch_core::project_rules::ProjectRule;
use torch_daemon::project_files;

use self::built_in::BUILT_IN;
use super::violations::ask;
use super::{JsonArgs, TeamArgs, config, steps};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::place::{Place, project_root};
use crate::render::project_rules as render;
use crate::render::time::Clock;
use crate::{exit, offline, output};

const EXAMPLES: &str = "Examples:
  torch rules list
  torch rules test developer tester \"please test the parser\"
  torch rules explain limit.thread";

/// Shows the rules that a project's own files state, and what they would decide.
///
/// They are read from CLAUDE.md, AGENTS.md and rules.toml in the project's folder; where no team works, list and test read
/// them there themselves, without the daemon. While a team runs what tightens is in force within two seconds, without a restart;
/// what loosens waits until a person accepts it.
/// What reads like a rule and can't be checked, or may be meant for the product, is listed too.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the rules in force: what they ask, of whom, where they stand, since when
    #[command(after_help = "Examples:\n  torch rules list\n  torch rules list --team myapp --json")]
    List(ListArgs),
    /// Says what would become of a message, and by which rule; nothing is sent
    #[command(
        after_help = "Examples:\n  torch rules test developer tester \"please test the parser\"\n  torch rules test human developer \"stop\" --json"
    )]
    Test(TestArgs),
    /// Puts in force what the project's files loosen while the team runs; a person at a terminal does so
    ///
    /// What an agent or a person takes out of the files while a team runs, or makes less strict, is held back: torch can't tell who
    /// wrote it. `torch rules list` shows it with its ID. A team that a person starts anew takes the files as they are.
    #[command(
        after_help = "Examples:\n  torch rules accept 3f2c1a9b\n  torch rules accept 3f2c1a9b --team myapp"
    )]
    Accept(AcceptArgs),
    /// Says what a rule asks and what happens when it is broken
    #[command(
        after_help = "Examples:\n  torch rules explain mode.matrix\n  torch rules explain project.commit-every-3f2c1a"
    )]
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The role that says it, or human
    #[arg(value_name = "FROM")]
    from: String,
    /// The role it is for, or human
    #[arg(value_name = "TO")]
    to: String,
    /// What it says
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct AcceptArgs {
    /// What is held back, as `torch rules list` names it; something else by then is refused
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The rule's name, as verdicts, violations and `torch rules list` have it
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: RulesArgs, place: &Place) -> Outcome {
    match args.command {
        Command::List(args) => list(args, place),
        Command::Test(args) => test(args, place),
        Command::Accept(args) => accept(args, place),
        Command::Explain(args) => explain(args, place),
    }
}

fn accept(args: AcceptArgs, place: &Place) -> Outcome {
    let mut client = connect::must_run(place)?;
    let request = RulesRequest::Accept {
        team: place.team(args.team.team),
        id: args.id,
    };
    steps::done(&mut client, &Request::Rules(Box::new(request)), args.json)
}

fn in_force(team: TeamArgs, place: &Place) -> Result<RulesView, CommandError> {
    let team = place.team(team.team);
    match ask(place, RulesRequest::InForce { team })? {
        RulesResponse::InForce(view) => Ok(*view),
        _ => Err(CommandError::other("the daemon answered something else")),
    }
}

/// The rules of the project here, where no team works on it and none is named.
fn of_the_files(team: &TeamArgs, place: &Place) -> Option<RulesView> {
    let project = project_root(&place.cwd);
    if team.team.is_some() || !project_files::has_any(&project) || offline::has_team_here(place) {
        return None;
    }
    Some(read_here(place))
}

/// What the files of the project here say, if there are any.
fn read_here(place: &Place) -> RulesView {
    let project = project_root(&place.cwd);
    let name = project.file_name().unwrap_or_default();
    let (set, trouble) = match project_files::read(&project) {
        Ok(set) => (Some(set), None),
        Err(error) => (None, Some(error.to_string())),
    };
    // Settings that can't be read are said by whatever starts a team.
    let limited = match (&set, config::load(place)) {
        (Some(set), Ok((config, _))) => project_files::limited(set, &config.router),
        _ => std::collections::BTreeMap::new(),
    };
    RulesView {
        team: name.to_string_lossy().into_owned(),
        project,
        since: None,
        trouble,
        contradictions: set.as_ref().map(project_files::against).unwrap_or_default(),
        set,
        unread: false,
        held: None,
        limited,
    }
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let view = match of_the_files(&args.team, place) {
        Some(view) => view,
        None => {
            let here = args.team.team.is_none() && !offline::has_team_here(place);
            match in_force(args.team, place) {
                // No team is meant, and there is none here.
                Err(error) if here && error.kind == ErrorKind::Usage => {
                    return list_nothing(args.json, place);
                }
                found => found?,
            }
        }
    };
    if !args.json.json {
        output::prose(&render::rules(&view, &Clock::system()))?;
        return Ok(exit::OK);
    }
    if let Some(trouble) = &view.trouble {
        output::json(&json!({"kind": "trouble", "team": view.team, "error": trouble}))?;
    }
    let id = view.set.as_ref().map(|set| set.id.as_str());
    for rule in view.set.iter().flat_map(|set| &set.rules) {
        output::json(&json!({
            "kind": rule.ask.word(), "rule": rule.name, "team": view.team, "ask": rule.ask, "words": rule.ask.to_string(),
            "file": rule.file, "line": rule.line, "text": rule.text, "checked": rule.ask.checked(),
            "set": id, "since": view.since, "limited": view.limited.get(&rule.name),
            "stays": view.held.as_ref().filter(|held| render::stays(held, &rule.name)).map(|held| &held.id),
        }))?;
    }
    for (held, rule) in view
        .held
        .iter()
        .flat_map(|held| held.waits.iter().map(move |rule| (held, rule)))
    {
        output::json(&json!({
            "kind": "held-back", "rule": rule.name, "team": view.team, "ask": rule.ask, "words": rule.ask.to_string(),
            "file": rule.file, "line": rule.line, "text": rule.text, "accept": held.id,
        }))?;
    }
    for row in &view.contradictions {
        output::json(&json!({
            "kind": "contradiction", "team": view.team, "one": row.one, "other": row.other, "outcome": row.outcome,
        }))?;
    }
    for row in view.set.iter().flat_map(|set| &set.unchecked) {
        output::json(&json!({
            "kind": "not-checkable", "team": view.team, "file": row.file, "line": row.line, "text": row.text,
            "why": row.why, "rule": row.rule, "set": id, "since": view.since,
        }))?;
    }
    Ok(exit::OK)
}

/// Where there are neither files nor a team: what would hold in one.
fn list_nothing(json: JsonArgs, place: &Place) -> Outcome {
    if !json.json {
        let view = read_here(place);
        // Settings that can't be read are said by whatever starts a team.
        let mode = config::load(place).map(|(config, _)| config.router.mode);
        output::prose(&render::nothing(&view, mode.unwrap_or_default(), BUILT_IN))?;
    }
    Ok(exit::OK)
}

/// What would become of a message in a team that worked here.
fn tried(args: &TestArgs, view: RulesView, place: &Place) -> Result<VerdictView, CommandError> {
    let Some(rules) = view.set else {
        let trouble = view.trouble.unwrap_or_default();
        return Err(CommandError::usage("the project's rules can't be read")
            .cause(trouble)
            .hint("torch rules list"));
    };
    let role = |word: &str| -> Result<Option<RoleName>, CommandError> {
        if word.eq_ignore_ascii_case("human") {
            return Ok(None);
        }
        RoleName::parse(word).map(Some).map_err(|error| {
            CommandError::usage(format!("{word:?} can be no role"))
                .because(&error)
                .hint("torch roles list")
        })
    };
    let (from, to) = (role(&args.from)?, role(&args.to)?);
    let templates = torch_daemon::templates::roles().map_err(|error| {
        CommandError::other("failed to read the shipped roles").because(error.as_ref())
    })?;
    let (config, _) = config::load(place)?;
    let tried = project_files::Tried {
        from: from.as_ref(),
        to: to.as_ref(),
        text: &args.text,
        now: torch_process::clock::now(),
    };
    Ok(project_files::judge(
        rules,
        tried,
        &templates,
        &config.router,
    ))
}

fn show_verdict(view: &VerdictView, json: JsonArgs) -> Outcome {
    if json.json {
        output::json(view)?;
    } else {
        output::prose(&render::verdict(view))?;
    }
    Ok(exit::OK)
}

/// The verdict by the files alone, with why no team is asked.
fn by_files(args: &TestArgs, view: RulesView, why: &str, place: &Place) -> Outcome {
    let view = tried(args, view, place)?;
    output::notice(&format!(
        "{why}: this is what the files would decide in a new team"
    ));
    show_verdict(&view, args.json)
}

fn test(args: TestArgs, place: &Place) -> Outcome {
    if let Some(view) = of_the_files(&args.team, place) {
        return by_files(&args, view, "no team works here", place);
    }
    // No daemon is started for it.
    let Some(mut client) = connect::running(place)? else {
        return match args.team.team {
            Some(_) => Err(connect::not_running()),
            None => by_files(&args, read_here(place), "the daemon is not running", place),
        };
    };
    let request = RulesRequest::Test {
        team: place.team(args.team.team),
        from: args.from,
        to: args.to,
        text: args.text,
    };
    let response = connect::ask(&mut client, &Request::Rules(Box::new(request)))?;
    let Response::Rules(found) = &response else {
        return Err(CommandError::unexpected(&response));
    };
    let RulesResponse::Verdict(view) = &**found else {
        return Err(CommandError::unexpected(&response));
    };
    show_verdict(view, args.json)
}

fn explain(args: ExplainArgs, place: &Place) -> Outcome {
    if let Some((rule, words)) = BUILT_IN.iter().find(|(rule, _)| *rule == args.rule.trim()) {
        if args.json.json {
            output::json(&json!({"rule": rule, "words": words, "file": null, "line": null}))?;
        } else {
            output::prose(&format!("{rule}  {words}\n"))?;
        }
        return Ok(exit::OK);
    }
    let view = match of_the_files(&args.team, place) {
        Some(view) => view,
        None => in_force(args.team, place)?,
    };
    let wanted = args.rule.trim().trim_start_matches("project.");
    let rules = view.set.iter().flat_map(|set| &set.rules);
    let rules = rules.chain(view.held.iter().flat_map(|held| &held.waits));
    let found: Vec<&ProjectRule> = rules
        .filter(|rule| rule.name.trim_start_matches("project.").starts_with(wanted))
        .collect();
    let [rule] = found.as_slice() else {
        let error = match found.len() {
            0 => format!("no rule is called {:?}", args.rule),
            count => format!("{count} rules begin with {:?}", args.rule),
        };
        let there = format!("team {} was asked, and the built-in rules", view.team);
        let failed = CommandError::usage(error).cause(there);
        return Err(like(&args.rule, failed));
    };
    if args.json.json {
        output::json(&json!({
            "rule": rule.name, "words": rule.ask.to_string(), "ask": rule.ask, "file": rule.file, "line": rule.line,
            "text": rule.text, "checked": rule.ask.checked(), "limited": view.limited.get(&rule.name),
            "stays": view.held.as_ref().filter(|held| render::stays(held, &rule.name)).map(|held| &held.id),
        }))?;
    } else {
        let limited = view.limited.get(&rule.name).map(String::as_str);
        let held = view.held.as_ref();
        output::prose(&render::explained(rule, limited, held))?;
    }
    Ok(exit::OK)
}

/// What is proposed for a rule that there is not: the built-in ones that begin so or are spelled most like it.
fn like(wanted: &str, failed: CommandError) -> CommandError {
    let wanted = wanted.trim();
    let names = || BUILT_IN.iter().map(|(rule, _)| *rule);
    let mut near: Vec<&str> = names().filter(|rule| rule.starts_with(wanted)).collect();
    near.extend(torch_core::spelling::near(wanted, names()));
    let Some(first) = near.first().filter(|_| !wanted.is_empty()) else {
        let all: Vec<&str> = names().collect();
        return failed
            .cause(format!("built-in rules: {}", all.join(", ")))
            .hint("torch rules list");
    };
    let hint = format!("torch rules explain {first}");
    near.dedup();
    failed
        .cause(format!("like it: {}", near.join(", ")))
        .hint(hint)
}
