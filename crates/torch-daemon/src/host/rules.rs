//! What the ledger tells of the rules of communication.

use std::collections::BTreeMap;

use torch_api::Response;
use torch_api::broker::{BrokerResponse, PushView};
use torch_api::git::GitResponse;
use torch_api::rules::{AssignmentView, RulesResponse, RulesView, ViolationFilter, ViolationView};
use torch_core::project_rules::ProjectRules;
use torch_core::{LedgerRecord, Team, TeamId};
use torch_router::project::{contradictions, held_back};
use torch_store::{LedgerKind, Store, StoreError};

use super::answer::{WITHHELD, team_id};
use crate::event::Reader;

/// Violations, the oldest first.
pub(crate) fn violations(
    store: &Store,
    filter: &ViolationFilter,
    reader: Reader,
) -> Result<Response, StoreError> {
    let team = match team_id(store, filter.team.as_deref())? {
        Ok(team) => team,
        Err(failure) => return Ok(Response::Failed(failure)),
    };
    let mut violations = Vec::new();
    for record in store.ledger(LedgerKind::Violation)? {
        let LedgerRecord::Violation(row) = record else {
            continue;
        };
        if filter.takes(&row) && team.is_none_or(|team| row.team == team) {
            let mut view = ViolationView::new(&row, name(store, row.team)?);
            if !reader.may_read_about(row.agent) {
                WITHHELD.clone_into(&mut view.evidence);
            }
            violations.push(view);
        }
    }
    let response = RulesResponse::Violations { violations };
    Ok(Response::Rules(Box::new(response)))
}

/// Assignments, the oldest first.
pub(crate) fn assignments(
    store: &Store,
    team: Option<&str>,
    unacked: bool,
) -> Result<Response, StoreError> {
    let team = match team_id(store, team)? {
        Ok(team) => team,
        Err(failure) => return Ok(Response::Failed(failure)),
    };
    let mut assignments = Vec::new();
    for record in store.ledger(LedgerKind::Assignment)? {
        let LedgerRecord::Assignment(row) = record else {
            continue;
        };
        let wanted = !unacked || row.acked.is_none();
        if wanted && team.is_none_or(|team| row.team == team) {
            assignments.push(AssignmentView::new(&row, name(store, row.team)?));
        }
    }
    let response = RulesResponse::Assignments { assignments };
    Ok(Response::Rules(Box::new(response)))
}

/// The newest pushes of a team, the newest first.
pub(crate) fn pushes(store: &Store, team: TeamId, limit: usize) -> Result<Response, StoreError> {
    let mut found = Vec::new();
    for record in store.ledger(LedgerKind::Push)? {
        if let LedgerRecord::Push(row) = record
            && row.team == team
        {
            found.push(PushView::from(&*row));
        }
    }
    let pushes = found.into_iter().rev().take(limit).collect();
    let response = GitResponse::Broker(BrokerResponse::Pushes { pushes });
    Ok(Response::Git(Box::new(response)))
}

/// The rules of a team's project as they were last in force.
pub(crate) fn in_force(store: &Store, team: &Team) -> Result<RulesView, StoreError> {
    let mut found = None;
    for record in store.open_ledger()? {
        if let LedgerRecord::Rules(row) = record
            && row.team == team.id
        {
            found = Some(row);
        }
    }
    let states = |set: &ProjectRules| !set.rules.is_empty() || !set.unchecked.is_empty();
    let found = found.filter(|row| states(&row.set) || row.stated.as_ref().is_some_and(states));
    let stated = found
        .as_ref()
        .and_then(|row| Some((row, row.stated.as_ref()?)));
    let held = stated.and_then(|(row, stated)| held_back(&row.set, stated));
    Ok(RulesView {
        contradictions: found
            .as_ref()
            .map(|row| contradictions(&row.set))
            .unwrap_or_default(),
        team: team.name.to_string(),
        project: team.project.clone(),
        since: found.as_ref().map(|row| row.since),
        trouble: None,
        set: found.map(|row| row.set),
        unread: false,
        held,
        // Without the daemon its settings are not known.
        limited: BTreeMap::new(),
    })
}

fn name(store: &Store, team: TeamId) -> Result<String, StoreError> {
    Ok(store.team_name(team)?.unwrap_or_else(|| team.short()))
}
