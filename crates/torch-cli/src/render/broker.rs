//! How a team's broker stands, and what was pushed through it.

use torch_api::broker::{BrokerView, FetchedView, PushLevel, PushView};
use torch_core::broker::PushState;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{fit, plain};

/// How it stands, a fact to a line.
pub fn status(view: &BrokerView, clock: &Clock, width: Option<usize>) -> String {
    let team = paint(STRONG, &view.team);
    let (Some(since), Some(path)) = (view.since, &view.path) else {
        return format!(
            "{team}: the broker is off: agents that are started from now on push with your keys\n  torch git broker on --team {}\n",
            view.team
        );
    };
    let mut text = format!("{team}: the broker is on, {}\n", clock.ago(since));
    let mut line = |name: &str, words: &str| {
        let name = paint(DIM, &format!("{name:<9}"));
        text.push_str(&fit::prose(&format!("  {name} {words}\n"), width, 12));
    };
    line("pushes to", &plain(&path.display().to_string()));
    match &view.remote {
        Some((name, url)) => line("goes on to", &plain(&format!("{name}, {url}"))),
        None => line("goes on to", "nowhere: the project has no remote"),
    }
    if let Some(said) = view
        .reach
        .as_ref()
        .filter(|it| !it.torch)
        .and_then(|it| it.said.as_ref())
    {
        let words = format!("torch was not let in: {}", plain(said));
        line("remote", &paint(BAD, &words));
    }
    let waits = match (view.waiting, view.asking) {
        (0, 0) => "nothing waits".to_owned(),
        (waiting, 0) => format!("{waiting} to be forwarded"),
        (0, asking) => format!("{asking} for you: torch pending"),
        (waiting, asking) => format!("{waiting} to be forwarded, {asking} for you: torch pending"),
    };
    line("waits", &waits);
    let style = match view.level {
        PushLevel::Advice => WARN,
        PushLevel::Withheld | PushLevel::Prevented => GOOD,
    };
    let tried = view.reach.as_ref().map(|reach| clock.ago(reach.at));
    let tried = tried.map_or_else(String::new, |ago| format!(", the remote was tried {ago}"));
    line(
        "past it",
        &format!("{}{tried}", paint(style, view.level.as_str())),
    );
    for why in &view.why {
        line("", &plain(why));
    }
    text
}

/// What was fetched, a branch to a line.
pub fn fetched(remote: &str, branches: &[FetchedView]) -> String {
    if branches.is_empty() {
        return format!("{} has nothing new\n", plain(remote));
    }
    let short = |id: &String| id.get(..8).unwrap_or(id).to_owned();
    let rows = branches.iter().map(|branch| {
        let words = match (&branch.old, &branch.new) {
            (Some(old), Some(new)) => format!("{} to {}", short(old), short(new)),
            (None, Some(new)) => format!("new, {}", short(new)),
            (_, None) => "gone".to_owned(),
        };
        format!("{}/{}: {words}\n", plain(remote), plain(&branch.name))
    });
    rows.collect()
}

/// Pushes, the newest first.
pub fn log(pushes: &[PushView], clock: &Clock, width: Option<usize>) -> String {
    if pushes.is_empty() {
        return "nothing was pushed through the broker\n".to_owned();
    }
    let mut table = Table::new(
        0,
        &["ID", "AGE", "ROLE", "BRANCH", "COMMIT", "STATE", "SUBJECT"],
    );
    for push in pushes {
        let style = match &push.state {
            PushState::Forwarded { .. } => GOOD,
            PushState::Accepted | PushState::Asking => WARN,
            PushState::Refused { .. } | PushState::Failed { .. } => BAD,
        };
        let name = push.reference.strip_prefix("refs/heads/");
        let name = name.or_else(|| push.reference.strip_prefix("refs/"));
        table.row([
            Cell::from(push.id.as_str()),
            clock.age(push.at).into(),
            push.role.as_str().into(),
            plain(name.unwrap_or(&push.reference)).into(),
            push.commit.get(..8).unwrap_or(&push.commit).into(),
            Cell::styled(style, push.state.as_str()),
            plain(&push.subject).into(),
        ]);
    }
    let mut text = table.giving(width, &[6, 3]);
    for push in pushes {
        let words = match (&push.state, &push.said) {
            (PushState::Refused { by, why, .. }, _) => {
                format!("{}, refused by {by}: {why}", push.id)
            }
            (PushState::Failed { why, .. }, _) => format!("{}: {why}", push.id),
            (PushState::Accepted, Some(said)) => {
                let tries = super::count(u64::from(push.tries), "time");
                format!("{}, tried {tries}: {said}", push.id)
            }
            (PushState::Asking, _) => format!("{0}: torch approve {0}, torch deny {0}", push.id),
            _ => continue,
        };
        text.push_str(&fit::prose(&format!("{}\n", plain(&words)), width, 2));
    }
    text
}

#[cfg(test)]
mod tests;
