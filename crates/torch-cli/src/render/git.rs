//! What is shown of a team's git.

mod lane;

pub use lane::lane;
pub mod activity;

use torch_api::git::{OverlapView, PairView, RadarView, TouchedView};

use super::count;
use super::style::{BAD, DIM, STRONG, paint};
use super::table::{Cell, Table};

/// What the radar saw: each role's work, then the files that two or more change.
pub fn radar(view: &RadarView) -> String {
    let short = view.parent_commit.get(..8).unwrap_or_default();
    let title = paint(
        STRONG,
        &format!("{}, for {} {short}", view.team, view.parent),
    );
    let mut roles = Table::new(
        2,
        &["ROLE", "FILES", "UNCOMMITTED", "AGAINST THE PARENT BRANCH"],
    );
    for role in &view.roles {
        roles.row([
            Cell::from(role.role.as_str()),
            role.files
                .map(|files| files.to_string())
                .unwrap_or_default()
                .into(),
            role.uncommitted.to_string().into(),
            against_parent(role),
        ]);
    }
    let mut text = format!("{title}\n{}", roles.render());
    if view.overlaps.is_empty() {
        text.push_str("no file is changed by two roles\n");
        return text;
    }
    let clashes = view
        .overlaps
        .iter()
        .filter(|one| one.pairs.iter().any(|pair| pair.conflict));
    let clashes = clashes.count();
    let conflict = match clashes {
        0 => "none of it conflicts".to_owned(),
        1 => "in 1 they conflict".to_owned(),
        more => format!("in {more} they conflict"),
    };
    let files = count(
        u64::try_from(view.overlaps.len()).unwrap_or(u64::MAX),
        "file",
    );
    text.push_str(&format!(
        "{files} changed by two or more roles: {conflict}\n"
    ));
    view.overlaps
        .iter()
        .for_each(|one| text.push_str(&overlap(one)));
    text
}

fn against_parent(role: &TouchedView) -> Cell {
    match (&role.problem, role.conflicts.as_slice()) {
        (Some(problem), _) => Cell::styled(BAD, problem),
        (None, []) => Cell::styled(DIM, "merges"),
        (None, files) => Cell::styled(BAD, format!("conflicts in {}", some(files))),
    }
}

/// The first three of some paths.
fn some(files: &[String]) -> String {
    let shown = files
        .iter()
        .take(3)
        .map(|path| path.escape_debug().to_string());
    let mut shown: Vec<_> = shown.collect();
    if let more @ 1.. = files.len().saturating_sub(shown.len()) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

fn overlap(one: &OverlapView) -> String {
    let mut text = format!("  {}\n", one.path.escape_debug());
    for PairView {
        roles: [a, b],
        conflict,
        uncommitted,
        lines,
    } in &one.pairs
    {
        let verdict = match conflict {
            true => paint(BAD, "conflict"),
            false => paint(DIM, "merges"),
        };
        let mut facts = vec![verdict];
        if !lines.is_empty() {
            let spans = lines.iter().map(|(first, last)| match first == last {
                true => first.to_string(),
                false => format!("{first}-{last}"),
            });
            let noun = match lines.as_slice() {
                [(first, last)] if first == last => "line",
                _ => "lines",
            };
            facts.push(format!("{noun} {}", spans.collect::<Vec<_>>().join(", ")));
        }
        if !uncommitted.is_empty() {
            facts.push(format!("uncommitted in {}", uncommitted.join(" and ")));
        }
        text.push_str(&format!("    {a}, {b}: {}\n", facts.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, files: Option<usize>, conflicts: &[&str]) -> TouchedView {
        TouchedView {
            role: name.to_owned(),
            files,
            uncommitted: 1,
            conflicts: conflicts.iter().map(|&path| path.to_owned()).collect(),
            problem: files.is_none().then(|| "its folder is gone".to_owned()),
        }
    }

    fn pair(conflict: bool, uncommitted: &[&str], lines: &[(u32, u32)]) -> PairView {
        PairView {
            roles: ["developer".to_owned(), "tester".to_owned()],
            conflict,
            uncommitted: uncommitted.iter().map(|&role| role.to_owned()).collect(),
            lines: lines.to_vec(),
        }
    }

    #[test]
    fn roles_and_shared_files() {
        let view = RadarView {
            team: "myapp".to_owned(),
            parent: "main".to_owned(),
            parent_commit: "0123456789abcdef".to_owned(),
            roles: vec![
                role("developer", Some(3), &["src/a.rs"]),
                role("tester", Some(1), &[]),
                role("pm", None, &[]),
            ],
            overlaps: vec![
                OverlapView {
                    path: "src/a.rs".to_owned(),
                    pairs: vec![pair(true, &["tester"], &[(3, 3), (9, 12)])],
                },
                OverlapView {
                    path: "evil\u{1b}[2J".to_owned(),
                    pairs: vec![pair(false, &[], &[(7, 7)])],
                },
            ],
        };
        let shown = anstream::adapter::strip_str(&radar(&view)).to_string();
        let expected = [
            "myapp, for main 01234567",
            "  ROLE       FILES  UNCOMMITTED  AGAINST THE PARENT BRANCH",
            "  developer  3      1            conflicts in src/a.rs",
            "  tester     1      1            merges",
            "  pm                1            its folder is gone",
            "2 files changed by two or more roles: in 1 they conflict",
            "  src/a.rs",
            "    developer, tester: conflict, lines 3, 9-12, uncommitted in tester",
            "  evil\\u{1b}[2J",
            "    developer, tester: merges, line 7",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
        let calm = RadarView {
            overlaps: Vec::new(),
            ..view
        };
        assert!(radar(&calm).ends_with("no file is changed by two roles\n"));
    }
}
