//! Who is told or asked, and who is not, as tables.

use super::*;

const MINUTE: u64 = 60_000;

fn at(minutes: u64) -> Timestamp {
    Timestamp(minutes * MINUTE)
}

fn facts(row: &CheckIns) -> Facts<'_> {
    Facts {
        team_runs: true,
        team_finished: false,
        state: AgentState::Idle,
        is_up: true,
        is_paused: false,
        is_limited: false,
        no_login: false,
        is_capped: false,
        waiting: false,
        row,
    }
}

#[test]
fn plans_have_intervals() {
    let minutes = |plan| interval_of(plan).as_secs() / 60;
    assert_eq!(minutes(PlanTier::Pro), 90);
    assert_eq!(minutes(PlanTier::Max5), 60);
    assert_eq!(minutes(PlanTier::Max20), 45);
    assert_eq!(minutes(PlanTier::Console), 45);
}

#[test]
fn nothing_is_said_to_who_can_not_take_it() {
    let row = CheckIns::default();
    type Row = (&'static str, SkipReason, fn(&mut Facts<'_>));
    let table: [Row; 15] = [
        ("stopped", SkipReason::TeamDown, |f| f.team_runs = false),
        ("finished", SkipReason::Finished, |f| f.team_finished = true),
        ("paused", SkipReason::Paused, |f| f.is_paused = true),
        ("not briefed", SkipReason::NotUp, |f| f.is_up = false),
        ("ended", SkipReason::NotUp, |f| {
            f.state = AgentState::Crashed;
        }),
        ("limited", SkipReason::Limited, |f| f.is_limited = true),
        ("its screen says so", SkipReason::Limited, |f| {
            f.state = AgentState::Limited;
        }),
        ("no login", SkipReason::NoLogin, |f| f.no_login = true),
        ("no turns left", SkipReason::Capped, |f| f.is_capped = true),
        ("asking", SkipReason::Asking, |f| {
            f.state = AgentState::Asking;
        }),
        ("a message waits", SkipReason::MessageWaits, |f| {
            f.waiting = true;
        }),
        ("working", SkipReason::InTurn, |f| {
            f.state = AgentState::Working;
        }),
        ("retrying", SkipReason::InTurn, |f| {
            f.state = AgentState::Retrying;
        }),
        ("starting", SkipReason::InTurn, |f| {
            f.state = AgentState::Starting;
        }),
        ("unknown", SkipReason::InTurn, |f| {
            f.state = AgentState::Unknown;
        }),
    ];
    for (what, wanted, change) in table {
        let mut facts = facts(&row);
        change(&mut facts);
        assert_eq!(reachable(&facts), Err(wanted), "{what}");
        assert_eq!(hub(&facts, 3), Err(wanted), "{what}: the hub");
        assert_eq!(role(&facts), Err(wanted), "{what}: a role");
    }
    // The strongest reason is the one that is told.
    let mut both = facts(&row);
    (both.is_limited, both.waiting) = (true, true);
    assert_eq!(reachable(&both), Err(SkipReason::Limited));
    assert!(reachable(&facts(&row)).is_ok());
}

#[test]
fn the_hub_is_told_news_that_it_is_not_at() {
    let mut row = CheckIns::default();
    assert_eq!(hub(&facts(&row), 0), Err(SkipReason::NoNews));
    assert_eq!(hub(&facts(&row), 1), Ok(()));
    row.heard = Some(at(60));
    row.spoke = Some(at(59));
    assert_eq!(hub(&facts(&row), 1), Ok(()));
    row.spoke = Some(at(61));
    assert_eq!(hub(&facts(&row), 1), Err(SkipReason::Active));
    row.heard = None;
    assert_eq!(hub(&facts(&row), 1), Err(SkipReason::Active));
}

#[test]
fn a_role_is_asked_what_came_of_what_it_was_given() {
    let mut row = CheckIns {
        heard: Some(at(60)),
        ..CheckIns::default()
    };
    assert_eq!(role(&facts(&row)), Err(SkipReason::NoNews), "nothing given");
    row.given = Some(at(70));
    assert_eq!(role(&facts(&row)), Err(SkipReason::NoNews), "no turn yet");
    row.turn = Some(at(71));
    assert_eq!(role(&facts(&row)), Ok(()));
    row.quiet = Quiet::Asked { at: at(80) };
    assert_eq!(role(&facts(&row)), Err(SkipReason::AskedAlready));
    row.quiet = Quiet::Told { at: at(90) };
    assert_eq!(role(&facts(&row)), Err(SkipReason::AskedAlready));
    row.quiet = Quiet::No;
    row.spoke = Some(at(72));
    assert_eq!(role(&facts(&row)), Err(SkipReason::Active), "it answered");
    row.heard = Some(at(120));
    assert_eq!(role(&facts(&row)), Err(SkipReason::NoNews));
}

fn member(role: &str) -> Member<'_> {
    Member {
        role,
        state: AgentState::Idle,
        since: at(10),
        wanted: true,
        seen: at(10),
        completed: None,
        limited: None,
        no_login: None,
        question: None,
        quiet: Quiet::No,
    }
}

fn kinds(members: &[Member<'_>], heard: u64, now: u64) -> Vec<(String, What)> {
    let patience = Duration::from_secs(3_600);
    news(members, Some(at(heard)), at(now), patience)
        .into_iter()
        .map(|news| (news.role, news.what))
        .collect()
}

#[test]
fn what_happened_is_news_once() {
    let mut developer = member("developer");
    developer.completed = Some((at(30), "the parser"));
    let mut tester = member("tester");
    (tester.state, tester.since) = (AgentState::Asking, at(20));
    tester.question = Some("Run rm?");
    let mut devops = member("devops");
    (devops.state, devops.since) = (AgentState::Crashed, at(40));
    let mut ended = member("sysadmin");
    (ended.state, ended.wanted) = (AgentState::Stopped, false);
    let mut reviewer = member("code_reviewer");
    reviewer.quiet = Quiet::Told { at: at(50) };
    let mut limited = member("researcher");
    limited.state = AgentState::Limited;
    limited.limited = Some((at(45), "limited until 14:02".to_owned()));
    let all = [developer, tester, devops, ended, reviewer, limited];
    let told = kinds(&all, 15, 60);
    let wanted = [
        ("tester", What::Asks("Run rm?".to_owned())),
        ("developer", What::Finished("the parser".to_owned())),
        ("devops", What::Ended(AgentState::Crashed)),
        (
            "researcher",
            What::Limited("limited until 14:02".to_owned()),
        ),
        ("code_reviewer", What::Silent),
    ];
    let wanted: Vec<_> = wanted
        .into_iter()
        .map(|(role, what)| (role.to_owned(), what))
        .collect();
    assert_eq!(told, wanted);
    assert_eq!(kinds(&all, 60, 120), []);
    assert_eq!(kinds(&all, 40, 120).len(), 2);
}

#[test]
fn a_turn_without_a_sign_of_life_is_news_after_a_while_and_once() {
    let mut developer = member("developer");
    (developer.state, developer.since, developer.seen) = (AgentState::Working, at(100), at(130));
    let all = [developer];
    assert_eq!(kinds(&all, 60, 180), []);
    assert_eq!(
        kinds(&all, 120, 190),
        [("developer".to_owned(), What::Stuck)]
    );
    assert_eq!(kinds(&all, 190, 250), []);
}

#[test]
fn a_working_or_idle_member_is_no_news() {
    for state in [AgentState::Ready, AgentState::Idle, AgentState::Starting] {
        let mut developer = member("developer");
        (developer.state, developer.since) = (state, at(100));
        assert_eq!(kinds(&[developer], 60, 1_000), [], "{state}");
    }
}
