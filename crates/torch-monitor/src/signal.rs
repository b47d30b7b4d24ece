//! What a program reports by itself: a record of a hook, a transcript or a status line goes in, what it means comes out.

use regex::Regex;
use serde_json::Value;
use torch_core::Timestamp;
use torch_core::program::{Signal, SignalRule, ValuePointers};

use crate::figures::Figures;
use crate::rules::RuleError;

/// How much of a record's words its evidence quotes, in characters.
const QUOTED: usize = 160;

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalReading {
    /// What it means, if a rule fits.
    pub signal: Option<Signal>,
    /// Its words: a prompt, a question, an error.
    pub text: String,
    /// The record in one line.
    pub evidence: String,
    /// The figures in it.
    pub figures: Figures,
    /// When it was written, if it says so.
    pub at: Option<Timestamp>,
}

/// Compiled rules for one kind of record.
#[derive(Debug, Clone, Default)]
pub struct SignalRules {
    rules: Vec<Compiled>,
    unwrap: Vec<Regex>,
    no_login: Vec<Regex>,
    values: ValuePointers,
}

#[derive(Debug, Clone)]
struct Compiled {
    when: Vec<(String, Regex)>,
    is: Signal,
    text: Vec<String>,
}

impl SignalRules {
    /// Compiles rules. `section` is where they stand, e.g. `hooks`.
    ///
    /// # Errors
    /// [`RuleError`] names the first rule that is no regular expression.
    pub fn compile(
        program: &str,
        section: &str,
        rules: &[SignalRule],
        values: &ValuePointers,
    ) -> Result<Self, RuleError> {
        let one = |(n, rule): (usize, &SignalRule)| {
            Ok(Compiled {
                when: compile_when(program, &format!("{section}.rules[{n}].when"), &rule.when)?,
                is: rule.is,
                text: rule.text.clone(),
            })
        };
        Ok(Self {
            rules: rules
                .iter()
                .enumerate()
                .map(one)
                .collect::<Result<_, RuleError>>()?,
            unwrap: Vec::new(),
            no_login: Vec::new(),
            values: values.clone(),
        })
    }

    /// The same rules for a program that puts something around prompts; each pattern's first group is the prompt. `section` is as
    /// for [`Self::compile`].
    ///
    /// # Errors
    /// [`RuleError`] names the first pattern that is no regular expression.
    pub fn unwrapping(
        mut self,
        program: &str,
        section: &str,
        patterns: &[String],
    ) -> Result<Self, RuleError> {
        self.unwrap = compile_all(program, &format!("{section}.unwrap"), patterns)?;
        Ok(self)
    }

    /// The same rules for a program of which is known in what words its turns fail for want of a login or a key.
    ///
    /// # Errors
    /// [`RuleError`] names the first pattern that is no regular expression.
    pub fn refusing(mut self, program: &str, patterns: &[String]) -> Result<Self, RuleError> {
        self.no_login = compile_all(program, "hooks.no_login", patterns)?;
        Ok(self)
    }

    /// Whether a record tells of a turn that failed for want of a login or a key.
    pub fn has_no_login(&self, reading: &SignalReading) -> bool {
        let says = |pattern: &Regex| pattern.is_match(&reading.text);
        reading.signal == Some(Signal::TurnFailed) && self.no_login.iter().any(says)
    }

    fn unwrapped(&self, text: String) -> String {
        // One record may hold several: tools that end together have one result each.
        let inner = self.unwrap.iter().find_map(|pattern| {
            let all = pattern.captures_iter(&text);
            let inner: Vec<&str> = all
                .filter_map(|found| found.get(1).map(|inner| inner.as_str()))
                .collect();
            (!inner.is_empty()).then(|| inner.join("\n"))
        });
        inner.unwrap_or(text)
    }

    /// Reads a record.
    pub fn read(&self, record: &Value) -> SignalReading {
        let rule = self.rules.iter().find(|rule| fits(&rule.when, record));
        let text = rule.map_or_else(String::new, |rule| {
            rule.text
                .iter()
                .find_map(|pointers| all_words(record, pointers))
                .map(|text| self.unwrapped(text))
                .unwrap_or_default()
        });
        let what = rule.map_or_else(
            || "no rule fits".to_owned(),
            |rule| {
                let parts = rule.when.iter().map(|(at, _)| words(record, at));
                let parts: Vec<_> = parts.filter(|part| *part != text).collect();
                parts.join(" ")
            },
        );
        let quoted: String = text.chars().take(QUOTED).collect();
        let evidence = match rule.map(|rule| rule.is) {
            None | Some(Signal::Prompt | Signal::Queued | Signal::TurnEnded) => what,
            Some(_) if quoted.is_empty() => what,
            Some(_) => format!("{what}: {quoted}"),
        };
        SignalReading {
            signal: rule.map(|rule| rule.is),
            text,
            evidence: evidence.chars().take(2 * QUOTED).collect(),
            figures: Figures::read(record, &self.values),
            at: self.time(record),
        }
    }

    /// The time in RFC 3339.
    fn time(&self, record: &Value) -> Option<Timestamp> {
        let text = values(record, &self.values.at).first()?.as_str()?;
        let at: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Timestamp)
    }

    /// Whether any rule leads to this meaning.
    pub fn tells(&self, signal: Signal) -> bool {
        self.rules.iter().any(|rule| rule.is == signal)
    }
}

/// Compiled conditions on a record, as in [`SignalRule::when`].
pub(crate) fn compile_when(
    program: &str,
    section: &str,
    when: &std::collections::BTreeMap<String, String>,
) -> Result<Vec<(String, Regex)>, RuleError> {
    when.iter()
        .map(|(pointer, pattern)| {
            let regex = Regex::new(pattern).map_err(|source| RuleError {
                program: program.to_owned(),
                rule: format!("{section}.{pointer}"),
                pattern: pattern.clone(),
                source: Box::new(source),
            })?;
            Ok((pointer.clone(), regex))
        })
        .collect()
}

fn compile_all(program: &str, rule: &str, patterns: &[String]) -> Result<Vec<Regex>, RuleError> {
    let compile = |pattern: &String| {
        Regex::new(pattern).map_err(|source| RuleError {
            program: program.to_owned(),
            rule: rule.to_owned(),
            pattern: pattern.clone(),
            source: Box::new(source),
        })
    };
    patterns.iter().map(compile).collect()
}

/// Whether a record fits all conditions.
pub(crate) fn fits(when: &[(String, Regex)], record: &Value) -> bool {
    when.iter().all(|(pointer, pattern)| {
        let mut found = values(record, pointer).into_iter();
        found.any(|value| match value {
            Value::String(text) => pattern.is_match(text),
            other => pattern.is_match(&other.to_string()),
        })
    })
}

/// What stands under a pointer; a part `*` is any element or member.
pub(crate) fn values<'v>(record: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![record];
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Object(map) if part == "*" => map.values().collect::<Vec<_>>(),
                Value::Object(map) => map.get(&part).into_iter().collect(),
                Value::Array(items) if part == "*" => items.iter().collect(),
                Value::Array(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|n| items.get(n))
                    .into_iter()
                    .collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    found
}

/// The texts under several pointers, joined by spaces, if there is one under each.
fn all_words(record: &Value, pointers: &str) -> Option<String> {
    let parts: Vec<String> = pointers
        .split_whitespace()
        .map(|pointer| words(record, pointer))
        .collect();
    let whole = !parts.is_empty() && parts.iter().all(|part| !part.is_empty());
    whole.then(|| parts.join(" "))
}

/// The texts under a pointer, joined by newlines; what is no text is told as JSON.
fn words(record: &Value, pointer: &str) -> String {
    let texts: Vec<String> = values(record, pointer)
        .into_iter()
        .filter_map(|value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        })
        .collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(text: &str) -> SignalRules {
        let hooks: torch_core::program::HookRules = toml::from_str(text).expect("the rules");
        SignalRules::compile("test", "hooks", &hooks.rules, &hooks.values).expect("they compile")
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = rules(
            r#"
            [[rules]]
            when = { "/event" = "^Fail$", "/error" = "limit" }
            is = "limited"
            text = ["/message", "/error"]
            [[rules]]
            when = { "/event" = "^Fail$" }
            is = "turn_failed"
            text = ["/message", "/error"]
            "#,
        );
        let limited = rules.read(&json!({"event": "Fail", "error": "rate_limit"}));
        assert_eq!(limited.signal, Some(Signal::Limited));
        assert_eq!(limited.text, "rate_limit");
        let failed = rules.read(&json!({"event": "Fail", "error": 529, "message": "overloaded"}));
        assert_eq!(failed.signal, Some(Signal::TurnFailed));
        assert_eq!(failed.evidence, "Fail: overloaded");
        assert_eq!(rules.read(&json!({"event": "Stop"})).signal, None);
        assert_eq!(rules.read(&json!("Fail")).signal, None);
    }

    #[test]
    fn a_star_is_any_element() {
        let rules = rules(
            r#"
            [[rules]]
            when = { "/type" = "user", "/message/content/*/type" = "^text$" }
            is = "prompt"
            text = ["/message/content/*/text"]
            "#,
        );
        let record = json!({"type": "user", "message": {"content": [
            {"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}});
        assert_eq!(rules.read(&record).text, "a\nb");
        let plain = json!({"type": "user", "message": {"content": "a"}});
        assert_eq!(rules.read(&plain).signal, None);
    }

    #[test]
    fn what_a_program_puts_around_a_prompt_is_none_of_it() {
        let rules = rules("[[rules]]\nwhen = { \"/p\" = \".\" }\nis = \"prompt\"\ntext = [\"/p\"]")
            .unwrapping(
                "test",
                "hooks",
                &[r"(?s)^\s*<paste>\n(.*)\n</paste>\s*$".to_owned()],
            )
            .expect("it compiles");
        assert_eq!(
            rules
                .read(&json!({"p": "\n<paste>\na\nb\n</paste>\n"}))
                .text,
            "a\nb"
        );
        assert_eq!(rules.read(&json!({"p": "x <paste>"})).text, "x <paste>");
    }

    #[test]
    fn one_record_may_hold_several() {
        let rules =
            rules("[[rules]]\nwhen = { \"/p\" = \".\" }\nis = \"prompt\"\ntext = [\"/p/*\"]")
                .unwrapping("test", "transcript", &["<c>([^<>]*)</c>".to_owned()])
                .expect("it compiles");
        let record = json!({"p": ["one <c>a</c>", "two", "three <c>b</c>"]});
        assert_eq!(rules.read(&record).text, "a\nb");
    }

    #[test]
    fn a_broken_rule_is_named() {
        let hooks: torch_core::program::HookRules =
            toml::from_str("[[rules]]\nwhen = { \"/a\" = \"(\" }\nis = \"ready\"").expect("rules");
        let error = SignalRules::compile("x", "hooks", &hooks.rules, &hooks.values).unwrap_err();
        assert_eq!(error.rule, "hooks.rules[0].when./a");
    }
}
