//! Pushes of a small team, judged.

use torch_core::policy::{IntegrationPolicy, Profile};

use super::*;

/// A push of few bytes without secrets.
const SMALL: (u64, &[String]) = (10, &[]);

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn policy(profile: Profile) -> TeamPolicy {
    let mut policy = TeamPolicy {
        profile,
        ..TeamPolicy::default()
    };
    if profile != Profile::Team {
        policy.integration = IntegrationPolicy {
            approval: Approval::Person,
            admin_merge: false,
        };
    }
    if profile == Profile::ReviewOnly {
        policy.git.agent_commits = AgentCommits::Forbidden;
    }
    policy
}

/// What becomes of a push, by its rule.
fn judged(
    who: &str,
    profile: Profile,
    refs: &[(&str, Change)],
    (bytes, secrets): (u64, &[String]),
) -> Result<(Verdict, &'static str), &'static str> {
    let (developer, tester, hub) = (role("developer"), role("tester"), role("orchestrator"));
    let owner = |role, home, prefix| Owner {
        role,
        home: Some(home),
        prefix,
    };
    let mut team = vec![
        owner(&developer, "trunk-developer", "feature/"),
        owner(&tester, "trunk-tester", "test/"),
        owner(&hub, "trunk-orchestrator", "pm-feature/"),
    ];
    let at = team.iter().position(|one| one.role.as_str() == who);
    let own = team.remove(at.expect("a role of the team"));
    let refs: Vec<_> = refs
        .iter()
        .map(|(name, change)| Ref {
            name,
            change: *change,
        })
        .collect();
    let policy = policy(profile);
    let pushed = Pushed {
        own,
        others: &team,
        policy: &policy,
        parent: "trunk",
        default_branch: Some("stable"),
        protected: &["release/*", "v*-lts"],
        refs: &refs,
        bytes,
        bytes_max: 100,
        secrets,
        unread: None,
    };
    judge(&pushed).map_err(|refusal| {
        assert!(!refusal.instead.is_empty());
        refusal.rule
    })
}

#[track_caller]
fn check(who: &str, name: &str, change: Change, expect: Result<Verdict, &str>) {
    let found = judged(who, Profile::Team, &[(name, change)], SMALL);
    assert_eq!(found.map(|it| it.0), expect, "{who}: {name}");
}

#[test]
fn an_agent_pushes_its_own_branches() {
    use Change::{Forward, Made};
    let forward = Ok(Verdict::Forward);
    check("developer", "refs/heads/feature/login", Made, forward);
    check("developer", "refs/heads/feature/a/b", Forward, forward);
    check("developer", "refs/heads/trunk-developer", Forward, forward);
    check("tester", "refs/heads/test/login", Made, forward);
    check("orchestrator", "refs/heads/pm-feature/x", Made, forward);
    check("developer", "refs/heads/feature/", Made, Err("push.name"));
    check("developer", "refs/heads/login", Made, Err("push.name"));
    // The branches of others.
    let other = Err("push.other-role");
    check("developer", "refs/heads/test/login", Made, other);
    check("developer", "refs/heads/trunk-tester", Forward, other);
    check("orchestrator", "refs/heads/feature/x", Forward, other);
}

#[test]
fn what_all_share_is_left_alone() {
    use Change::{Deleted, Forward, Made, Rewound};
    for who in ["developer", "orchestrator"] {
        check(who, "refs/heads/trunk", Forward, Err("push.parent"));
        check(who, "refs/heads/stable", Forward, Err("push.parent"));
        check(who, "refs/heads/trunk", Deleted, Err("push.parent"));
        let torch = Err("push.of-torch");
        check(who, "refs/heads/integration/daily-1", Made, torch);
        check(who, "refs/heads/rollback/emergency-1", Made, torch);
        let protected = Err("push.protected");
        check(who, "refs/heads/release/1/2", Made, protected);
        check(who, "refs/heads/v2-lts", Made, protected);
        check(who, "refs/notes/commits", Made, Err("push.namespace"));
        check(who, "refs/torch/kept/x", Made, Err("push.namespace"));
    }
    let feature = "refs/heads/feature/x";
    check("developer", feature, Rewound, Err("push.forced"));
    check("developer", feature, Deleted, Err("push.deletion"));
}

#[test]
fn tags_are_made_and_never_moved() {
    use Change::{Deleted, Made, Rewound};
    let stable = "refs/tags/stable-login-20261121-101500";
    check("developer", stable, Made, Ok(Verdict::Forward));
    check("developer", stable, Rewound, Err("push.tag-moved"));
    check("developer", stable, Deleted, Err("push.tag-moved"));
    check("developer", "refs/tags/v1.2.0", Made, Err("push.tag"));
    let version = "refs/tags/v1.2.0";
    check("orchestrator", version, Made, Ok(Verdict::Forward));
}

#[test]
fn the_policy_decides_whether_and_who_is_asked() {
    let refs = [("refs/heads/feature/x", Change::Made)];
    let by = |profile| judged("developer", profile, &refs, SMALL);
    assert_eq!(by(Profile::Team), Ok((Verdict::Forward, "push.own")));
    let asked = Ok((Verdict::Ask, "push.supervised"));
    assert_eq!(by(Profile::Supervised), asked);
    assert_eq!(by(Profile::ReviewOnly), Err("push.forbidden"));
}

#[test]
fn one_bad_branch_keeps_the_whole_push_back() {
    let refs = [
        ("refs/heads/feature/x", Change::Made),
        ("refs/heads/trunk", Change::Forward),
    ];
    let found = judged("developer", Profile::Team, &refs, SMALL);
    assert_eq!(found, Err("push.parent"));
    let many = vec![("refs/heads/feature/x", Change::Made); REFS_MAX + 1];
    let found = judged("developer", Profile::Team, &many, SMALL);
    assert_eq!(found, Err("push.many"));
}

#[test]
fn size_and_secrets_count() {
    let refs = [("refs/heads/feature/x", Change::Made)];
    let found = judged("developer", Profile::Team, &refs, (101, &[]));
    assert_eq!(found, Err("push.size"));
    let secrets = ["a.env:1: a password".to_owned()];
    let team = Profile::Team;
    let found = judged("developer", team, &refs, (1, &secrets));
    assert_eq!(found, Err("push.secret"));
}
