//! Claude Code whose user has switched all hooks off: its transcript proves what the hooks would have.

use serde_json::json;
use torch_testing::model::arrived;

use crate::team::{ROLE, raise, world};

#[test]
fn claude_without_hooks_is_followed_by_its_transcript() {
    let settings = json!({"disableAllHooks": true});
    let Some(world) = world("hooks_off", "claude", |setup| setup.settings(settings)) else {
        return;
    };
    raise(&world, "claude");
    for body in ["one", "two\nlines"] {
        let id = world.post(ROLE, body);
        let message = world.wait_consumed(&id);
        assert_eq!(message.attempt, 1, "{message:?}");
        assert!(message.evidence.contains("transcript"), "{message:?}");
        let trace = world.trace(&id);
        let accepted = trace.iter().any(|kind| kind == "delivery.accepted");
        assert!(!accepted, "only a hook says so: {trace:?}");
        world.wait_quiet(ROLE);
    }
    let texts = arrived(&world.requests());
    let briefings = texts
        .iter()
        .filter(|text| text.contains("BRIEFING for developer"));
    assert_eq!(briefings.count(), 1, "{texts:?}");
    assert_eq!(world.bodies(ROLE), ["one", "two\nlines"]);
}
