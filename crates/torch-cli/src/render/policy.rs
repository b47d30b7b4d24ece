//! `torch policy`: the switches, and what follows from a value.

use torch_core::RouterMode;
use torch_core::config::{Key, Origin, Source};
use torch_core::policy::Profile;
use torch_daemon::matrix::{Barred, MatrixInForce, MatrixOrigin};

use super::config::from;
use super::plain;
use super::roles::{barred_by, reached};
use super::style::{DIM, NONE, STRONG, paint};
use super::table::{Cell, Table};

/// Every switch with its value, where it comes from and what follows from it, in the width of the terminal, if
/// there is one.
pub fn show(switches: &[Origin], width: Option<usize>) -> String {
    let mut table = Table::new(0, &["SWITCH", "VALUE", "FROM", "SO"]);
    for origin in switches {
        let style = match origin.source {
            Source::Default => NONE,
            _ => STRONG,
        };
        table.row([
            Cell::from(origin.key),
            Cell::styled(style, origin.value.trim_matches('"')),
            Cell::styled(DIM, from(origin)),
            Cell::from(follows(origin.key, &origin.value)),
        ]);
    }
    table.wrapping(width, &[1, 2])
}

/// One switch: its meaning, its value, what follows, and what each profile says.
pub fn explain(origin: &Origin) -> String {
    let value = origin.value.trim_matches('"');
    let mut text = format!("{}\n", paint(STRONG, &format!("{} = {value}", origin.key)));
    text.push_str(&format!(
        "  {}\n",
        paint(DIM, &format!("from: {}", from(origin)))
    ));
    if let Some(key) = Key::find(origin.key) {
        text.push_str(&format!("  {}\n", key.doc));
    }
    text.push_str(&format!("  So: {}.\n", follows(origin.key, &origin.value)));
    if origin.key == "policy" {
        for profile in Profile::ALL {
            let summary = profile.file().summary;
            text.push_str(&format!("  {:<12} {summary}\n", profile.as_str()));
        }
        return text;
    }
    let said = Profile::ALL.map(|profile| {
        let values = profile.file().values;
        let own = values.iter().find(|(key, _)| *key == origin.key);
        let value = own.map_or_else(|| "left open".to_owned(), |(_, value)| value.to_string());
        format!("{}: {}", profile.as_str(), value.trim_matches('"'))
    });
    text.push_str(&format!("  Profiles: {}\n", said.join(", ")));
    text
}

/// Where a team's communication matrix comes from, and what it takes to be asked.
pub fn matrix(matrix: &MatrixInForce) -> String {
    let MatrixInForce {
        team, matrix: name, ..
    } = matrix;
    let (team, name) = (plain(team), plain(name));
    match (matrix.mode, matrix.from) {
        (RouterMode::Open, _) => format!("team {team} is open: every role may write to every role"),
        (RouterMode::Strict, _) => {
            format!(
                "team {team} is strict: roles write to the orchestrator and the project manager only"
            )
        }
        (RouterMode::Matrix, MatrixOrigin::Template) => format!(
            "team {team} has the edges of its template {name}, besides the orchestrator and the project manager, to whom and from whom everybody may write"
        ),
        (RouterMode::Matrix, MatrixOrigin::Settings) => format!(
            "team {team} has the edges of the matrix {name}, as router.matrix of your settings says, besides the orchestrator and the project manager, to whom and from whom everybody may write"
        ),
        (RouterMode::Matrix, MatrixOrigin::Roles) => format!(
            "team {team} has the edges of the matrix {name}, by its roles, besides the orchestrator and the project manager, to whom and from whom everybody may write"
        ),
    }
}

/// The same with the edges, a line per role.
pub fn edges(matrix: &MatrixInForce) -> String {
    let mut text = format!("  Here: {}.\n", self::matrix(matrix));
    for (role, to) in &matrix.direct {
        let barred = matrix.barred_to(role.as_str());
        let barred: Vec<(&Barred, String)> = barred
            .map(|row| (row, format!("{}, {}", row.at, row.rule)))
            .collect();
        let barred = barred.iter().map(|(row, by)| (*row, by.as_str()));
        text.push_str(&format!(
            "    {:<16} {}{}\n",
            role.as_str(),
            reached(to.as_deref()),
            barred_by(barred)
        ));
    }
    text
}

/// What follows from a switch's value, in words that name what acts on it.
pub fn follows(key: &str, value: &str) -> String {
    let value = value.trim_matches('"');
    let words = match (key, value) {
        ("policy", name) => {
            let summary = Profile::find(name).map(|profile| profile.file().summary);
            return summary.unwrap_or_default().trim_end_matches('.').to_owned();
        }
        ("git.agent_commits", "forbidden") => {
            "briefings forbid commits, and torch commit refuses agents (commit.forbidden); you commit"
        }
        ("git.agent_commits", _) => "briefings ask for commits, and torch commit serves agents",
        ("git.commit_minutes", "0") => "briefings name no time for commits",
        ("git.commit_minutes", minutes) => {
            return format!(
                "where agents commit, briefings ask for a commit within {minutes} minutes of work"
            );
        }
        ("git.push_minutes", "0") => "briefings tell agents to push nothing",
        ("git.push_minutes", minutes) => {
            return format!(
                "where agents commit, briefings ask for a push within {minutes} minutes of it"
            );
        }
        ("git.forbid", "") => "nothing that agents do with git is held back",
        ("git.forbid", _) => {
            "advice: torch's hooks in agents' git, and in their programs, refuse these and tell the orchestrator"
        }
        ("git.secret_check", "refuse") => {
            "advice: a commit of an agent that adds what looks like a secret is refused"
        }
        ("git.secret_check", "warn") => {
            "a commit of an agent that adds what looks like a secret is made, and told of"
        }
        ("git.secret_check", _) => "nobody looks for secrets in agents' commits",
        ("integration.approval", "person") => {
            "where agents commit, whoever integrates is told to ask you before anything reaches the base branch"
        }
        ("integration.approval", _) => {
            "the project manager, or without one the orchestrator, lets work in"
        }
        ("integration.admin_merge", "true") => {
            "where agents commit, whoever integrates may use gh pr merge --admin, once reviewed and tested"
        }
        ("integration.admin_merge", _) => {
            "where agents commit, whoever integrates is told never to use --admin"
        }
        ("router.mode", "open") => "messages between any two roles pass, and are recorded",
        ("router.mode", "strict") => {
            "messages pass to and from orchestrator and project manager; others go to the orchestrator"
        }
        ("router.mode", _) => "messages also pass along the team's communication matrix",
        _ => "",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::policy::SWITCHES;
    use torch_core::RoleName;
    use torch_core::config::{Config, Layers, layer};

    #[test]
    fn the_edges_of_a_team_are_told_with_where_they_come_from() {
        let role = |name| RoleName::parse(name).expect("a role");
        let mut matrix = MatrixInForce {
            team: "shop".to_owned(),
            mode: RouterMode::Matrix,
            matrix: "store".to_owned(),
            from: MatrixOrigin::Template,
            direct: vec![
                (role("orchestrator"), None),
                (
                    role("developer"),
                    Some(vec!["devops".to_owned(), "researcher".to_owned()]),
                ),
                (role("tester"), Some(Vec::new())),
            ],
            barred: ["tester", "project_manager"]
                .map(|to| Barred {
                    from: role("developer"),
                    to: role(to),
                    rule: "project.writes-only-to-97447c".to_owned(),
                    at: "CLAUDE.md:3".to_owned(),
                })
                .to_vec(),
        };
        let mut text = edges(&matrix);
        for (mode, from) in [
            (RouterMode::Matrix, MatrixOrigin::Settings),
            (RouterMode::Matrix, MatrixOrigin::Roles),
            (RouterMode::Strict, MatrixOrigin::Template),
            (RouterMode::Open, MatrixOrigin::Template),
        ] {
            (matrix.mode, matrix.from) = (mode, from);
            text.push_str(&format!("{}\n", super::matrix(&matrix)));
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_value_of_every_profile_is_explained() {
        let mut text = String::new();
        for profile in Profile::ALL {
            let file = format!("policy = \"{}\"", profile.as_str());
            let layers = Layers {
                user: None,
                project: Some(("torch.toml", &file)),
            };
            let (_, origins) = layer(&Config::default(), layers, |_| None).expect("valid");
            for origin in origins.iter().filter(|it| SWITCHES.contains(&it.key)) {
                assert!(!follows(origin.key, &origin.value).is_empty(), "{origin:?}");
                text.push_str(&explain(origin));
            }
            text.push('\n');
        }
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
    }

    #[test]
    fn every_word_is_shown_in_80_columns() {
        let no_layers = Layers {
            user: None,
            project: None,
        };
        let (_, mut origins) = layer(&Config::default(), no_layers, |_| None).expect("valid");
        origins.retain(|it| SWITCHES.contains(&it.key));
        let text = anstream::adapter::strip_str(&show(&origins, Some(80))).to_string();
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(!text.contains('…'), "{text}");
        for word in ["git.forbid", "move-parent,", "skip-hooks", "default"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}
