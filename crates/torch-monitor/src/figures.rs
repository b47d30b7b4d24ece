//! Figures that a program tells of itself: its context, its cost, its tokens, its usage limits.

use std::collections::BTreeMap;

use serde_json::Value;
use torch_core::program::ValuePointers;

use crate::signal::values;

/// The figures of one record; what it does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The conversation's id.
    pub conversation: Option<String>,
    /// The path of its transcript.
    pub transcript: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The program's version.
    pub version: Option<String>,
    /// How much of the context window is used, in percent, from 0 to 100.
    pub context_used_percent: Option<f64>,
    /// How much of the context window is used, in tokens.
    pub context_tokens: Option<u64>,
    /// The context window's size, in tokens.
    pub context_window: Option<u64>,
    /// What the conversation has cost so far, in US dollars.
    pub cost_usd: Option<f64>,
    /// Tokens, if any were told.
    pub tokens: Option<Tokens>,
    /// Which limit was reached, in the program's own word; it means something in a record of a limit alone.
    pub limit_kind: Option<String>,
    /// When that limit is reset, in seconds since 1970.
    pub limit_resets_at: Option<i64>,
    /// Usage limits by name.
    pub limits: BTreeMap<String, LimitFigures>,
}

/// Tokens as a record tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Sent, without what a cache held.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache.
    pub cache_write: u64,
    /// Received.
    pub output: u64,
    /// An id under which the same figures may be told more than once; empty if there is none.
    pub id: String,
    /// Whether they are those of the whole conversation so far.
    pub totals: bool,
}

/// A usage limit as a record tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitFigures {
    /// The used share, in percent.
    pub used_percent: f64,
    /// The reset time, in seconds since 1970.
    pub resets_at: Option<i64>,
}

impl Figures {
    /// Takes the figures out of a record.
    pub fn read(record: &Value, at: &ValuePointers) -> Self {
        let text = |pointer: &str| {
            let value = one(record, pointer)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let tokens: Vec<u64> = at
            .context_tokens
            .iter()
            .filter_map(|pointer| count(record, pointer))
            .collect();
        Self {
            conversation: text(&at.conversation),
            transcript: text(&at.transcript).filter(|path| path.starts_with('/')),
            model: text(&at.model),
            version: text(&at.version),
            context_used_percent: number(record, &at.context_used_percent),
            context_tokens: (!tokens.is_empty()).then(|| tokens.iter().sum()),
            context_window: count(record, &at.context_window),
            cost_usd: number(record, &at.cost_usd),
            tokens: read_tokens(record, at),
            limit_kind: text(&at.limit_kind),
            limit_resets_at: number(record, &at.limit_resets_at).map(|seconds| seconds as i64),
            limits: at
                .limits
                .iter()
                .filter_map(|(name, at)| {
                    let figures = LimitFigures {
                        used_percent: number(record, &at.used_percent)?,
                        resets_at: number(record, &at.resets_at).map(|seconds| seconds as i64),
                    };
                    Some((name.clone(), figures))
                })
                .collect(),
        }
    }

    /// How much of the context window is left, in percent.
    pub fn context_left_percent(&self) -> Option<f64> {
        if let Some(used) = self.context_used_percent {
            return Some((100.0 - used).clamp(0.0, 100.0));
        }
        let (tokens, window) = (self.context_tokens?, self.context_window?);
        (window > 0).then(|| (100.0 - tokens as f64 * 100.0 / window as f64).clamp(0.0, 100.0))
    }

    /// Whether the record told nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn read_tokens(record: &Value, at: &ValuePointers) -> Option<Tokens> {
    let told = [&at.input_tokens, &at.output_tokens];
    if !told.iter().any(|at| count(record, at).is_some()) {
        return None;
    }
    let figure = |pointer: &str| count(record, pointer).unwrap_or(0);
    let cached = match at.cached_within_input {
        true => figure(&at.cache_read_tokens).saturating_add(figure(&at.cache_write_tokens)),
        false => 0,
    };
    Some(Tokens {
        input: figure(&at.input_tokens).saturating_sub(cached),
        cache_read: figure(&at.cache_read_tokens),
        cache_write: figure(&at.cache_write_tokens),
        output: figure(&at.output_tokens),
        id: one(record, &at.tokens_id)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        totals: at.tokens_are_totals,
    })
}

fn one<'v>(record: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.is_empty() {
        return None;
    }
    values(record, pointer).into_iter().next()
}

fn number(record: &Value, pointer: &str) -> Option<f64> {
    one(record, pointer)?
        .as_f64()
        .filter(|number| number.is_finite())
}

fn count(record: &Value, pointer: &str) -> Option<u64> {
    one(record, pointer)?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointers() -> ValuePointers {
        toml::from_str(
            r#"
            context_tokens = ["/u/in", "/u/cache"]
            context_window = "/window"
            cost_usd = "/cost"
            output_tokens = "/u/out"
            input_tokens = "/u/in"
            tokens_id = "/id"
            [limits.five_hour]
            used_percent = "/l/p"
            resets_at = "/l/r"
            "#,
        )
        .expect("pointers")
    }

    #[test]
    fn figures_are_taken_where_they_stand() {
        let record = json!({"u": {"in": 10, "cache": 40, "out": 7}, "window": 200, "cost": 0.5,
            "id": "r1", "l": {"p": 93.5, "r": 1_800_000_000}});
        let figures = Figures::read(&record, &pointers());
        assert_eq!(figures.context_left_percent(), Some(75.0));
        assert_eq!(figures.cost_usd, Some(0.5));
        let tokens = figures.tokens.expect("tokens");
        assert_eq!(
            (tokens.input, tokens.output, tokens.id.as_str()),
            (10, 7, "r1")
        );
        assert_eq!(
            figures.limits["five_hour"],
            LimitFigures {
                used_percent: 93.5,
                resets_at: Some(1_800_000_000)
            }
        );
    }

    #[test]
    fn what_is_not_told_is_not_made_up() {
        for record in [
            json!({}),
            json!("text"),
            json!({"u": {"in": "many"}, "window": -1, "cost": null}),
        ] {
            assert!(Figures::read(&record, &pointers()).is_empty(), "{record}");
        }
        let full = json!({"u": {"in": 300}, "window": 200});
        assert_eq!(
            Figures::read(&full, &pointers()).context_left_percent(),
            Some(0.0)
        );
    }
}
