//! The template engine as torch uses it for its own texts: strict, bounded, and without a way to anything outside. Lines of roles,
//! which anybody may write, never reach it ([`crate::line`]).

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

/// The variables of a role's lines.
pub const VARIABLES: [&str; 20] = [
    "base_branch",
    "branch",
    "commits",
    "git",
    "hub",
    "integration",
    "integrator",
    "plan",
    "policy",
    "prefix",
    "project",
    "result",
    "role",
    "roles",
    "router",
    "spec",
    "team",
    "title",
    "via",
    "worktree",
];

/// Steps that the rendering of one text may take; a briefing for a team of 64 takes about a tenth of it. It bounds no size,
/// which is why only shipped texts come here.
const FUEL: u64 = 50_000;
/// How deep conditions and loops may be nested.
const DEPTH: usize = 50;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It names a variable that there is not.
    #[error("there is no variable `{name}`{}", near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// The name.
        name: String,
        /// The variable that is spelled most like it.
        near: Option<&'static str>,
    },
    /// A field or an item that there is not, or not in every team.
    #[error("it asks for a field or an item that has no value, or none in some teams")]
    Undefined,
    /// It takes too many steps.
    #[error("it takes more than {FUEL} steps to render")]
    Endless,
    /// It is not of the language that it should be in.
    #[error("{0}")]
    Syntax(String),
}

/// The engine. It has no loader, no functions and no filters, and knows no tag that reads another text.
pub(crate) fn engine<'text>() -> Environment<'text> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(DEPTH);
    // Where a configuration of constants could fail, the tests of every text would.
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        engine.set_syntax(syntax);
    }
    engine
}

/// A context from what can be serialised.
pub(crate) fn context(value: impl Serialize) -> Value {
    Value::from(Serde(value))
}

/// Renders a text.
pub(crate) fn render(
    engine: &Environment<'_>,
    text: &str,
    context: &Value,
) -> Result<String, TextError> {
    engine
        .render_str(text, context.clone())
        .map_err(|error| explained(&error))
}

fn explained(error: &minijinja::Error) -> TextError {
    let detail = error.detail().unwrap_or_default().to_owned();
    match error.kind() {
        ErrorKind::OutOfFuel => TextError::Endless,
        ErrorKind::UndefinedError => TextError::Undefined,
        kind if detail.is_empty() => TextError::Syntax(kind.to_string()),
        kind => TextError::Syntax(format!("{kind}: {detail}")),
    }
}
