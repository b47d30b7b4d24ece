//! `torch plan --analyse` asks Claude Code itself: one call without tools, whose answer is found in what it prints.

use crate::team::world;

#[test]
fn claude_is_asked_without_tools() {
    let Some(world) = world("analyse", "claude", |setup| setup) else {
        return;
    };
    let spec = "# App\n- Write the parser; done when marzipan parses\n";
    std::fs::write(world.project().join("spec.md"), spec).expect("a spec");
    let ran = world
        .torch(&[
            "plan",
            "--analyse",
            "--agent",
            "claude",
            "--spec",
            "spec.md",
            "--json",
        ])
        .ok();
    // The fake model answers a call without tools plainly: its words are found, and are no plan.
    assert!(
        ran.stderr.contains("it begins with \"A side answer\""),
        "{ran}\n{}",
        world.whole_picture()
    );
    let view = ran.json();
    assert_eq!(view["plan"]["tasks"][0]["owner"], "developer");
    assert_eq!(view["plan"]["tasks"].as_array().map(Vec::len), Some(1));

    let requests = world.requests();
    let holds = |text: &String| text.contains("You refine a plan") && text.contains("marzipan");
    let asked = requests
        .iter()
        .filter(|request| request.all_user.iter().any(holds));
    let asked: Vec<_> = asked.collect();
    assert_eq!(asked.len(), 1, "{}", world.whole_picture());
    assert!(asked[0].tools.is_empty(), "{:?}", asked[0].tools);
}
