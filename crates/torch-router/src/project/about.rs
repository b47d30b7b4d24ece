//! Whether a statement is about the team's own communication, or may be meant for the product that the project makes.
//!
//! `CLAUDE.md` and `AGENTS.md` are written for whoever works on the code: "error messages have at most 120 characters" is no rule
//! for messages between agents. So a statement counts only where it says itself whom it means, or stands under a heading that
//! does. A rule that is missed is listed and can be copied; one that is taken wrongly silences a team.

use std::sync::LazyLock;

use regex::Regex;
use torch_core::project_rules::RuleKind;

use super::statement::pattern;
use super::who::without_roles;

/// What the headings above a statement say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// It is about the team and how it talks.
    Team,
    /// It is about a part of the product.
    Product,
    /// It says neither.
    Plain,
}

/// Whom a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The team.
    Team,
    /// It speaks of the product.
    Product,
    /// It does not say.
    Unclear,
}

/// Why a statement of the product is no rule.
pub(super) const PRODUCT: &str = "it speaks of the product, not of messages between agents";
/// Why a statement is not in force that might be a rule.
pub(super) const UNCLEAR: &str = "not in force: may be meant for the product";

macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)*
    };
}

patterns! {
    // Headings.
    OF_TEAM = r"\b(?:team(?:work|mates?)?|agents?|torch|communicat\w*|collaborat\w*|coordinat\w*|escalations?|etiquette|messages\s+between|messaging\s+rules|who\s+(?:may\s+)?(?:talks?|writes?)|inter-agent|multi-agent|delegation)\b";
    // The title of such a file often names agents, and means whoever reads it.
    OF_TEAM_TITLE = r"\b(?:team|torch)\s+(?:rules|communicat\w*|etiquette|guidelines)\b|\b(?:inter-)?agent\s+communication\b|^\s*communication(?:\s+rules)?\s*$";
    OTHER_TOPIC = r"\b(?:code|coding|styles?|git|builds?|tests?|testing|deploy\w*|architecture|setup|install\w*|structure|naming|security|performance|commits?|branch\w*|documentation|dependencies|conventions?|commands?|stack|tooling|overview|formatting|lint\w*|releases?|permissions?)\b";
    // What the product is made of. Roles and quotations are taken out before.
    OF_PRODUCT = r"\b(?:users?|end-users?|customers?|clients?|visitors?|subscribers?|tenants?|guests?|apis?|endpoints?|https?|rest|graphql|grpc|rpc|websockets?|sockets?|mqtt|amqp|kafka|rabbitmq|nats|sqs|queues?|brokers?|redis|databases?|sql|tables?|columns?|frontend|backend|servers?|services?|microservices?|middleware|gateway|layers?|components?|modules?|class(?:es)?|functions?|methods?|structs?|enums?|variables?|handlers?|controllers?|screens?|dialogs?|modals?|toasts?|ui|ux|css|html|json|yaml|xml|exceptions?|errors?|warnings?|logs?|loggers?|logging|console|stdout|stderr|commit\s+messages?|messages?\s+of\s+commits?|comments?|docstrings?|pull\s+requests?|prs?|chats?|chatbots?|bots?|sms|e-?mails?|mail|slack|discord|telegram|whatsapp|twitter|notifications?|webhooks?|events?|payloads?|packets?|frames?|responses?|translations?|locales?|i18n|product|apps?|application|schemas?|migrations?|documentation|readme|changelog|rate\s+limit\w*|offsets?|transactions?|consumers?|producers?|cron|jobs?|workers?|cache|batch(?:es)?|clusters?|metrics|telemetry|datagrams?|topics?|partitions?|replicas?|devices?|sensors?|players?|patients?|protobuf|i/o|stream(?:s|ing)?|validation|validators?|form\s+fields?|placeholders?|tooltips?|status\s+codes?|permissions?|rbac|auth\w*)\b";
    COMPOUND = r"\b(?:commit|error|log|validation|alert|push|status|help|usage|debug|info|flash|system|assert(?:ion)?|panic|trace|locali[sz]ed|translated|wire|protocol|cli|welcome|confirmation|text|outgoing|incoming|inbound|outbound|success|failure|abort|exit|merge|tag|squash|release|deprecation|private|voice|in-app|chat)[\s-]+messages?\b";
    // Who is meant, said by the statement itself.
    SUBJECT = r"^(?:for\s+)?<ROLES>\s*(?::|,|\s(?:must|may|should|shall|can|cannot|can't|never|always|needs?|has|have|are|is|do|does|don't|doesn't|will|keeps?|sends?|uses?|writes?|reports?|acks?|acknowledges?|commits?|broadcasts?)\b)";
    OBJECT = r"\b(?:messages?|reports?|communication|texts?|notes?|questions?|replies|answers|exchanges|broadcasts?|back-and-forths?|round[- ]trips)\s+(?:\w+\s+)?(?:to|from|of|between|among|for|with)\s+(?:<ROLES>|(?:the\s+)?(?:whole\s+)?team\b|teammates?\b)";
    KIND = r"\b(?:agents?|inter-agent|agent-to-agent|team|roles?)\s+(?:messages?|communication|chatter)\b|\bscm\b";
    VERB = r"\b(?:write|message|broadcast|talk|speak|notify|tell|inform|alert|copy|cc|escalate|ask|ping|contact)(?:s|es|ing)?\s+(?:directly\s+)?(?:to\s+|with\s+)?(?:<ROLES>|(?:the\s+)?(?:whole\s+)?team\b|teammates?\b)";
    YOU = r"\b(?:you|we|you're|agents?|<ROLES>)\b";
    // Work with git, as whoever works does it.
    LEAD_COMMIT = r"(?:^|[,;:—–(]\s*|\b(?:and|then|must|should|shall|always|to|please|also|will|you|we|least)\s+|^<ROLES>\s+)(?:commits?|committing|(?:make|create)\s+a\s+commit)(?:\s+(?:(?:your|their|its|all|the|any|own)\s+)*(?:work|changes|progress|code|wip|results?|everything|files|it))?(?:\s+(?:early|often|frequently|regularly|small|locally|after\s+(?:each|every)\s+\w+)|\s+and|\s*,)*\s*(?:(?:at\s+least|about|roughly)\s+)?(?:hourly\b|(?:once\s+)?(?:every|within|each|per|an)\s)";
    IS_COMMITTED = r"^(?:all\s+)?(?:work|changes|progress)\s+(?:is|are|must\s+be|should\s+be|gets?)\s+(?:committed|pushed)\b";
    WITHOUT_COMMIT = r"\bwithout\s+(?:\w+\s+)?commit(?:s|ting)?\b";
    LEAD_PUSH = r"(?:^|[,;:—–(]\s*|\b(?:and|then|must|should|shall|always|to|please|also|will|you|we)\s+|^<ROLES>\s+)push(?:es)?(?:\s+(?:(?:your|their|its|all|the|any|own)\s+)*(?:work|changes|commits?|branch(?:es)?|code|everything|it))?(?:\s+(?:early|often|regularly)|\s+and|\s*,)*\s*(?:at\s+least\s+)?(?:once\s+)?(?:every|within|each)\s";
    ACK_TASK = r"\b(?:ack|acks|acknowledges?)\s+(?:(?:every|each|all|any|your|the|a|new|assigned|receipt\s+of)\s+)*(?:tasks?|assignments?)\b|\b(?:tasks?|assignments?)\s+(?:\w+\s+)*?(?:acked|acknowledged)\b";
    NAMES_BRANCH = r"\bbranch(?:es)?\b[^.]*\b(?:names?|naming|named|called|prefix(?:es|ed)?|starts?|begins?|follows?|like|format|pattern)\b|\b(?:names?|naming|named|called|prefix(?:es|ed)?|use[sd]?)\b[^.]*\bbranch(?:es)?\b|^branch(?:es)?\s*:";
    COMES_FROM = r"\b(?:from|off|into|onto|against|based\s+on|coverage|check\s*out|rebase|merge|pull|fetch)\b";
}

/// What a heading says; `above` is what holds where it says nothing of its own.
pub(super) fn section(heading: &str, level: usize, above: Section) -> Section {
    let words = without_quotes(heading);
    if level == 1 {
        // A title tells what the file is for, not what each statement in it is about.
        return match OF_TEAM_TITLE.is_match(&words) && !OF_PRODUCT.is_match(&words) {
            true => Section::Team,
            false => Section::Plain,
        };
    }
    if OF_PRODUCT.is_match(&without_roles(&words)) {
        Section::Product
    } else if OF_TEAM.is_match(&words) {
        Section::Team
    } else if OTHER_TOPIC.is_match(&words) {
        Section::Plain
    } else {
        above
    }
}

/// Whom a statement is for, of which this could be a rule.
pub(super) fn about(text: &str, section: Section, ask: &RuleKind) -> About {
    let words = without_quotes(text);
    if COMPOUND.is_match(&words) || OF_PRODUCT.is_match(&without_roles(&words)) {
        return About::Product;
    }
    let clear = match ask {
        RuleKind::MayNotWrite { .. }
        | RuleKind::MayWrite { .. }
        | RuleKind::WritesOnlyTo { .. }
        | RuleKind::HearsOnly { .. }
        | RuleKind::ReportsTo { .. } => section == Section::Team || names_roles(&words),
        RuleKind::CommitEvery { .. } => {
            let works = [&*LEAD_COMMIT, &*IS_COMMITTED, &*WITHOUT_COMMIT];
            section != Section::Product && works.iter().any(|way| way.is_match(&words))
        }
        RuleKind::PushWithin { .. } => {
            let works = LEAD_PUSH.is_match(&words) || IS_COMMITTED.is_match(&words);
            section != Section::Product && works
        }
        RuleKind::BranchNames { patterns, .. } => {
            let places = ["origin/", "upstream/", "src/", "lib/", "app/", "refs/"];
            let elsewhere =
                |pattern: &String| places.iter().any(|place| pattern.starts_with(place));
            section != Section::Product
                && NAMES_BRANCH.is_match(&words)
                && !COMES_FROM.is_match(&words)
                && !patterns.iter().any(elsewhere)
        }
        RuleKind::AckWithin { .. } => section == Section::Team || ACK_TASK.is_match(&words),
        RuleKind::BlockedAfter { .. } => section == Section::Team || YOU.is_match(&words),
        RuleKind::Form { .. } => section == Section::Team || mentions(&words) || names_form(&words),
        _ => section == Section::Team || (section == Section::Plain && mentions(&words)),
    };
    match clear {
        true => About::Team,
        false => About::Unclear,
    }
}

/// Whether a statement about who writes to whom names built-in roles, or agents, in words. A name in backticks alone may be
/// a part of the code, and what is written to may be a file.
fn names_roles(words: &str) -> bool {
    without_roles(words) != words
}

/// Whether a statement says itself that it is about messages of agents.
fn mentions(words: &str) -> bool {
    [&*SUBJECT, &*OBJECT, &*KIND, &*VERB]
        .iter()
        .any(|way| way.is_match(words))
}

/// The forms of torch are written in capitals.
fn names_form(words: &str) -> bool {
    [
        "STATUS template",
        "STATUS form",
        "TASK template",
        "TASK form",
    ]
    .iter()
    .any(|form| words.contains(form))
}

/// A text without what stands in quotation marks or backticks: that is said, and says nothing about whom it is for.
fn without_quotes(text: &str) -> String {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""[^"]*"|“[^”]*”|`[^`]*`|(?:^|[\s(])'[^']*'"#)
            .expect("the pattern is constant")
    });
    QUOTED.replace_all(text, " “” ").into_owned()
}
