//! What was seen of an agent program in use, in one line.

use torch_core::observed::{Door, ProgramObserved};

use super::plain;
use super::time::Clock;

/// The words where nothing was seen.
pub const NEVER: &str = "never seen in use on this machine";

/// When its hooks, its status line and torch's MCP server were last seen, which doors it used, and what proved deliveries.
pub fn in_use(seen: &ProgramObserved, clock: &Clock) -> String {
    let observed = &seen.observed;
    let mut parts = Vec::new();
    if let Some(last) = observed.launched {
        let version = seen.version.as_deref().map(|it| format!(" {}", plain(it)));
        let version = version.unwrap_or_default();
        parts.push(format!("launched {}{version}", clock.ago(last)));
    }
    parts.push(match observed.hooks.values().max() {
        Some(last) => {
            let names: Vec<String> = observed.hooks.keys().map(word).collect();
            format!("hooks {} ({})", clock.ago(*last), names.join(", "))
        }
        None => "hooks never".to_owned(),
    });
    if let Some(last) = observed.status_line {
        parts.push(format!("status line {}", clock.ago(last)));
    }
    if let (Some(last), Some(client)) = (observed.mcp, &observed.mcp_client) {
        parts.push(format!(
            "MCP tools listed {} by {}",
            clock.ago(last),
            plain(client)
        ));
    }
    let doors = Door::ALL.map(|door| match observed.doors.get(&door) {
        Some(last) => format!("{} {}", door.as_str(), clock.ago(*last)),
        None => format!("{} never", door.as_str()),
    });
    parts.push(format!("doors: {}", doors.join(", ")));
    if let Some(delivery) = observed.delivery {
        let words = clock.ago(delivery.at);
        parts.push(format!(
            "deliveries proven by {} {words}",
            delivery.by.as_str()
        ));
    }
    parts.join(" · ")
}

/// A signal's name as people read it.
pub(crate) fn word(signal: &torch_core::program::Signal) -> String {
    let name = serde_json::to_value(signal).ok();
    let name = name.as_ref().and_then(serde_json::Value::as_str);
    name.unwrap_or_default().replace('_', " ")
}
