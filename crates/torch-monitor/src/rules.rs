//! A program's screen rules, compiled once.

use regex::Regex;
use torch_core::program::{
    ComposerRules, ComposerShape, DialogRule, LineMeaning, LinePlace, MenuRules, ScreenRules,
};
use torch_core::screen::DialogKind;

/// A rule that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("the rule `{rule}` of the agent program `{program}` is no regular expression: {pattern:?}")]
pub struct RuleError {
    /// The program.
    pub program: String,
    /// The field, e.g. `screen.composer.prompt`.
    pub rule: String,
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    #[source]
    pub source: Box<regex::Error>,
}

/// Compiled screen rules.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) tail_lines: usize,
    pub(crate) composer: ComposerPatterns,
    pub(crate) lines: Vec<LinePattern>,
    pub(crate) context: Vec<(Regex, LinePlace)>,
    pub(crate) shares: Vec<Regex>,
    pub(crate) limit_text: Vec<Regex>,
    pub(crate) menu: MenuPatterns,
    pub(crate) dialogs: Vec<DialogPattern>,
}

#[derive(Debug, Clone)]
pub(crate) struct ComposerPatterns {
    pub(crate) shape: ComposerShape,
    pub(crate) top: Option<Regex>,
    pub(crate) top_within: usize,
    pub(crate) bottom: Option<Regex>,
    pub(crate) prompt: Regex,
    pub(crate) modes: Vec<Regex>,
    pub(crate) continuation: Option<Regex>,
    pub(crate) right: Option<Regex>,
    pub(crate) never: Option<Regex>,
    pub(crate) padding: [usize; 2],
    pub(crate) footer_lines: usize,
    pub(crate) one_colour: bool,
    pub(crate) placeholders: Vec<Regex>,
    pub(crate) collapsed: Vec<Regex>,
}

#[derive(Debug, Clone)]
pub(crate) struct LinePattern {
    pub(crate) is: LineMeaning,
    pub(crate) at: LinePlace,
    pub(crate) line: Regex,
    pub(crate) skip: Option<Regex>,
}

#[derive(Debug, Clone)]
pub(crate) struct MenuPatterns {
    pub(crate) mark: Option<Regex>,
    pub(crate) mark_reverse: bool,
    pub(crate) digits: bool,
    pub(crate) row_key: Option<Regex>,
    pub(crate) left: Option<Regex>,
    pub(crate) right: Option<Regex>,
    pub(crate) beside: Option<Regex>,
    pub(crate) top: Option<Regex>,
    pub(crate) footer: Vec<Regex>,
    pub(crate) horizontal: Option<Regex>,
    pub(crate) hints: Option<Regex>,
    pub(crate) letters: Option<Regex>,
}

#[derive(Debug, Clone)]
pub(crate) struct DialogPattern {
    pub(crate) kind: DialogKind,
    pub(crate) when: Vec<Regex>,
    pub(crate) asks: Option<Regex>,
    pub(crate) row: Option<Regex>,
    pub(crate) approve: Option<Regex>,
    pub(crate) deny: Option<Regex>,
}

impl Rules {
    /// Compiles the rules of `program`.
    ///
    /// # Errors
    /// [`RuleError`] names the first rule that is no regular expression.
    pub fn compile(program: &str, rules: &ScreenRules) -> Result<Self, RuleError> {
        let compiler = Compiler { program };
        let lines = rules.lines.iter().enumerate().map(|(n, rule)| {
            Ok(LinePattern {
                is: rule.is,
                at: rule.at,
                line: compiler.one(&format!("screen.lines[{n}].line"), &rule.line)?,
                skip: compiler.some(&format!("screen.lines[{n}].skip"), &rule.skip)?,
            })
        });
        let context = rules.context.iter().enumerate().map(|(n, rule)| {
            let line = compiler.one(&format!("screen.context[{n}].line"), &rule.line)?;
            Ok((line, rule.at))
        });
        let shares = rules.shares.iter().enumerate();
        let shares =
            shares.map(|(n, rule)| compiler.one(&format!("screen.shares[{n}].line"), &rule.line));
        let dialogs = rules.dialogs.iter().enumerate();
        Ok(Self {
            tail_lines: rules.tail_lines,
            composer: compiler.composer(&rules.composer)?,
            lines: lines.collect::<Result<_, RuleError>>()?,
            context: context.collect::<Result<_, RuleError>>()?,
            shares: shares.collect::<Result<_, RuleError>>()?,
            limit_text: compiler.many("screen.limit_text", &rules.limit_text)?,
            menu: compiler.menu(&rules.menu)?,
            dialogs: dialogs
                .map(|(n, rule)| compiler.dialog(n, rule))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether a line of the screen says that the program's start is over.
    pub fn tell_started(&self) -> bool {
        self.lines
            .iter()
            .any(|rule| rule.is == LineMeaning::Started)
    }
}

impl Rules {
    /// Whether the screens of this program say how much of a usage limit is used.
    pub fn show_shares(&self) -> bool {
        !self.shares.is_empty()
    }
}

/// The first group of a pattern in a text, if the pattern is one and matches.
pub fn first_group(pattern: &str, text: &str) -> Option<String> {
    let found = Regex::new(pattern).ok()?.captures(text)?;
    Some(found.get(1)?.as_str().to_owned())
}

struct Compiler<'p> {
    program: &'p str,
}

impl Compiler<'_> {
    fn one(&self, rule: &str, pattern: &str) -> Result<Regex, RuleError> {
        Regex::new(pattern).map_err(|source| RuleError {
            program: self.program.to_owned(),
            rule: rule.to_owned(),
            pattern: pattern.to_owned(),
            source: Box::new(source),
        })
    }

    /// An empty pattern is none.
    fn some(&self, rule: &str, pattern: &str) -> Result<Option<Regex>, RuleError> {
        (!pattern.is_empty())
            .then(|| self.one(rule, pattern))
            .transpose()
    }

    fn many(&self, rule: &str, patterns: &[String]) -> Result<Vec<Regex>, RuleError> {
        let numbered = patterns.iter().enumerate();
        numbered
            .map(|(n, pattern)| self.one(&format!("{rule}[{n}]"), pattern))
            .collect()
    }

    fn composer(&self, rules: &ComposerRules) -> Result<ComposerPatterns, RuleError> {
        let some = |key: &str, pattern: &str| self.some(&format!("screen.composer.{key}"), pattern);
        Ok(ComposerPatterns {
            shape: rules.shape,
            top: some("top", &rules.top)?,
            top_within: rules.top_within,
            bottom: some("bottom", &rules.bottom)?,
            prompt: self.one("screen.composer.prompt", &rules.prompt)?,
            modes: self.many("screen.composer.modes", &rules.modes)?,
            continuation: some("continuation", &rules.continuation)?,
            right: some("right", &rules.right)?,
            never: some("never", &rules.never)?,
            padding: rules.padding,
            footer_lines: rules.footer_lines,
            one_colour: rules.one_colour,
            placeholders: self.many("screen.composer.placeholders", &rules.placeholders)?,
            collapsed: self.many("screen.composer.collapsed", &rules.collapsed)?,
        })
    }

    fn menu(&self, rules: &MenuRules) -> Result<MenuPatterns, RuleError> {
        let some = |key: &str, pattern: &str| self.some(&format!("screen.menu.{key}"), pattern);
        // Boxes may lie in each other.
        let side = |pattern: String| match rules.border.as_str() {
            "" => Ok(None),
            _ => some("border", &pattern),
        };
        Ok(MenuPatterns {
            mark: some("mark", &rules.mark)?,
            mark_reverse: rules.mark_reverse,
            digits: rules.digits,
            row_key: some("row_key", &rules.row_key)?,
            left: side(format!("^ *(?:(?:{}) ?)+", rules.border))?,
            right: side(format!("(?: *(?:{}))+$", rules.border))?,
            beside: some("beside", &rules.beside)?,
            top: some("top", &rules.top)?,
            footer: self.many("screen.menu.footer", &rules.footer)?,
            horizontal: some("horizontal", &rules.horizontal)?,
            hints: some("hints", &rules.hints)?,
            letters: some("letters", &rules.letters)?,
        })
    }

    fn dialog(&self, n: usize, rule: &DialogRule) -> Result<DialogPattern, RuleError> {
        let key = |key: &str| format!("screen.dialogs[{n}].{key}");
        Ok(DialogPattern {
            kind: rule.kind,
            when: self.many(&key("when"), &rule.when)?,
            asks: self.some(&key("asks"), &rule.asks)?,
            row: self.some(&key("row"), &rule.row)?,
            approve: self.some(&key("approve"), &rule.approve)?,
            deny: self.some(&key("deny"), &rule.deny)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn rules() -> Rules {
        let rules: ScreenRules = toml::from_str(
            r"
tail_lines = 12
limit_text = ['hit your .* limit']
[composer]
top = '^─{8,}$'
bottom = '^─{8,}$'
prompt = '^❯\x{a0}'
modes = ['^!\x{a0}']
continuation = '^  '
collapsed = ['\[Pasted text #\d+(?: \+\d+ lines)?\]']
[[lines]]
is = 'busy'
line = 'esc to interrupt'
[[lines]]
is = 'limited'
line = 'hit your .* limit'
at = 'bare'
[menu]
mark = '^ *❯ +'
digits = true
top = '^─{8,}$'
footer = ['^ *Esc to cancel']
[[dialogs]]
kind = 'permission'
when = ['Do you want to ']
approve = '^Yes$'
deny = '^No'
",
        )
        .expect("the rules can be read");
        Rules::compile("test", &rules).expect("the rules compile")
    }

    #[test]
    fn a_broken_pattern_is_named_with_its_place() {
        let rules: ScreenRules =
            toml::from_str("tail_lines = 1\ncomposer = { prompt = '>' }\n[[dialogs]]\nkind = 'trust'\nwhen = ['a', '(']\n")
                .expect("the rules can be read");
        let error = Rules::compile("mine", &rules).expect_err("a broken rule");
        assert_eq!(error.rule, "screen.dialogs[0].when[1]");
        assert_eq!(error.program, "mine");
    }
}
