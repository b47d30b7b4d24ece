//! What check-ins say: short, of what torch saw, and with what to do about it.

use std::fmt::Write as _;
use std::time::Duration;

use torch_core::Timestamp;
use torch_scheduler::check_in::{News, What};

use super::super::schedule::span;

/// How many things are listed; the rest is a number.
const LISTED: usize = 12;
/// The most of an agent's words that are quoted, in characters.
const QUOTED: usize = 160;

/// What the hub is told.
pub(super) fn news(
    news: &[News],
    standing: &[News],
    heard: Option<Timestamp>,
    now: Timestamp,
) -> String {
    let since = heard.map_or_else(String::new, |heard| {
        format!(" in the last {}", span(whole(now.since(heard))))
    });
    let mut text = format!("Check-in: you were idle, and this happened{since}:");
    list(&mut text, news, now);
    if !standing.is_empty() {
        text.push_str("\nStill so:");
        list(&mut text, standing, now);
    }
    text.push_str("\nSee to what needs you; nothing has to be answered.");
    text
}

fn list(text: &mut String, all: &[News], now: Timestamp) {
    for one in all.iter().take(LISTED) {
        let ago = span(whole(now.since(one.at)));
        let role = &one.role;
        let line = match &one.what {
            What::Finished(words) => {
                format!("{role} reported complete {ago} ago: {}", quote(words))
            }
            What::Asks(words) => {
                format!(
                    "{role} has asked for {ago}: {} (torch pending)",
                    quote(words)
                )
            }
            What::Limited(words) => format!("{role} has been held for {ago}: it is {words}"),
            What::NoLogin(words) => {
                format!(
                    "{role} has had no login or no key for {ago}: {}",
                    quote(words)
                )
            }
            What::Ended(state) => {
                format!("{role} does not run: it {state} {ago} ago (torch why {role})")
            }
            What::Silent => format!(
                "{role} went silent: asked once, it did not say what came of its turn (told {ago} ago)"
            ),
            What::Stuck => format!(
                "{role} has been in one turn without a sign of life (torch logs {role}, torch why {role})"
            ),
            What::Violation { words, id } => {
                format!(
                    "{role} broke {words} {ago} ago, which is open (torch violations resolve {id})"
                )
            }
        };
        let _ = write!(text, "\n- {line}");
    }
    if all.len() > LISTED {
        let _ = write!(text, "\n- and {} more: torch status", all.len() - LISTED);
    }
}

/// What a role is asked that was given something and never said what came of it; `above` is who hears it.
pub(super) fn silent_role(given: Option<Timestamp>, now: Timestamp, above: &str) -> String {
    let ago = given.map_or_else(String::new, |given| {
        format!(" {} ago", span(whole(now.since(given))))
    });
    format!(
        "Check-in: you were written to{ago}, had a turn since, and told nobody what came of it. Say it in one message: \
         `torch complete \"…\"` if your task is done, else `scm {above} \"…\"` with what is left or what blocks you."
    )
}

/// The first line of an agent's words, cut.
fn quote(words: &str) -> String {
    let line = words.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or_default().trim();
    match line.char_indices().nth(QUOTED) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line.to_owned(),
    }
}

/// Without the milliseconds, and at least a second.
fn whole(length: Duration) -> Duration {
    Duration::from_secs(length.as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use torch_core::AgentState;

    use super::*;

    fn one(role: &str, minutes: u64, what: What) -> News {
        News {
            role: role.to_owned(),
            at: Timestamp(minutes * 60_000),
            what,
        }
    }

    #[test]
    fn the_hub_reads_what_happened() {
        let told = [
            one(
                "tester",
                20,
                What::Asks("Run `rm -r target`?\nYes/No".to_owned()),
            ),
            one("developer", 48, What::Finished("the parser".to_owned())),
            one("devops", 55, What::Ended(AgentState::Crashed)),
            one(
                "tester",
                58,
                What::Violation {
                    words: "limit.thread towards developer 2 times".to_owned(),
                    id: "v-7k3f9q2a".to_owned(),
                },
            ),
        ];
        let still = [one(
            "researcher",
            1,
            What::Limited("limited until 14:02 (UTC)".to_owned()),
        )];
        let (heard, now) = (Some(Timestamp(0)), Timestamp(3_600_400));
        assert_eq!(
            news(&told, &still, heard, now),
            "Check-in: you were idle, and this happened in the last 1 h:\n\
             - tester has asked for 40 min: Run `rm -r target`? (torch pending)\n\
             - developer reported complete 12 min ago: the parser\n\
             - devops does not run: it crashed 5 min ago (torch why devops)\n\
             - tester broke limit.thread towards developer 2 times 2 min ago, which is open (torch violations resolve v-7k3f9q2a)\n\
             Still so:\n\
             - researcher has been held for 59 min: it is limited until 14:02 (UTC)\n\
             See to what needs you; nothing has to be answered."
        );
    }

    #[test]
    fn a_check_in_stays_short() {
        let all: Vec<News> = (0..60)
            .map(|n| one("developer", n, What::Finished("x".repeat(4_000))))
            .collect();
        let text = news(&all, &all, None, Timestamp(3_600_000));
        assert!(text.chars().count() < 6_000, "{}", text.len());
        assert!(text.contains("and 48 more: torch status"), "{text}");
    }
}
