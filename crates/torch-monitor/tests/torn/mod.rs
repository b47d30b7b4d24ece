//! Screens that are cut, narrowed and scrolled at random: nothing panics, and an open dialog never reads as a prompt.

use torch_core::screen::ScreenKind;
use torch_monitor::Screen;

use crate::fixtures::{Fixture, all, rules};

/// How often each screen is torn.
const TIMES: u64 = 12;

/// The next number of a sequence that is the same in each run (SplitMix64).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn below(seed: &mut u64, end: usize) -> usize {
    usize::try_from(next(seed) % end.max(1) as u64).expect("it is below a usize")
}

/// Rows cut to a width, or wrapped at it as a narrower terminal does with what a program printed before.
fn narrowed(text: &str, width: usize, wrap: bool) -> String {
    let mut rows = Vec::new();
    for line in text.lines() {
        let chars: Vec<char> = line.chars().collect();
        if wrap && !chars.is_empty() {
            rows.extend(
                chars
                    .chunks(width)
                    .map(|row| row.iter().collect::<String>()),
            );
        } else {
            rows.push(chars.into_iter().take(width).collect());
        }
    }
    rows.join("\n")
}

/// The screen scrolled up by some rows: its top is gone.
fn scrolled(text: &str, rows: usize) -> String {
    text.lines().skip(rows).collect::<Vec<_>>().join("\n")
}

/// The row in which the dialog's text begins.
fn dialog_top(fixture: &Fixture) -> Option<usize> {
    let reading = rules(&fixture.facts.program).read(&fixture.whole());
    reading.dialog.as_ref()?;
    Some(reading.matches.last()?.rows.start)
}

#[test]
fn no_screen_is_too_torn_to_be_read() {
    let mut seed = 7;
    for fixture in all() {
        let rules = rules(&fixture.facts.program);
        for _ in 0..TIMES {
            let bytes = &fixture.screen;
            let from = below(&mut seed, bytes.len());
            let to = from + below(&mut seed, bytes.len() - from + 1);
            let reading = rules.read(&Screen::parse(&bytes[from..to]));
            assert!(!reading.evidence.is_empty());
            let text = Screen::parse(bytes).text();
            let width = 40 + below(&mut seed, 160);
            let torn = narrowed(&text, width, below(&mut seed, 2) == 0);
            let torn = scrolled(&torn, below(&mut seed, 60));
            let reading = rules.read(&Screen::parse(torn.as_bytes()));
            for found in &reading.matches {
                assert!(
                    found.rows.end <= torn.lines().count().max(found.rows.start),
                    "{found:?}"
                );
            }
        }
    }
}

#[test]
fn a_torn_dialog_is_no_prompt() {
    let mut seed = 11;
    let mut tried = 0;
    for fixture in all() {
        let Some(top) = dialog_top(&fixture).filter(|_| fixture.facts.dialog.is_some()) else {
            continue;
        };
        let rules = rules(&fixture.facts.program);
        let text = Screen::parse(&fixture.screen).text();
        for _ in 0..TIMES {
            // All of the dialog stays on the screen, as its bottom does on a real one.
            let torn = scrolled(&text, below(&mut seed, top + 1));
            // A program that prints lines has them wrapped by the terminal; one that draws a screen may cut them.
            let wrap = below(&mut seed, 2) == 0 || fixture.facts.program == "aider";
            let torn = narrowed(&torn, 40 + below(&mut seed, 161), wrap);
            let reading = rules.read(&Screen::parse(torn.as_bytes()));
            let what = format!("{}: {}\n{torn}", fixture.name, reading.evidence);
            assert_ne!(reading.kind, ScreenKind::Prompt, "{what}");
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} dialogs were torn");
}
