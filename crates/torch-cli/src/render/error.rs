//! Errors: what failed, why, what to run.

use serde_json::{Value, json};

use super::plain;
use super::style::{BAD, GOOD, paint};
use crate::error::{CommandError, ErrorKind};

/// `Error:`, the causes below it, then each `Hint:`.
pub fn error(error: &CommandError) -> String {
    let mut text = format!("{} {}\n", paint(BAD, "Error:"), indented(&error.message));
    for cause in &error.causes {
        text.push_str(&format!("  {}\n", indented(cause)));
    }
    for hint in &error.hints {
        text.push_str(&format!("{} {}\n", paint(GOOD, "Hint:"), indented(hint)));
    }
    text
}

/// A failure for programs: `{"ok":false,"exit_code":4,"kind":"refused","error":…,"causes":[…],"hint":…,"hints":[…],"rule":…}`;
/// `rule` is the one that refused it, where a rule did.
pub fn as_json(error: &CommandError) -> Value {
    json!({
        "ok": false,
        "exit_code": error.kind.exit_code(),
        "kind": error.kind.as_str(),
        "error": error.message,
        "causes": error.causes,
        "hint": error.hints.first(),
        "hints": error.hints,
        "rule": rule(error),
    })
}

/// The rule that a refusal names: `rule mode.matrix: …`, `… (rule mode.matrix)`.
fn rule(error: &CommandError) -> Option<&str> {
    let refused = error.kind == ErrorKind::Refused;
    let texts = error.causes.iter().chain([&error.message]);
    let mut named = texts.filter(|_| refused).filter_map(|text| {
        let behind = text.split_once("(rule ").map(|(_, behind)| behind);
        let name = text.strip_prefix("rule ").or(behind)?;
        name.split([':', ';', ' ', ',', ')']).next()
    });
    named.find(|name| !name.is_empty())
}

fn indented(text: &str) -> String {
    plain(text.trim_end()).replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_rule() {
        for (cause, name) in [
            (
                "rule mode.matrix: tester may not write to developer",
                Some("mode.matrix"),
            ),
            (
                "rule plan.hub: of a team's agents, the hub",
                Some("plan.hub"),
            ),
            (
                "rule privilege.person; the caller is tester",
                Some("privilege.person"),
            ),
            (
                "it may not write there (rule edge.human)",
                Some("edge.human"),
            ),
            ("no rule at all", None),
        ] {
            let error = CommandError::new(ErrorKind::Refused, "it was refused")
                .cause("first")
                .cause(cause)
                .hint("torch status");
            let value = as_json(&error);
            assert_eq!(value["rule"].as_str(), name);
            assert_eq!(value["exit_code"], 4);
            assert_eq!(value["hint"], "torch status");
        }
        let other = CommandError::usage("bad").cause("rule x: y");
        assert_eq!(as_json(&other)["rule"], Value::Null);
    }
}
