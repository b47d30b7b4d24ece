//! Briefings: what it takes to make those of a team of fifteen, and to read their roles.

use std::time::Instant;

use torch_brief::{BUILT_IN, Facts, Member, Roles, briefing, parse};

use crate::distribution::{Distribution, Figure, Unit};
use crate::{Effort, Setting};

/// All fifteen briefings in one thread, the roles as they are read at a start, and as a user's are checked.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let rounds = match setting.effort {
        Effort::Full => 200,
        Effort::Quick => 5,
    };
    let (mut read, mut checked, mut made): (Distribution, Distribution, Distribution) =
        Default::default();
    for _ in 0..rounds {
        let started = Instant::now();
        let roles = Roles::built_in()?;
        read.push_time(started.elapsed());
        let started = Instant::now();
        for (_, text) in BUILT_IN {
            parse(text)?;
        }
        checked.push_time(started.elapsed());
        let team = facts(&roles);
        let started = Instant::now();
        for role in roles.iter() {
            anyhow::ensure!(briefing(role, &team)?.starts_with("BRIEFING for "));
        }
        made.push_time(started.elapsed());
    }
    Ok(vec![
        Figure::new("fifteen briefings".to_owned(), Unit::Millis, made).goal(99, 20.0),
        Figure::new("fifteen roles read".to_owned(), Unit::Millis, read),
        Figure::new(
            "fifteen roles checked, as files of one's own are".to_owned(),
            Unit::Millis,
            checked,
        ),
    ])
}

fn facts(roles: &Roles) -> Facts {
    let member = |(name, _): (&str, &str)| Member {
        role: name.to_owned(),
        summary: roles
            .get(name)
            .map_or_else(String::new, |role| role.summary.clone()),
        program: "claude".to_owned(),
        branch: Some(format!("main-{name}")),
    };
    Facts {
        team: "app".to_owned(),
        project: "/home/ann/app".to_owned(),
        spec: "/home/ann/app/spec.md".to_owned(),
        worktree: "/home/ann/.local/state/torch/projects/app/worktrees/developer".to_owned(),
        branch: Some("main-developer".to_owned()),
        base_branch: "main".to_owned(),
        members: BUILT_IN.into_iter().map(member).collect(),
        ..Facts::default()
    }
}
