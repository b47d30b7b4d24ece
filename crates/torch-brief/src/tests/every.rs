//! All roles × policies × teams.

use std::fmt::Write as _;

use torch_core::policy::Profile;

use super::{TEAMS, facts, roles};
use crate::{BUILT_IN, DEFAULT_TEAM, Facts, briefing, words};

/// More than this nobody reads.
const WORDS_MAX: usize = 1_500;

#[test]
fn every_role_under_every_policy() {
    let roles = roles();
    for (name, _) in BUILT_IN {
        let mut team = DEFAULT_TEAM.to_vec();
        if !team.contains(&name) {
            team.push(name);
        }
        for profile in Profile::ALL {
            let role = roles.get(name).expect("a role");
            let text = briefing(role, &facts(&roles, &team, name, profile)).expect(name);
            insta::assert_snapshot!(format!("{name}-{}", profile.as_str()), text);
        }
    }
}

#[test]
fn every_briefing_is_short_and_whole() {
    let roles = roles();
    let mut table = String::new();
    for (team_name, team) in TEAMS {
        for role in team {
            write!(table, "{team_name:<24}{role:<22}").expect("memory");
            for profile in Profile::ALL {
                let facts = facts(&roles, team, role, profile);
                let text = briefing(roles.get(role).expect("a role"), &facts).expect(role);
                let count = words(&text);
                write!(table, "{count:>6}").expect("memory");
                let which = format!("{role} of {team_name} under {}", profile.as_str());
                assert!(
                    text.starts_with(&format!("BRIEFING for {role} (")),
                    "{which}"
                );
                assert!(count < WORDS_MAX, "{which} has {count} words");
                for mark in [
                    "{{", "}}", "{%", "%}", "{#", "[torch ", "[/m-", "\n\n\n", "  \n",
                ] {
                    assert!(!text.contains(mark), "{mark:?} in {which}:\n{text}");
                }
            }
            table.push('\n');
        }
    }
    insta::assert_snapshot!("words", table);
}

#[test]
fn whose_shell_is_closed_is_told_of_the_tools() {
    let roles = roles();
    for (_, team) in TEAMS {
        for role in team {
            let open = facts(&roles, team, role, Profile::ALL[0]);
            let closed = Facts {
                closed_shell: true,
                ..open.clone()
            };
            let told = |facts| briefing(roles.get(role).expect("a role"), facts).expect(role);
            let text = told(&closed);
            assert!(words(&text) < WORDS_MAX, "{role}: {} words", words(&text));
            for way in [
                "`send`",
                "`report_status`",
                "`task_list`",
                "`standup_answer`",
            ] {
                assert!(text.contains(way), "{way} for {role}:\n{text}");
            }
            for not in [
                "--stdin",
                "torch report status --",
                "torch complete \"",
                "torch ack m-",
            ] {
                assert!(!text.contains(not), "{not} for {role}:\n{text}");
            }
            assert!(!told(&open).contains("`report_status`"), "{role}");
        }
    }
}

#[test]
fn nobody_is_named_who_is_not_in_the_team() {
    let roles = roles();
    let alone = ["orchestrator", "developer"];
    for profile in Profile::ALL {
        let mut facts = facts(&roles, &alone, "developer", profile);
        facts.direct = vec!["analyst".to_owned()];
        let text = briefing(roles.get("developer").expect("a role"), &facts).expect("a text");
        assert!(!text.contains("or to the orchestrator"), "{text}");
        for absent in ["project_manager", "testrunner", "devops"] {
            assert!(!text.contains(absent), "{absent}:\n{text}");
        }
    }
}

#[test]
fn git_follows_the_policy() {
    let roles = roles();
    let text = |role: &str, change: &dyn Fn(&mut crate::Facts)| {
        let mut facts = facts(&roles, DEFAULT_TEAM, role, Profile::Team);
        change(&mut facts);
        briefing(roles.get(role).expect("a role"), &facts).expect("a text")
    };
    let usual = text("developer", &|_| ());
    assert!(usual.contains("at least every 30 minutes") && usual.contains("within 15 minutes"));
    let slow = text("developer", &|facts| {
        facts.policy.git.commit_minutes = 45;
        facts.policy.git.push_minutes = 0;
    });
    assert!(slow.contains("at least every 45 minutes") && slow.contains("- Push nothing."));
    let free = text("developer", &|facts| facts.policy.git.commit_minutes = 0);
    assert!(
        free.contains("- Commit before you turn to another task"),
        "{free}"
    );
    let merges = text("project_manager", &|_| ());
    assert!(merges.contains("with `--admin` only when"));
    let careful = text("project_manager", &|facts| {
        facts.policy.integration.admin_merge = false;
        facts.policy.integration.approval = torch_core::policy::Approval::Person;
    });
    assert!(careful.contains("never with `--admin`") && careful.contains("a person has agreed"));
}

#[test]
fn talking_follows_the_router() {
    use torch_core::RouterMode::{Matrix, Open, Strict};
    let roles = roles();
    let said = |role: &str, router, direct: &[&str]| {
        let mut facts = facts(&roles, DEFAULT_TEAM, role, Profile::Team);
        facts.router = router;
        facts.direct = direct.iter().map(|name| (*name).to_owned()).collect();
        briefing(roles.get(role).expect("a role"), &facts).expect("a text")
    };
    assert!(said("developer", Strict, &[]).contains("Sent directly it goes there too"));
    assert!(said("developer", Open, &[]).contains("Write to whom it concerns"));
    assert!(
        said("developer", Matrix, &["tester", "testrunner"])
            .contains("directly to: tester, testrunner.")
    );
    assert!(said("orchestrator", Strict, &[]).contains("You are the hub"));
    assert!(said("project_manager", Strict, &[]).contains("You are the deputy hub"));
}

#[test]
fn nobody_is_told_to_write_to_whom_they_may_not() {
    use torch_core::RouterMode::{Matrix, Open, Strict};
    let roles = roles();
    for (team_name, team) in TEAMS {
        for role in team {
            for router in [Strict, Matrix, Open] {
                let mut facts = facts(&roles, team, role, Profile::Team);
                facts.router = router;
                if router != Matrix {
                    facts.direct.clear();
                }
                let text = briefing(roles.get(role).expect("a role"), &facts).expect(role);
                let which = format!("{role} of {team_name}, {router:?}");
                check_targets(&which, &text, &facts, role);
            }
        }
    }
}

/// In a role's own part, whoever is written to is one who may be, or stands there with the way.
fn check_targets(which: &str, text: &str, facts: &crate::Facts, role: &str) {
    let own = text.split_once("## Your part").expect("an own part").1;
    let own = own.split_once("## Your worktree").expect("its end").0;
    let central = ["orchestrator", "project_manager"];
    for member in facts.members.iter().map(|member| member.role.as_str()) {
        let free = central.contains(&role)
            || central.contains(&member)
            || facts.router == torch_core::RouterMode::Open
            || facts.direct.iter().any(|name| name == member);
        for to in ["o the ", "o ", "ith the ", "ith ", "Give "] {
            let words = format!("{to}{member}");
            for (at, _) in own.match_indices(&words) {
                let rest = &own[at + words.len()..];
                if rest.starts_with(|next: char| next.is_alphanumeric() || "_-".contains(next)) {
                    continue;
                }
                let way = rest.starts_with(" (by way of the orchestrator)");
                assert_eq!(
                    way,
                    !free,
                    "{words:?} of {which}: {}",
                    &rest[..60.min(rest.len())]
                );
            }
        }
    }
}
