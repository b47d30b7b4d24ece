//! What agents' programs tell of themselves: conversations, context, cost, tokens, shares of limits.

use torch_core::figures::{AgentFigures, LimitShare, TokenFigures};
use torch_core::{AgentId, Timestamp, Write};
use torch_monitor::{Figures, Tokens};

use super::{State, Turn};

impl State {
    pub(crate) fn on_status_line(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        payload: &serde_json::Value,
        at: Timestamp,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(program) = self.programs.get(&run.agent.program) else {
            return;
        };
        let figures = program.status_line.read(payload).figures;
        self.note_status_line(t, agent, at);
        self.take_figures(t, agent, &figures, at);
    }

    /// Takes over what a record told; what it did not tell stays as it was.
    pub(crate) fn take_figures(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        told: &Figures,
        at: Timestamp,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let before = (run.agent.figures.clone(), run.agent.conversation.clone());
        if let Some(conversation) = &told.conversation
            && run.agent.conversation.as_ref() != Some(conversation)
        {
            begin_conversation(&mut run.agent.figures);
            run.agent.conversation = Some(conversation.clone());
        }
        take(&mut run.agent.figures, told, at);
        // The time alone is no news.
        let mut same = before.0.clone();
        same.context_at = run.agent.figures.context_at;
        for (name, share) in &mut same.limits {
            if let Some(now) = run.agent.figures.limits.get(name) {
                share.at = now.at;
            }
        }
        if same != run.agent.figures || before.1 != run.agent.conversation {
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
        self.credit_figures(t, agent, told, at);
    }
}

/// What was told of the conversation before is kept as a sum.
fn begin_conversation(figures: &mut AgentFigures) {
    figures.earlier_cost_micros += figures.cost_micros.take().unwrap_or(0);
    let ended = std::mem::take(&mut figures.open_tokens);
    figures.closed_tokens = figures.closed_tokens.plus(ended);
    figures.context_left = None;
    figures.context_at = None;
}

fn take(figures: &mut AgentFigures, told: &Figures, at: Timestamp) {
    if let Some(left) = told.context_left_percent() {
        figures.context_left = Some(left.round() as u8);
        figures.context_at = Some(at);
    }
    if let Some(cost) = told.cost_usd.filter(|cost| *cost >= 0.0) {
        figures.cost_micros = Some((cost * 1e6).round() as u64);
    }
    // What is made up by the program itself (an error, a notice) has a name in angle brackets.
    if let Some(model) = told.model.as_ref().filter(|model| !model.starts_with('<')) {
        figures.model = Some(model.clone());
    }
    if let Some(version) = &told.version {
        figures.version = Some(version.clone());
    }
    if let Some(tokens) = &told.tokens {
        count(figures, tokens);
    }
    for (name, limit) in &told.limits {
        let share = LimitShare {
            used_permille: (limit.used_percent.clamp(0.0, 1000.0) * 10.0).round() as u32,
            resets_at: limit
                .resets_at
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(|seconds| Timestamp(seconds.saturating_mul(1000))),
            at,
        };
        figures.limits.insert(name.clone(), share);
    }
}

fn count(figures: &mut AgentFigures, told: &Tokens) {
    let tokens = TokenFigures {
        input: told.input,
        cache_read: told.cache_read,
        cache_write: told.cache_write,
        output: told.output,
    };
    let same = told.totals || (!told.id.is_empty() && told.id == figures.last_tokens_id);
    if !same {
        figures.closed_tokens = figures.closed_tokens.plus(figures.open_tokens);
        figures.last_tokens_id.clone_from(&told.id);
    }
    figures.open_tokens = tokens;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, output: u64, totals: bool) -> Figures {
        Figures {
            tokens: Some(Tokens {
                input: 10,
                output,
                id: id.to_owned(),
                totals,
                ..Tokens::default()
            }),
            ..Figures::default()
        }
    }

    #[test]
    fn an_answer_that_is_told_twice_counts_once() {
        let mut figures = AgentFigures::default();
        for (id, output) in [("a", 1), ("a", 5), ("b", 7), ("b", 7)] {
            take(&mut figures, &told(id, output, false), Timestamp(1));
        }
        assert_eq!(figures.tokens().output, 12);
        assert_eq!(figures.tokens().input, 20);
    }

    #[test]
    fn sums_of_conversations_are_added_up() {
        let mut figures = AgentFigures::default();
        for output in [3, 9] {
            take(&mut figures, &told("", output, true), Timestamp(1));
        }
        begin_conversation(&mut figures);
        take(&mut figures, &told("", 4, true), Timestamp(2));
        assert_eq!(figures.tokens().output, 13);
    }

    #[test]
    fn cost_and_context_are_of_the_conversation() {
        let mut figures = AgentFigures::default();
        let told = Figures {
            cost_usd: Some(0.25),
            context_used_percent: Some(89.0),
            model: Some("<synthetic>".to_owned()),
            ..Figures::default()
        };
        take(&mut figures, &told, Timestamp(1));
        assert_eq!(
            (figures.cost_micros, figures.context_left),
            (Some(250_000), Some(11))
        );
        assert_eq!(figures.model, None);
        begin_conversation(&mut figures);
        assert_eq!((figures.cost_micros, figures.context_left), (None, None));
        assert_eq!(figures.cost(), Some(250_000));
    }
}
