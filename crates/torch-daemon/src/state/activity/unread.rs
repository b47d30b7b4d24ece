//! Repositories that can't be read: what moves there is seen by nobody, and that is said until a reading works.

use serde_json::json;
use torch_api::git::Unread;
use torch_core::TeamId;

use super::super::git_environment::quoted;
use super::super::{State, Turn};

impl State {
    /// A team's repository can't be read, or can again.
    pub(crate) fn on_refs_read(&mut self, t: &mut Turn, team: TeamId, trouble: Option<String>) {
        if !self.teams.contains_key(&team) {
            return;
        }
        let name = self.name_of(team);
        match trouble {
            Some(why) => match self.activity.unread.get_mut(&team) {
                Some((_, known)) => *known = why,
                None => {
                    t.journal("git.unread", team, json!({"team": name, "why": why}));
                    self.activity.unread.insert(team, (t.now, why));
                }
            },
            None => {
                if let Some((since, _)) = self.activity.unread.remove(&team) {
                    t.journal(
                        "git.read",
                        team,
                        json!({"team": name, "unread_since": since}),
                    );
                }
            }
        }
    }

    /// Since when nothing new is seen of a team's branches, and why. Nobody reads those of a team that does not run.
    pub(in crate::state) fn unread(&self, id: TeamId) -> Option<Unread> {
        let (since, why) = self.activity.unread.get(&id)?;
        let team = self.teams.get(&id)?;
        let runs = self.ruled_teams().iter().any(|(running, _)| *running == id);
        runs.then(|| Unread {
            since: *since,
            why: why.clone(),
            hint: format!("git -C {} fsck", quoted(&team.project.to_string_lossy())),
        })
    }
}

#[cfg(test)]
mod tests {
    use torch_core::{DesiredState, Timestamp, Write};

    use crate::event::{Effect, Event};
    use crate::state::fixture::{settings, team};
    use crate::state::{Snapshot, State};

    #[test]
    fn it_is_said_since_when_until_a_reading_works() {
        let mut ours = team(1, "/p/.git");
        (ours.project, ours.desired) = ("/my project".into(), DesiredState::Running);
        let id = ours.id;
        let snapshot = Snapshot {
            teams: vec![ours],
            ..Snapshot::default()
        };
        let mut state = State::new(settings(Timestamp(1_000)), snapshot, Timestamp(1_000)).0;
        let mut read = |at: u64, trouble: Option<&str>| {
            let trouble = trouble.map(str::to_owned);
            let effects = state.handle(Timestamp(at), Event::RefsRead { team: id, trouble });
            let kinds = effects.iter().filter_map(|effect| match effect {
                Effect::Write(Write::Journal(entry)) => Some(entry.kind.clone()),
                _ => None,
            });
            let kinds: Vec<String> = kinds.filter(|kind| kind.starts_with("git.")).collect();
            let view = state.team_view(id, Timestamp(at));
            let trouble = state.refs_of(id).expect("a team").trouble;
            (kinds.join(" "), view.unread, trouble)
        };
        let (kinds, unread, told) = read(2_000, Some("a bad object"));
        let unread = unread.expect("it is said");
        assert_eq!(
            (kinds.as_str(), unread.since),
            ("git.unread", Timestamp(2_000))
        );
        assert_eq!(unread.why, "a bad object");
        assert_eq!(unread.hint, "git -C '/my project' fsck");
        assert_eq!(told.as_deref(), Some("a bad object"));
        let (kinds, unread, _) = read(3_000, Some("no HEAD"));
        let unread = unread.expect("it is said");
        assert_eq!(kinds, "");
        assert_eq!(
            (unread.since, unread.why.as_str()),
            (Timestamp(2_000), "no HEAD")
        );
        assert_eq!(read(4_000, None), ("git.read".to_owned(), None, None));
    }
}
