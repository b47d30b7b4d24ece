//! Ordinary `CLAUDE.md` files: rules of teams are taken, rules of products are not.

use super::*;

/// Statements that say themselves that they are about the team, with the kind of rule; they count under any heading.
const TEAM: [(&str, &str); 49] = [
    ("Developers must never message the tester", "may-not-write"),
    (
        "Developers must not message the tester directly.",
        "may-not-write",
    ),
    ("The tester may not write to the developer", "may-not-write"),
    ("NEVER contact the researcher directly", "may-not-write"),
    (
        "**Developer** MUST NOT talk to **devops**.",
        "may-not-write",
    ),
    ("Nobody may write to the code reviewer", "may-not-write"),
    (
        "No direct messages between developer and researcher",
        "may-not-write",
    ),
    (
        "Agents can't message the documentation writer",
        "may-not-write",
    ),
    ("`db_admin` must not message the developer", "may-not-write"),
    (
        "Only the project manager may message the tester.",
        "hears-only",
    ),
    ("Developer talks to the PM only", "writes-only-to"),
    (
        "testrunner must only communicate with the tester",
        "writes-only-to",
    ),
    (
        "All communication goes through the project manager.",
        "writes-only-to",
    ),
    ("All questions must be routed via the PM", "writes-only-to"),
    ("Tester can message the developer directly.", "may-write"),
    ("Developer and tester may write to each other.", "may-write"),
    ("DevOps is allowed to contact the sysadmin", "may-write"),
    (
        "The developer reports to the project manager.",
        "reports-to",
    ),
    ("testers should report results to the PM", "reports-to"),
    ("Reviewers report to the orchestrator", "reports-to"),
    (
        "At most two back-and-forths between agents",
        "max-exchanges",
    ),
    ("after 4 exchanges escalate to the PM", "max-exchanges"),
    ("Testers: at most 5 messages per 10 minutes", "max-messages"),
    (
        "Developers should send no more than 20 messages per day",
        "max-messages",
    ),
    ("Agents send at most 10 messages per hour", "max-messages"),
    (
        "Keep messages between agents under 500 characters",
        "max-length",
    ),
    ("Messages to the PM must not exceed 800 chars", "max-length"),
    ("Agent messages have at most 300 characters", "max-length"),
    ("Never broadcast to all agents", "no-broadcast"),
    ("Agents must not broadcast", "no-broadcast"),
    ("No agent messages between 22:00 and 06:00", "quiet-hours"),
    (
        "Messages to the tester must never contain \"password\"",
        "forbidden-words",
    ),
    (
        "Agents must never say \"it works on my machine\"",
        "forbidden-words",
    ),
    (
        "Messages to the tester must include \"build\".",
        "required-words",
    ),
    (
        "Reports to the PM should always contain `TICKET-`",
        "required-words",
    ),
    (
        "Notify the orchestrator of any message that mentions \"rollback\".",
        "critical-words",
    ),
    ("Use the STATUS template for status reports.", "form"),
    ("Acknowledge every TASK within 5 minutes.", "ack-within"),
    ("ACK tasks within two minutes", "ack-within"),
    (
        "If you are blocked for more than 10 minutes, escalate to the orchestrator.",
        "blocked-after",
    ),
    ("Blocked >15 min: tell the PM", "blocked-after"),
    ("Commit every 30 minutes.", "commit-every"),
    ("Commit early, at least every hour", "commit-every"),
    ("Everyone commits at least every 2 hours", "commit-every"),
    (
        "Never go more than an hour without a commit",
        "commit-every",
    ),
    ("Push within 15 minutes of a commit", "push-within"),
    (
        "Branch names must start with `feature/`, `fix/` or `chore/`.",
        "branch-names",
    ),
    (
        "IMPORTANT: use `feat/…` branches, never work on `main`",
        "branch-names",
    ),
    ("Testers use branches like `test/<name>`", "branch-names"),
];

/// Statements that count only under a heading about the team.
const UNDER_A_HEADING: [(&str, &str); 12] = [
    (
        "Maximum 3 exchanges per thread, then escalate.",
        "max-exchanges",
    ),
    ("No more than 10 messages per hour", "max-messages"),
    ("Keep messages under 500 characters.", "max-length"),
    ("No broadcasts.", "no-broadcast"),
    ("Quiet hours: 10pm - 7am", "quiet-hours"),
    ("No messages between 22:00 and 06:00.", "quiet-hours"),
    (
        "Messages must never contain \"password\".",
        "forbidden-words",
    ),
    ("Avoid the phrase \"as discussed\"", "forbidden-words"),
    ("Messages must start with \"[app]\"", "required-words"),
    (
        "Critical words: \"outage\", \"data loss\"",
        "critical-words",
    ),
    ("Status updates always use the template", "form"),
    ("Escalate when stuck for over 20 min", "blocked-after"),
];

/// What such files say of code and product.
const PRODUCT_RULES: [&str; 66] = [
    "Keep commit messages under 72 characters",
    "Commit messages must not exceed 50 characters in the subject",
    "Error messages must include \"code\" and \"detail\"",
    "Error messages must be under 120 characters",
    "Error messages shown to developers must include \"code\"",
    "Don't message the customer between 20:00 and 08:00",
    "No messages to customers between 22:00 and 07:00",
    "At most 5 messages per 10 minutes per user (rate limit of the chat product)",
    "Agents must send at most 5 messages per minute to the user",
    "No broadcasts of events from the websocket layer",
    "Never broadcast to all clients at once",
    "Log messages must never contain \"password\"",
    "Developers must not write log messages longer than 200 characters",
    "Messages to the user must never contain \"error\"",
    "Keep messages of commits short, under 60 characters",
    "Keep messages short, under 200 characters",
    "Never say \"I think\"; be direct",
    "Only admins may deploy; developers must not write to the database directly",
    "The developer writes to the tester through the API",
    "All API responses go through the serializer",
    "The tester only writes to `tests/`",
    "The tester may only write to `tests`",
    "QA must not write to src/",
    "Developers must not write to `main`",
    "All communication with the backend goes through the API gateway",
    "Components must not talk to the database",
    "Testers must write tests for every feature",
    "Developers may write to main",
    "The frontend only talks to the BFF",
    "`UserService` must not write to `orders`",
    "The `api` must never talk to `db` directly",
    "Developers must not write to the tester's fixtures",
    "Agents must not write to the docs folder",
    "Nobody may write to the developer database",
    "All requests go through the rate limiter, at most 100 messages per second",
    "The consumer must commit offsets every 5 seconds",
    "Commit Kafka offsets every 30 seconds",
    "Transactions commit within 5 seconds",
    "Push notifications within 5 minutes of the event",
    "Push metrics every 10 seconds",
    "The API must acknowledge webhooks within 5 seconds",
    "Consumers ack messages within 30 seconds",
    "Acknowledge webhooks within 10 seconds",
    "Alert when the queue is blocked for more than 5 minutes",
    "A worker that is stuck for over 20 minutes must alert the on-call",
    "HTTP status responses always use the problem+json format",
    "Status codes must follow the table in the format guide",
    "Background tasks use the JSON format",
    "Create branches from `origin/main`",
    "Merge release branches into `release/stable`",
    "Branch coverage of `src/engine` must be checked",
    "Validation messages must include \"field\"",
    "Toast messages have at most 80 characters",
    "SMS messages must not exceed 160 characters",
    "Slack messages must start with \"[deploy]\"",
    "Email subjects must not contain the words \"free\" or \"urgent\"",
    "Never use the word \"master\" in code or comments",
    "UI texts never say \"please\"",
    "The bot must not message a channel more than 3 times per hour",
    "At most 3 retries per request, then fail",
    "Limit chat threads to at most 50 replies",
    "Messages in the protobuf schema must have at most 100 characters",
    "Panic messages must contain \"BUG\"",
    "No messages longer than 4096 characters over MQTT",
    "Notify developers by email when a message contains \"panic\"",
    "Exceptions must never have messages over 250 characters",
];

/// The kinds that a file's statement became.
fn kinds(text: &str) -> Vec<&'static str> {
    markdown(text)
        .rules
        .iter()
        .map(|rule| rule.ask.word())
        .collect()
}

#[test]
fn what_speaks_of_the_team_is_a_rule_anywhere() {
    let mut wrong = Vec::new();
    for (text, kind) in TEAM {
        for heading in ["", "# CLAUDE.md\n\n## Rules\n", "# Shop\n\n## Workflow\n"] {
            let found = kinds(&format!("{heading}- {text}\n"));
            if found != [kind] {
                wrong.push(format!("{heading:?} {text}: {found:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_does_not_say_it_needs_a_heading_that_does() {
    for (text, kind) in UNDER_A_HEADING {
        for heading in [
            "## Communication",
            "## Team rules",
            "# Shop\n\n## Agents",
            "# Communication rules\n\n## Limits",
        ] {
            let found = kinds(&format!("{heading}\n\n- {text}\n"));
            assert_eq!(found, [kind], "{heading} {text}");
        }
        for heading in [
            "## Rules",
            "# AGENTS.md",
            "## Code style",
            "## Chat service",
        ] {
            let set = markdown(&format!("{heading}\n\n- {text}\n"));
            assert_eq!(set.rules, [], "{heading} {text}");
            let row = &set.unchecked[0];
            assert_eq!(row.why, "not in force: may be meant for the product");
            // The lines that are shown with it make it a rule.
            let lines = row.rule.as_deref().expect("lines to copy");
            let copied = toml(lines).expect(lines);
            let words: Vec<&str> = copied.rules.iter().map(|rule| rule.ask.word()).collect();
            assert_eq!(words, [kind], "{lines}");
        }
    }
}

#[test]
fn what_speaks_of_the_product_is_no_rule_anywhere() {
    let mut wrong = Vec::new();
    for text in PRODUCT_RULES {
        for heading in [
            "",
            "# CLAUDE.md\n\n## Rules\n",
            "# Conventions\n",
            "# AGENTS.md\n\n## Workflow\n",
            "## API\n",
        ] {
            let found = kinds(&format!("{heading}- {text}\n"));
            if !found.is_empty() {
                wrong.push(format!("{heading:?} {text}: {found:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_heading_about_the_team_ends_where_the_product_begins() {
    let text = "## Team rules\n\n- No broadcasts\n\n### Error messages\n\n- Keep messages under 100 characters\n\n## Code style\n\n- Keep messages under 90 characters\n";
    let set = markdown(text);
    let found: Vec<(u32, &str)> = set
        .rules
        .iter()
        .map(|rule| (rule.line, rule.ask.word()))
        .collect();
    assert_eq!(found, [(3, "no-broadcast")]);
    assert_eq!(set.unchecked.len(), 2);
}

#[test]
fn both_words_are_needed_where_the_file_says_and() {
    let check = |text: &str, expect: &[&str]| {
        let set = markdown(&format!("## Communication\n- {text}\n"));
        let asks: Vec<String> = set.rules.iter().map(|rule| rule.ask.to_string()).collect();
        assert_eq!(asks, expect, "{text}");
    };
    check(
        "Messages to the tester must include \"build\" and \"commit\"",
        &[
            "messages of everyone to tester have \"build\"",
            "messages of everyone to tester have \"commit\"",
        ],
    );
    check(
        "Messages to the tester must include \"build\" or \"commit\"",
        &["messages of everyone to tester have \"build\" or \"commit\""],
    );
}

#[test]
fn nobody_is_cut_off_from_the_orchestrator_and_the_reason_says_so() {
    let set = markdown("- Developers must never write to the orchestrator\n");
    assert_eq!(set.rules, []);
    let why = &set.unchecked[0].why;
    assert!(
        why.starts_with("torch never cuts off the orchestrator"),
        "{why}"
    );
}

#[test]
fn a_sentence_that_turns_round_is_no_rule_of_its_beginning() {
    for text in [
        "Developers may message the tester only via the project manager",
        "The tester may write to the developer through the orchestrator",
        "The researcher may talk to the developer but should not",
        "The tester may message the developer, though it must never be about estimates",
        "Do not commit every 5 minutes",
        "Agents should not acknowledge within 5 minutes",
        "No need to acknowledge messages within 5 minutes",
        "Agents don't need to commit every 20 minutes",
        "Acknowledging a TASK within 5 minutes is optional",
    ] {
        let set = markdown(&format!("# Team rules\n- {text}\n"));
        assert!(set.rules.is_empty(), "{text}: {:?}", set.rules);
        assert_eq!(set.unchecked.len(), 1, "{text}");
        assert_eq!(set.unchecked[0].rule, None, "{text}");
    }
    // What goes through somebody is a rule of its own.
    assert_eq!(
        kinds("# Team rules\n- All communication goes through the project manager\n"),
        ["writes-only-to"]
    );
}

#[test]
fn names_of_ones_own_roles_are_roles_among_the_rules_of_the_team() {
    let rule = "- `dba` must not write to `designer`\n";
    assert_eq!(kinds(&format!("# Team rules\n{rule}")), ["may-not-write"]);
    assert_eq!(kinds(&format!("# Notes\n{rule}")), [""; 0]);
    // A role that is told what to leave alone.
    assert_eq!(
        kinds("# Team rules\n- Developers must not write to `main`\n"),
        [""; 0]
    );
}
