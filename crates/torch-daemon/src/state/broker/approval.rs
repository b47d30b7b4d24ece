//! A person's word on pushes, where the policy wants it.

use torch_api::asking::{AnswerChannel, QuestionView};
use torch_core::TeamId;
use torch_core::broker::{Push, PushState};
use torch_core::screen::DialogKind;

use super::super::send::done;
use super::super::{State, Turn};
use crate::event::ConnId;
use crate::failure::usage;
use crate::words::count;

impl State {
    /// A person decides about a push that waits for it; whether it is one.
    pub(in crate::state) fn answer_push(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (id, approve): (&str, bool),
    ) -> bool {
        let short = id.trim().to_ascii_lowercase();
        let Some(short) = short.strip_prefix("p-") else {
            return false;
        };
        let is_it = |push: &&Push| push.id.short() == short && push.state == PushState::Asking;
        let Some(mut push) = self.brokers.pushes.values().find(is_it).cloned() else {
            let error = format!("no push that waits for a person is called {id:?}");
            t.fail(conn, usage(&error, "", Some("torch pending")));
            return true;
        };
        let (team, name) = (push.team, push.name().to_owned());
        let remote = self.remote_name(team);
        if approve {
            push.state = PushState::Accepted;
            push.approved = Some("human".to_owned());
            self.put_push(t, "push.approved", push);
            self.pump_pushes(t, team);
            t.reply(
                conn,
                done(format!(
                    "{name} is approved and goes to {remote} now; what becomes of it: torch git broker log"
                )),
            );
        } else {
            let instead = "ask what is wanted instead; further work goes on under a new branch name, without what was denied";
            self.refuse_push(t, push, ("human", "a person denied it"), instead);
            self.pump_pushes(t, team);
            t.reply(
                conn,
                done(format!(
                    "{name} is not forwarded to {remote}; its agent is told"
                )),
            );
        }
        true
    }

    /// The pushes that wait for a person, as questions.
    pub(in crate::state) fn pending_pushes(&self, team: Option<TeamId>) -> Vec<QuestionView> {
        let asking = |push: &&Push| {
            push.state == PushState::Asking && team.is_none_or(|team| push.team == team)
        };
        let pushes = self.brokers.pushes.values().filter(asking);
        let views = pushes.map(|push| QuestionView {
            id: push.id.tag(),
            team: self.name_of(push.team).unwrap_or_default(),
            role: push.role.to_string(),
            program: "git push".to_owned(),
            kind: DialogKind::Permission,
            text: format!(
                "Forward {} to {}? It leads to {} {:?}, with {}.\nSee: git log {}",
                push.name(),
                self.remote_name(push.team),
                push.short(),
                push.subject,
                count(push.commits, "new commit"),
                push.short()
            ),
            dialog: None,
            rows: Vec::new(),
            approve: None,
            deny: None,
            channel: AnswerChannel::Torch,
            at: push.at,
        });
        views.collect()
    }
}
