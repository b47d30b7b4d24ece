//! What people and roles want of integrations.

use std::collections::BTreeMap;

use serde_json::json;
use torch_api::integrate::{IntegrateOrder, IntegrateRequest};
use torch_api::{Failure, Response};
use torch_core::integration::{Integration, IntegrationWishes, WaitOn};
use torch_core::{AgentId, IntegrationId, Sender, Team, TeamId, TeamPhase};
use torch_integration::integrate::{self, Act, Say};

use super::super::requests::Caller;
use super::super::send::done;
use super::super::worktrees::order_worktrees;
use super::super::{State, Turn};
use super::views::answer;
use crate::event::{ConnId, Effect, Query};
use crate::failure::{other, refused, usage};
use crate::worktrees::Order;

/// What a word that turns an integration comes to.
type Turned = Result<Vec<Say>, String>;

impl State {
    /// Takes a request about a team's integration.
    pub(crate) fn integrate(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Caller,
        request: IntegrateRequest,
    ) {
        let team = match self.select_team(&request.team) {
            Ok(team) => team.clone(),
            Err(failure) => return t.fail(conn, *failure),
        };
        if let Err(failure) = self.may_integrate(&caller.0, &team, &request.order) {
            return t.fail(conn, *failure);
        }
        match request.order {
            order @ IntegrateOrder::Begin { .. } => {
                self.begin_integration(t, conn, (&team, &caller.0), order)
            }
            IntegrateOrder::Preview {
                no_pull_request,
                test,
            } => {
                let wishes = IntegrationWishes {
                    no_pull_request,
                    test,
                    ..IntegrationWishes::default()
                };
                self.preview(t, conn, &team, wishes);
            }
            IntegrateOrder::Resume {
                until,
                test,
                metrics,
                wait,
            } => {
                let metrics = match measures(metrics) {
                    Ok(metrics) => metrics,
                    Err(failure) => return t.fail(conn, *failure),
                };
                self.turn_integration(t, conn, (&team, wait), |row, _, now| {
                    if test.is_some() {
                        row.wishes.test = test;
                    }
                    if !metrics.is_empty() {
                        row.wishes.metrics = metrics;
                    }
                    integrate::resume(row, until, now);
                    Ok(Vec::new())
                });
            }
            IntegrateOrder::Abort { wait } => {
                let by = caller.0.label().to_owned();
                self.turn_integration(t, conn, (&team, wait), |row, _, _| {
                    integrate::abort(row, &by)
                });
                self.end_given_up(t, team.id);
            }
            IntegrateOrder::Tests { passed, note } => {
                let by = named(&caller.0);
                self.turn_integration(t, conn, (&team, false), |row, rules, now| {
                    integrate::tests_reported(row, rules, (&by, passed, &note), now)
                });
            }
            IntegrateOrder::List => {
                let query = Query::Integrations {
                    team: team.id,
                    name: team.name.to_string(),
                };
                t.push(Effect::Answer { conn, query });
            }
        }
    }

    /// Who may want that.
    fn may_integrate(
        &self,
        caller: &Sender,
        team: &Team,
        order: &IntegrateOrder,
    ) -> Result<(), Box<Failure>> {
        let Sender::Agent {
            role, team: own, ..
        } = caller
        else {
            return Ok(());
        };
        let refuse = |what: &str, cause: &str| {
            Err(Box::new(refused(
                what,
                cause,
                Some("torch integrate --list"),
            )))
        };
        if *own != team.id {
            return refuse(
                &format!("the integration of {} is none of {role}'s", team.name),
                "rule integrate.own-team: an agent integrates its own team's work",
            );
        }
        let names_command = |test: &Option<String>| test.is_some();
        match order {
            IntegrateOrder::Begin { test, .. }
            | IntegrateOrder::Resume { test, .. }
            | IntegrateOrder::Preview { test, .. }
                if names_command(test) =>
            {
                refuse(
                    &format!("{role} names no command that torch runs"),
                    "rule integrate.command: a command runs with the user's rights; a person names it, or the user's settings",
                )
            }
            IntegrateOrder::Begin { .. }
            | IntegrateOrder::Resume { .. }
            | IntegrateOrder::Abort { .. }
                if !role.is_hub() && !role.is_sub_hub() =>
            {
                refuse(
                    &format!("{role} does not integrate"),
                    "rule integrate.lead: the project manager, the orchestrator or a person does",
                )
            }
            _ => Ok(()),
        }
    }

    fn begin_integration(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (team, caller): (&Team, &Sender),
        order: IntegrateOrder,
    ) {
        let IntegrateOrder::Begin {
            until,
            no_pull_request,
            test,
            metrics,
            feature,
            wait,
        } = order
        else {
            return;
        };
        if let Some(row) = self.integrations.rows.get(&team.id) {
            // It is shown, not doubled.
            let view = self.integration_view(row.clone());
            return t.reply(conn, answer(view));
        }
        if let Err(failure) = super::super::detached::has_branch(team) {
            return t.fail(conn, *failure);
        }
        if team.phase == TeamPhase::Stopped {
            let error = format!("no integration of {} was begun", team.name);
            let cause =
                "the team is stopped: nobody is there to solve a conflict, run the tests or review";
            let hint = format!("torch resume --team {}", team.name);
            return t.fail(conn, other(&error, cause, Some(&hint)));
        }
        let metrics = match measures(metrics) {
            Ok(metrics) => metrics,
            Err(failure) => return t.fail(conn, *failure),
        };
        let wishes = IntegrationWishes {
            until,
            no_pull_request,
            test,
            metrics,
            feature,
        };
        let row = self.fresh_integration(t, team, &named(caller), wishes);
        t.journal(
            "integration.begun",
            row.id,
            json!({"team": team.id, "by": row.by}),
        );
        let view = self.integration_view(row.clone());
        self.integrations.rows.insert(team.id, row);
        match wait {
            true => self.integrations.clients.push((conn, team.id)),
            false => t.reply(conn, answer(view)),
        }
        self.advance_integration(t, team.id);
    }

    fn fresh_integration(
        &mut self,
        t: &Turn,
        team: &Team,
        by: &str,
        wishes: IntegrationWishes,
    ) -> Integration {
        let id = IntegrationId::new(t.now.0, self.random.u128(..));
        Integration::new(id, (team.id, &team.base_branch), (by, t.now), wishes)
    }

    fn preview(&mut self, t: &mut Turn, conn: ConnId, team: &Team, wishes: IntegrationWishes) {
        if let Err(failure) = super::super::detached::has_branch(team) {
            return t.fail(conn, *failure);
        }
        let row = self.fresh_integration(t, team, "human", wishes);
        let job = self
            .integration_rules(&row)
            .and_then(|rules| self.integration_job(row, rules, Act::Look));
        if let Some(job) = job {
            order_worktrees(t, conn, Order::PreviewIntegration(Box::new(job)));
        }
    }

    /// Somebody's word turns the open one of a team.
    fn turn_integration(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (team, wait): (&Team, bool),
        turn: impl FnOnce(&mut Integration, &integrate::Rules, torch_core::Timestamp) -> Turned,
    ) {
        let name = &team.name;
        let Some(mut row) = self.integrations.rows.get(&team.id).cloned() else {
            let error = format!("no integration of {name} is under way");
            return t.fail(conn, usage(&error, "", Some("torch integrate --list")));
        };
        let Some(rules) = self.integration_rules(&row) else {
            return;
        };
        match turn(&mut row, &rules, t.now) {
            Err(cause) => {
                let error = format!("integration {} of {name} stays as it is", row.id.tag());
                t.fail(conn, other(&error, &cause, Some("torch integrate --list")));
            }
            Ok(says) => {
                self.integrations.rows.insert(team.id, row);
                self.integrations.clients.push((conn, team.id));
                self.keep_integration(t, team.id);
                self.say_of_integration(t, team.id, says);
                self.advance_integration(t, team.id);
                if !wait {
                    self.answer_integrators(t, team.id);
                }
            }
        }
    }

    /// Ends the open integration of a team, if it has one: its branch and its bench are taken away.
    ///
    /// # Errors
    /// When the parent branch has it already: it ends by itself.
    pub(crate) fn give_up_integration(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        by: &str,
    ) -> Result<bool, Box<Failure>> {
        let Some(row) = self.integrations.rows.get_mut(&team) else {
            return Ok(false);
        };
        let tag = row.id.tag();
        match integrate::abort(row, by) {
            Err(cause) => {
                let error = format!("integration {tag} is not over");
                let hint = Some("torch integrate --list");
                Err(Box::new(other(&error, &cause, hint)))
            }
            Ok(says) => {
                self.keep_integration(t, team);
                self.say_of_integration(t, team, says);
                Ok(true)
            }
        }
    }

    /// Whether an id is one of an integration.
    pub(crate) fn is_integration(id: &str) -> bool {
        id.trim().to_ascii_lowercase().starts_with("i-")
    }

    /// `torch approve i-…` and `torch deny i-…`.
    pub(crate) fn review_integration(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (caller, id, approve): (&Caller, &str, bool),
    ) {
        let wanted = id.trim().to_ascii_lowercase();
        let rows = self.integrations.rows.values();
        let Some(mut row) = rows.into_iter().find(|row| row.id.tag() == wanted).cloned() else {
            let error = format!("there is no open integration {wanted:?}");
            return t.fail(conn, usage(&error, "", Some("torch pending")));
        };
        if let Err(failure) = self.may_review(&caller.0, &row) {
            return t.fail(conn, *failure);
        }
        let by = named(&caller.0);
        t.journal(
            "integration.review",
            row.id,
            json!({"by": by, "approve": approve}),
        );
        match integrate::decide(&mut row, (&by, approve), t.now) {
            Err(cause) => {
                let error = format!("integration {wanted} stays as it is");
                t.fail(conn, other(&error, &cause, Some("torch integrate --list")));
            }
            Ok(says) => {
                let text = match approve {
                    true => self.moved_since_built(&row).let_in(&row),
                    false => format!("{wanted} is not let in, and given up"),
                };
                t.reply(conn, done(text));
                self.take_words(t, row.team, row, says);
            }
        }
    }

    fn may_review(&self, caller: &Sender, row: &Integration) -> Result<(), Box<Failure>> {
        let by = match row.wait.as_ref().map(|wait| &wait.on) {
            Some(WaitOn::Review { by }) => by.clone(),
            // That there is nothing to review is said by what follows.
            _ => String::new(),
        };
        let tag = row.id.tag();
        let error = format!("{tag} is not {}'s to review", caller.label());
        let refuse = |cause: String| Err(Box::new(refused(&error, &cause, Some("torch pending"))));
        match caller {
            Sender::Human => Ok(()),
            Sender::Script if self.settings.config.identity.scripts => Ok(()),
            Sender::Agent { role, team, .. } if *team == row.team && role.as_str() == by => Ok(()),
            Sender::Script => refuse(
                "rule integrate.review: a process without a terminal reviews nothing, unless identity.scripts allows it"
                    .to_owned(),
            ),
            _ if by.is_empty() => refuse(format!("{tag} does not wait for a review")),
            _ => refuse(format!("rule integrate.review: it waits for {by}")),
        }
    }

    /// What an agent says of an integration in a message, for those that have no shell: `APPROVE i-…`, `DENY i-…`,
    /// `TESTS i-… PASSED`, `TESTS i-… FAILED: what`, each a line of its own.
    pub(crate) fn integration_words(&mut self, t: &mut Turn, agent: AgentId, text: &str) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        let Some(row) = self.integrations.rows.get(&team).cloned() else {
            return;
        };
        let Some(said) = text
            .lines()
            .find_map(|line| Said::read(line, &row.id.tag()))
        else {
            return;
        };
        let Some(rules) = self.integration_rules(&row) else {
            return;
        };
        let caller = Sender::Agent {
            agent,
            team,
            role: role.clone(),
        };
        let mut turned = row;
        let done = match said {
            Said::Review(approve) if self.may_review(&caller, &turned).is_ok() => {
                integrate::decide(&mut turned, (role.as_str(), approve), t.now)
            }
            Said::Review(_) => return,
            Said::Tests(passed, note) => {
                let said = (role.as_str(), passed, note.as_str());
                integrate::tests_reported(&mut turned, &rules, said, t.now)
            }
        };
        // Words that nobody asked for change nothing.
        if let Ok(says) = done {
            self.take_words(t, team, turned, says);
        }
    }

    fn take_words(&mut self, t: &mut Turn, team: TeamId, row: Integration, says: Vec<Say>) {
        self.integrations.rows.insert(team, row);
        self.keep_integration(t, team);
        self.say_of_integration(t, team, says);
        self.advance_integration(t, team);
    }
}

/// What a line of a message says of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Review(bool),
    Tests(bool, String),
}

impl Said {
    /// Reads a line about the integration `tag`.
    pub(super) fn read(line: &str, tag: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (verb, id) = (words.next()?, words.next()?);
        if !id
            .trim_end_matches([':', '.', ','])
            .eq_ignore_ascii_case(tag)
        {
            return None;
        }
        let rest = words.collect::<Vec<_>>().join(" ");
        match verb {
            "APPROVE" => Some(Self::Review(true)),
            "DENY" => Some(Self::Review(false)),
            "TESTS" => {
                let (verdict, note) = rest.split_once([':', ' ']).unwrap_or((&rest, ""));
                match verdict.trim_end_matches(['.', ',']) {
                    "PASSED" => Some(Self::Tests(true, note.trim().to_owned())),
                    "FAILED" => Some(Self::Tests(false, note.trim().to_owned())),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Reads the measures that were handed over.
fn measures(text: Option<String>) -> Result<BTreeMap<String, i64>, Box<Failure>> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    let numbers = serde_json::from_str::<BTreeMap<String, f64>>(&text);
    let read = numbers.map_err(|error| error.to_string());
    let read = read.and_then(|numbers| integrate::read_metrics(&numbers));
    read.map_err(|cause| {
        let hint =
            "echo '{\"coverage\": 81.5}' > metrics.json && torch integrate --metrics metrics.json";
        Box::new(usage("the measures can't be read", &cause, Some(hint)))
    })
}

/// How a caller is noted.
fn named(caller: &Sender) -> String {
    match caller {
        Sender::Agent { role, .. } => role.to_string(),
        Sender::Human => "human".to_owned(),
        other => other.label().to_owned(),
    }
}

/// The answer of the store, which has the oldest first; it has the newest first.
pub(crate) fn listed((name, rows): (&str, Vec<Integration>)) -> Response {
    let view = |row: Integration| torch_api::integrate::IntegrationView {
        team: name.to_owned(),
        id: row.id.tag(),
        integration: row,
    };
    let integrations = rows.into_iter().rev().map(view).collect();
    Response::Git(Box::new(torch_api::git::GitResponse::Integrations {
        integrations,
    }))
}
