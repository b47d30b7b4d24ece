//! One statement: which rules it states, if any.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use torch_core::project_rules::{FormWanted, RuleKind, Who};

use super::about::{About, PRODUCT, Section, UNCLEAR, about};
use super::clause::{
    AT_MOST, NUMBER, UNIT, branch_patterns, number, quoted, seconds_in, time_of_day,
};
use super::file;
use super::who::{ROLES, subject, who};

/// What became of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The rules that it states.
    pub(super) rules: Vec<RuleKind>,
    /// What it could state as well, if it is meant for the team.
    pub(super) doubtful: Vec<RuleKind>,
    /// Why it, or the doubtful part of it, is no rule; absent where all of it is one.
    pub(super) why: Option<&'static str>,
}

impl Reading {
    fn unchecked(why: &'static str) -> Self {
        Self {
            why: Some(why),
            ..Self::default()
        }
    }
}

const CONDITIONAL: &str = "it holds under a condition that torch can't check";

const NEGATION: &str = r"(?:(?:must|may|shall|should|can|could|will)\s*(?:not|n't)|mustn't|shouldn't|cannot|can't|won't|do(?:es)?\s+not|don't|doesn't|(?:(?:must|may|shall|should|can|could|will)\s+)?never|(?:is|are)\s+(?:not\s+(?:allowed|permitted)|forbidden)\s+to)";
const WRITE: &str = r"(?:directly\s+)?(?:write|writes|talk|talks|speak|speaks|send\s+(?:\w+\s+)?messages|sends\s+(?:\w+\s+)?messages|message|messages|contact|contacts|ping|pings|dm|dms|communicate|communicates|address|addresses|bother|bothers|interrupt|interrupts)(?:\s+directly)?(?:\s+(?:to|with))?(?:\s+directly\s+(?:to|with))?";

/// A pattern, with `ROLES`, `NOT`, `WRITE`, `NUM`, `UNIT` and `MOST` in angle brackets filled in.
pub(super) fn pattern(text: &str) -> Regex {
    let text = text
        .replace("<ROLES>", &ROLES)
        .replace("<NOT>", NEGATION)
        .replace("<WRITE>", WRITE)
        .replace("<NUM>", NUMBER)
        .replace("<UNIT>", UNIT)
        .replace("<MOST>", AT_MOST);
    Regex::new(&format!("(?i){text}")).expect("the parts of a pattern are constant")
}

macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)*
    };
}

patterns! {
    // Who writes to whom.
    MAY_NOT = r"^(?P<from><ROLES>)\s+<NOT>\s+(?:\w+ly\s+)?<WRITE>\s+(?P<to><ROLES>)";
    NOBODY_MAY = r"^(?:nobody|no\s+one|no\s+(?:agent|role))\s+(?:may|can|should|must|is\s+allowed\s+to)\s+<WRITE>\s+(?P<to><ROLES>)";
    NEVER = r"^(?:(?:please|you|we)\s+)?(?:(?:must|should|shall|may)\s+)?(?:never|not|do\s+not|don't)\s+(?:\w+ly\s+)?<WRITE>\s+(?P<to><ROLES>)";
    NO_MESSAGES = r"^no\s+(?:direct\s+)?(?:messages?|communication|contact|talk|chat)\s+(?:from\s+(?P<from><ROLES>)\s+to\s+(?P<to><ROLES>)|between\s+(?P<two><ROLES>))";
    ONLY_TO = r"^(?P<from><ROLES>)\s+(?:(?:must|may|shall|should|can|will)\s+)?(?:only\s+(?:ever\s+)?<WRITE>\s+(?P<to><ROLES>)|<WRITE>\s+(?:only\s+)?(?:to\s+)?(?P<to2><ROLES>)\s+only\b|<WRITE>\s+only\s+(?:to\s+|with\s+)?(?P<to3><ROLES>))";
    ONLY_MAY = r"^only\s+(?P<from><ROLES>)\s+(?:(?:may|can|is\s+allowed\s+to|are\s+allowed\s+to|should|must)\s+)?<WRITE>\s+(?P<to><ROLES>)";
    THROUGH = r"^all\s+(?:(?:agent|direct|inter-agent|team)\s+)?(?:messages?|communication|requests?|questions?)\s+(?:(?:must|should|shall|has\s+to|have\s+to|always)\s+)*(?:goe?s?|pass(?:es)?|run|flows?|be\s+(?:sent|routed))\s+(?:through|via|to|over)\s+(?P<to><ROLES>)";
    MAY = r"^(?P<from><ROLES>)\s+(?:may|can|(?:is|are)\s+(?:allowed|free|permitted)\s+to)\s+(?:always\s+|also\s+)?<WRITE>\s+(?P<to><ROLES>)";
    REPORTS = r"^(?:(?P<from><ROLES>)\s+)?(?:(?:must|should|shall|always|will|only)\s+)*reports?\s+(?:(?:back|directly|only|all|completions?|status|progress|results?|their|its|every|each)\s+)*to\s+(?P<to><ROLES>)";
    // What turns a sentence round.
    DETOUR = r"\b(?:via|through|by\s+(?:way|means)\s+of)\s+<ROLES>";
    CONTRAST = r"\b(?:but|though|although|however|yet)\b[^.;]*?(?:\bnot\b|\bnever\b|n't\b|\bcannot\b)";
    NEEDLESS = r"\b(?:no\s+need\b|(?:do|does|did)(?:\s+not|n't)\s+(?:need|have)\s+to\b|need(?:\s+not|n't)\b|not\s+(?:necessary|required|needed|obliged)\b|optional(?:ly)?\b)";
    NOT_DONE = r"<NOT>\s+(?:\w+ly\s+)?(?:commit|push|ack|acknowledge)\b";
    CONDITION = r"\b(?:if|unless|except|when(?:ever)?|until|while|without|before|after|during|about|in\s+case)\b";
    GOES_ON = r"^\s*(?:$|[.,;:!)(—–]|-\s|(?:directly|only|at|ever|again|any\s?more|via|through|by|in|on|for|with|and|or|but|because|as|instead|themselves|first|either|so|is|are|must|may|always|per|all)\b)";
    FILE_LIKE = r"\bwrites?\s+(?:directly\s+)?(?:only\s+)?(?:to\s+)?(?:the\s+)?`[^`]*`$|\b(?:write|writes)\s+(?:directly\s+)?to\s+(?:dev|docs|qa|hub)$";
    // Numbers of messages.
    EXCHANGES = r"(?:(?:<MOST>|after)\s+(?P<n><NUM>)\s+(?:\w+\s+)?(?:exchanges|back[- ]and[- ]forths?|round[- ]?trips?|rounds|replies)\b|(?P<n2><NUM>)\s+exchanges\s+(?:max|at\s+most|per\s+thread|limit))";
    RATE = r"(?:<MOST>\s+)(?P<count><NUM>)\s+(?:\w+\s+)?messages?\s+(?:per|an?|every|in|within|each)\s+(?:(?P<n><NUM>)\s+)?(?P<unit><UNIT>)\b";
    LENGTH = r"(?:<MOST>|under|below|shorter\s+than|fewer\s+than|less\s+than|longer\s+than|within)\s+(?P<n>\d{1,6})\s*(?:characters|chars)\b";
    LENGTH_OF = r"\b(?:messages?|scm|texts?\s+to)\b";
    BROADCAST = r"(?:\b(?:no|avoid)\b|<NOT>)[^.;]*(?:\bbroadcast(?:s|ing)?\b|\bmass\s+messages?\b|<WRITE>\s+(?:to\s+)?(?:everyone|everybody|all\s+(?:agents|roles))(?:\s+at\s+once)|\bFYI\s+to\s+all\b)";
    HOURS = r"(?:quiet\s+hours?|no\s+(?:agent\s+)?messages?|silence|<NOT>\s+<WRITE>)[^.;]*?(?:between|from|:|are)\s*(?P<begin>\d{1,2}(?::\d{2})?\s*(?:am|pm)?|midnight|noon)\s*(?:and|to|until|till|-|–)\s*(?P<end>\d{1,2}(?::\d{2})?\s*(?:am|pm)?|midnight|noon)(?:[^\w:]|$)";
    // Times.
    COMMIT = r"\bcommit(?:s|ted|ting)?\b[^.;]*?\b(?:(?:at\s+least\s+)?(?:once\s+)?(?:every|within|each|per|an)\s+(?:(?P<n><NUM>)\s+)?(?P<unit><UNIT>)\b)";
    COMMIT_HOURLY = r"\bcommit(?:s|ted|ting)?\b[^.;,]*?\bhourly\b";
    NO_LONGER = r"(?:never|not|no)\b[^.;,]*?(?:more|longer)\s+than\s+(?P<n><NUM>)\s+(?P<unit><UNIT>)\s+without\s+(?:\w+\s+)?(?:commit(?:s|ting)?)\b";
    PUSH = r"\bpush(?:es|ed|ing)?\b[^.;,]*?\b(?:(?:at\s+least\s+)?(?:once\s+)?(?:every|within|each)\s+(?:(?P<n><NUM>)\s+)?(?P<unit><UNIT>)\b)";
    ACK = r"\b(?:ack|acks|acked|acknowledge[sd]?|acknowledg(?:e)?ments?)\b[^.;]*?\bwithin\s+(?:(?P<n><NUM>)\s+)?(?P<unit><UNIT>)\b";
    BLOCKED = r"\b(?:blocked|blockers?|stuck)\b[^.;]*?(?:more\s+than|longer\s+than|over|after|>|within|for)\s*(?:(?P<n><NUM>)\s*)(?P<unit><UNIT>)\b";
    ESCALATE = r"\b(?:escalat\w+|tell|notify|inform|report|ask|raise|alert)\b";
    // Forms, words, names.
    STATUS_FORM = r"\bstatus\b[^.;]*\b(?:template|form|format)\b|\b(?:template|form|format)\b[^.;]*\bstatus\b";
    TASK_FORM = r"\btasks?\b[^.;]*\b(?:template|form|format)\b|\b(?:template|form|format)\b[^.;]*\btasks?\b";
    USES = r"\b(?:use|uses|using|used|follow|follows|must|always|required|need|needs|have|has|write|give|assign|report)\b";
    SPEAKS = r"\b(?:messages?|words?|phrases?|say|saying|mention|mentions|wording)\b";
    ELSEWHERE = r"\b(?:commits?|code|comments?|variables?|files?|functions?|logs?|docs?|documentation|errors?)\b";
    UNLESS = r"\b(?:unless|except|if)\b";
    FORBIDS = r"(?:\b(?:no|avoid|without|forbidden|banned|prohibited)\b|<NOT>)";
    DEMANDS = r"\b(?:messages?|reports?)\b(?:\s+of\s+(?P<of><ROLES>))?(?:\s+from\s+(?P<from><ROLES>))?(?:\s+to\s+(?P<to><ROLES>))?\s+(?:(?:must|should|shall|always|need\s+to|has\s+to|have\s+to)\s+)+(?P<verb>contain|include|mention|have|carry|start\s+with|begin\s+with)";
    ALL_OF = r"[\x22”`']\s*,?\s*(?:and|as\s+well\s+as|plus)\s+[\x22“`']|\bboth\b|\ball\s+of\b";
    ONE_OF = r"[\x22”`']\s*,?\s*or\s+[\x22“`']|\b(?:either|one\s+of|any\s+of)\b";
    CRITICAL = r"\b(?:critical|alert|alarm|escalation)\s+(?:key)?words?\b|\b(?:copy|notify|tell|alert|inform|cc)\s+(?:the\s+)?(?:orchestrator|hub)\b[^.;]*\b(?:words?|mentions?|contains?|says?)\b";
    BRANCH = r"\bbranch(?:es)?\b";
    BRANCH_VERB = r"\b(?:must|should|shall|always|use|named?|called|names?|naming|prefix(?:es|ed)?|start|starts|begin|begins|follow|format|pattern|are|is|create)\b";
}

/// Reads a statement that stands in such a section.
pub(super) fn read(text: &str, section: Section) -> Reading {
    let plain = text.replace("**", "").replace("__", "");
    let plain = plain.trim();
    if plain.ends_with('?') {
        return Reading::unchecked("it is a question");
    }
    if is_example(plain) {
        return Reading::unchecked("it is an example");
    }
    let mut asks = Vec::new();
    let mut why = "no kind of rule that torch can check";
    match route(plain, section) {
        Route::Is(ask) => asks.push(ask),
        Route::Conditional => why = CONDITIONAL,
        Route::File => why = MAY_BE_A_FILE,
        Route::None => {}
    }
    asks.extend(limits(plain));
    asks.extend(times(plain));
    // Who writes to whom may stand in backticks, and is no word to be said.
    if asks.is_empty() || !plain.contains('`') {
        asks.extend(words(plain));
    }
    if let Some(turned) = turned_round(plain, &asks) {
        asks.clear();
        why = turned;
    }
    let general = |ask: &RuleKind| matches!(ask, RuleKind::BlockedAfter { .. });
    if UNLESS.is_match(plain) && !asks.iter().all(general) {
        asks.clear();
        why = CONDITIONAL;
    }
    let bad = asks.iter().find_map(|ask| file::check(ask).err());
    match (asks.is_empty(), bad) {
        (_, Some(bad)) => Reading::unchecked(bad_reason(bad)),
        (true, None) => Reading::unchecked(why),
        (false, None) => sorted(plain, section, asks),
    }
}

/// Why a statement does not mean what its beginning says.
fn turned_round(text: &str, asks: &[RuleKind]) -> Option<&'static str> {
    let any = |wanted: fn(&RuleKind) -> bool| asks.iter().any(wanted);
    let edge = |ask: &RuleKind| {
        matches!(
            ask,
            RuleKind::MayWrite { .. }
                | RuleKind::MayNotWrite { .. }
                | RuleKind::WritesOnlyTo { .. }
        )
    };
    let opens = |ask: &RuleKind| matches!(ask, RuleKind::MayWrite { .. });
    let timed = |ask: &RuleKind| {
        matches!(
            ask,
            RuleKind::CommitEvery { .. } | RuleKind::PushWithin { .. } | RuleKind::AckWithin { .. }
        )
    };
    if any(edge) && DETOUR.is_match(text) && !THROUGH.is_match(text) {
        return Some("it names a way between two roles; torch checks who writes to whom");
    }
    if any(opens) && CONTRAST.is_match(text) {
        return Some("it allows and forbids in one sentence");
    }
    if NEEDLESS.is_match(text) && !asks.is_empty() {
        return Some("it says that something is not needed");
    }
    if any(timed) && NOT_DONE.is_match(text) {
        return Some("it says what is not to be done, and not when it is");
    }
    None
}

/// What of a statement is meant for the team, and what may be meant for the product.
fn sorted(text: &str, section: Section, asks: Vec<RuleKind>) -> Reading {
    let mut reading = Reading::default();
    for ask in asks {
        match about(text, section, &ask) {
            About::Team => reading.rules.push(ask),
            About::Product => reading.why = Some(PRODUCT),
            About::Unclear => reading.doubtful.push(ask),
        }
    }
    if !reading.doubtful.is_empty() {
        reading.why = Some(UNCLEAR);
    }
    reading
}

fn bad_reason(bad: &'static str) -> &'static str {
    match bad {
        file::CUTS_OFF => {
            "torch never cuts off the orchestrator: it can always be written to, so this would not be enforced"
        }
        _ => "its number or its words can't be",
    }
}

fn is_example(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "for example",
        "example:",
        "examples:",
        "e.g.",
        "bad:",
        "good:",
        "❌",
        "✅",
        "todo",
    ]
    .iter()
    .any(|begin| lower.starts_with(begin))
}

/// Why an order to write to something is no rule.
const MAY_BE_A_FILE: &str = "what is written to may be a file; where a role is meant, say \"message\" instead of \"write to\"";

enum Route {
    Is(RuleKind),
    Conditional,
    /// What is written to may be a file.
    File,
    None,
}

/// Who writes to whom.
fn route(text: &str, section: Section) -> Route {
    // An adverb in front of an order says nothing more.
    let text = text
        .trim_start_matches("IMPORTANT: ")
        .trim_start_matches("Important: ");
    let Some((ask, end)) = routed(text) else {
        return Route::None;
    };
    let rest = &text[end..];
    if CONDITION.is_match(rest) {
        return Route::Conditional;
    }
    // "the tester's database", "the developer docs": no role is written to there.
    if !GOES_ON.is_match(rest) {
        return Route::None;
    }
    // "may only write to `tests`": a folder, as likely as a role; but not among the team's rules, where another name writes to it.
    let stated = &text[..end];
    let names = section == Section::Team && stated.starts_with('`');
    if stated.ends_with('`') && !names && FILE_LIKE.is_match(stated) {
        return Route::File;
    }
    Route::Is(ask)
}

/// The rule, and where the words end that state it.
fn routed(text: &str) -> Option<(RuleKind, usize)> {
    let end = |hit: &Captures<'_>| hit.get(0).map_or(0, |all| all.end());
    let group = |hit: &Captures<'_>, name: &str| who(hit.name(name)?.as_str());
    let both = |hit: &Captures<'_>| Some((group(hit, "from")?, group(hit, "to")?));
    if let Some(hit) = NOBODY_MAY.captures(text) {
        let (from, to) = (Who::Everyone, group(&hit, "to")?);
        return Some((RuleKind::MayNotWrite { from, to }, end(&hit)));
    }
    if let Some(hit) = MAY_NOT.captures(text) {
        let (from, to) = both(&hit)?;
        return Some((RuleKind::MayNotWrite { from, to }, end(&hit)));
    }
    if let Some(hit) = NEVER.captures(text) {
        // "Don't message everyone at once" is about broadcasts.
        let to = group(&hit, "to").filter(|to| *to != Who::Everyone)?;
        let from = Who::Everyone;
        return Some((RuleKind::MayNotWrite { from, to }, end(&hit)));
    }
    if let Some(hit) = NO_MESSAGES.captures(text) {
        let two = group(&hit, "two").map(|two| (two.clone(), two));
        let (from, to) = two.or_else(|| both(&hit))?;
        return Some((RuleKind::MayNotWrite { from, to }, end(&hit)));
    }
    if let Some(hit) = ONLY_MAY.captures(text) {
        let (from, to) = both(&hit)?;
        return Some((RuleKind::HearsOnly { to, from }, end(&hit)));
    }
    if let Some(hit) = ONLY_TO.captures(text) {
        let from = group(&hit, "from")?;
        let to = ["to", "to2", "to3"]
            .into_iter()
            .find_map(|name| group(&hit, name))?;
        return Some((RuleKind::WritesOnlyTo { from, to }, end(&hit)));
    }
    if let Some(hit) = THROUGH.captures(text) {
        let (from, to) = (Who::Everyone, group(&hit, "to")?);
        return Some((RuleKind::WritesOnlyTo { from, to }, end(&hit)));
    }
    if let Some(hit) = MAY.captures(text) {
        let (from, to) = both(&hit)?;
        // "… may write to each other".
        let each = hit["to"].to_lowercase();
        let mutual = each.contains("each other") || each.contains("one another");
        let to = if mutual { from.clone() } else { to };
        return Some((RuleKind::MayWrite { from, to }, end(&hit)));
    }
    let hit = REPORTS.captures(text)?;
    let from = group(&hit, "from").unwrap_or(Who::Everyone);
    let to = group(&hit, "to").filter(|to| *to != Who::Everyone)?;
    Some((RuleKind::ReportsTo { from, to }, end(&hit)))
}

/// How much and how often.
fn limits(text: &str) -> Vec<RuleKind> {
    let mut asks = Vec::new();
    if let Some(hit) = EXCHANGES.captures(text) {
        let count = hit.name("n").or(hit.name("n2"));
        let count = count.and_then(|count| number(count.as_str()));
        asks.extend(count.map(|count| RuleKind::MaxExchanges { count }));
    }
    if let Some(hit) = RATE.captures(text) {
        let (count, seconds) = (number(&hit["count"]), seconds_in(&hit));
        if let (Some(count), Some(seconds)) = (count, seconds) {
            let from = subject(text);
            asks.push(RuleKind::MaxMessages {
                from,
                count,
                seconds,
            });
        }
    }
    if let Some(hit) = LENGTH.captures(text).filter(|_| LENGTH_OF.is_match(text))
        && let Some(characters) = number(&hit["n"])
    {
        let from = subject(text);
        asks.push(RuleKind::MaxLength { from, characters });
    }
    if let Some(hit) = HOURS.captures(text)
        && let (Some(begin), Some(end)) = (time_of_day(&hit["begin"]), time_of_day(&hit["end"]))
    {
        let from = subject(text);
        asks.push(RuleKind::QuietHours { from, begin, end });
    }
    if BROADCAST.is_match(text) {
        let from = subject(text);
        asks.push(RuleKind::NoBroadcast { from });
    }
    asks
}

/// What is to be done by when.
fn times(text: &str) -> Vec<RuleKind> {
    let mut asks = Vec::new();
    let from = || subject(text);
    let commit = NO_LONGER.captures(text).or_else(|| COMMIT.captures(text));
    let commit = match commit {
        Some(hit) => seconds_in(&hit),
        None => COMMIT_HOURLY.is_match(text).then_some(3_600),
    };
    asks.extend(commit.map(|seconds| RuleKind::CommitEvery {
        from: from(),
        seconds,
    }));
    let push = PUSH.captures(text).and_then(|hit| seconds_in(&hit));
    asks.extend(push.map(|seconds| RuleKind::PushWithin {
        from: from(),
        seconds,
    }));
    let ack = ACK.captures(text).and_then(|hit| seconds_in(&hit));
    asks.extend(ack.map(|seconds| RuleKind::AckWithin {
        from: from(),
        seconds,
    }));
    let blocked = BLOCKED.captures(text).filter(|_| ESCALATE.is_match(text));
    let blocked = blocked.and_then(|hit| seconds_in(&hit));
    asks.extend(blocked.map(|seconds| RuleKind::BlockedAfter { seconds }));
    asks
}

/// "use `feat/…` branches, never work on `main`": the first half says how they are called.
fn before_prohibition(text: &str) -> &str {
    static PROHIBITION: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[,;—–]\s*(?:and\s+|but\s+)?(?:never|don't|do\s+not|not|no)\b"));
    PROHIBITION
        .find(text)
        .map_or(text, |found| &text[..found.start()])
}

/// Forms, words and names.
fn words(text: &str) -> Vec<RuleKind> {
    let mut asks = Vec::new();
    if USES.is_match(text) {
        let forms = [
            (&STATUS_FORM, FormWanted::Status),
            (&TASK_FORM, FormWanted::Task),
        ];
        for (form, wanted) in forms {
            if form.is_match(text) && !FORBIDS.is_match(text) {
                let (from, form) = (subject(text), wanted);
                asks.push(RuleKind::Form { from, form });
            }
        }
    }
    let named = before_prohibition(text);
    if BRANCH.is_match(named) && BRANCH_VERB.is_match(named) && !FORBIDS.is_match(named) {
        let patterns = branch_patterns(named);
        if !patterns.is_empty() {
            let from = subject(text);
            asks.push(RuleKind::BranchNames { from, patterns });
        }
        return asks;
    }
    let words = quoted(text);
    if words.is_empty() || !asks.is_empty() {
        return asks;
    }
    if CRITICAL.is_match(text) {
        asks.push(RuleKind::CriticalWords { words });
    } else if let Some(hit) = DEMANDS.captures(text) {
        let group = |name: &str| hit.name(name).and_then(|found| who(found.as_str()));
        let from = group("from").or_else(|| group("of"));
        let first = hit["verb"].to_lowercase().ends_with("with");
        // "A and B" needs both; nothing begins with both.
        let sets = match !first && ALL_OF.is_match(text) && !ONE_OF.is_match(text) {
            true => words.into_iter().map(|word| vec![word]).collect(),
            false => vec![words],
        };
        asks.extend(sets.into_iter().map(|words| RuleKind::RequiredWords {
            from: from.clone().unwrap_or(Who::Everyone),
            to: group("to").unwrap_or(Who::Everyone),
            first,
            words,
        }));
    } else if SPEAKS.is_match(text) && FORBIDS.is_match(text) && !ELSEWHERE.is_match(text) {
        let from = subject(text);
        asks.push(RuleKind::ForbiddenWords { from, words });
    }
    asks
}
