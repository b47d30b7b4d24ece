//! The few styles there are, by meaning.

use anstyle::{AnsiColor, Style};
use torch_core::{AgentState, DeliveryState};

/// Labels, headings of tables, what may be overlooked.
pub const DIM: Style = Style::new().dimmed();
/// What a person looks for first.
pub const STRONG: Style = Style::new().bold();
/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Wants a look.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Under way.
pub const BUSY: Style = AnsiColor::Cyan.on_default();
/// As everything else.
pub const NONE: Style = Style::new();

/// A text in a style.
pub fn paint(style: Style, text: &str) -> String {
    if style == NONE {
        return text.to_owned();
    }
    format!("{style}{text}{style:#}")
}

/// The style of an agent's state.
pub fn agent(state: AgentState) -> Style {
    match state {
        AgentState::Ready | AgentState::Idle => GOOD,
        AgentState::Starting | AgentState::Working | AgentState::Retrying => BUSY,
        AgentState::Asking | AgentState::Limited | AgentState::Unknown => WARN,
        AgentState::Crashed | AgentState::Failed => BAD,
        AgentState::Exited | AgentState::Stopped => DIM,
    }
}

/// The style of a delivery's state.
pub fn delivery(state: DeliveryState) -> Style {
    match state {
        DeliveryState::Accepted
        | DeliveryState::Consumed
        | DeliveryState::Acked
        | DeliveryState::Recorded => GOOD,
        DeliveryState::Deferred | DeliveryState::Uncertain => WARN,
        DeliveryState::Refused | DeliveryState::Expired | DeliveryState::Dead => BAD,
        _ => BUSY,
    }
}
