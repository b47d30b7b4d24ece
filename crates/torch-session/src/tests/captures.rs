//! Captures go through a buffer: they are what `capture-pane -p` prints, and leave nothing in the server.

use super::world::{World, open_team, wait_for};
use crate::CaptureStyle;

/// A screen with everything that the way through a buffer could change: colours, UTF-8, backslashes, what looks like an
/// escape, line drawing, and empty lines at the end.
const SCREEN: &str = r#"
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    printf '\033[1;38;5;208m❯ row %s\033[0m \\033 \\\\ \\n ~ $HOME #{pane_id} \033[48;2;1;2;3m日本語\033[0m\033(0qqx\033(B %s\r\n' $n \
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
done
printf READY; exec cat"#;

#[tokio::test]
async fn a_capture_is_what_tmux_prints() {
    let (world, server) = World::connected().await;
    let pane = open_team(&server, &world.spec("colours", SCREEN))
        .await
        .pane;
    wait_for("the screen", async || {
        let probe = server.probe(pane).await.expect("a probe");
        String::from_utf8_lossy(&probe.screen).contains("READY")
    })
    .await;
    let config = world.config();
    let target = pane.to_string();
    let printed = |style: &[&str]| {
        let args = [&["-u", "capture-pane", "-p", "-t", &target], style].concat();
        world.fork(&config, &args)
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let coloured = server.capture(pane, None, CaptureStyle::Escapes).await;
    let coloured = text(coloured.expect("a capture"));
    assert_eq!(coloured.lines().count(), 50, "{coloured}");
    assert!(
        coloured.contains("\x1b[1m\x1b[38;5;208m❯ row 7"),
        "{coloured}"
    );
    assert_eq!(coloured.trim_end(), printed(&["-e"]).trim_end());
    let plain = server.capture(pane, None, CaptureStyle::Plain).await;
    let plain = text(plain.expect("a capture"));
    assert!(
        plain.contains(r"\033 \\ \n ~ $HOME #{pane_id} 日本語"),
        "{plain}"
    );
    assert_eq!(plain.trim_end(), printed(&[]).trim_end());
    let probe = server.probe(pane).await.expect("a probe");
    assert_eq!(text(probe.screen), coloured);
}

/// tmux 3.3a keeps what `capture-pane -p` printed to a control client; a team that works for a week would fill gigabytes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn captures_leave_nothing_in_the_server() {
    use torch_process::usage::resident_memory;

    const ROUNDS: u64 = 400;
    let (world, server) = World::connected().await;
    let pane = open_team(&server, &world.spec("colours", SCREEN))
        .await
        .pane;
    let mut screen = 0;
    let memory = || resident_memory(server.server_pid()).expect("the server");
    let mut before = 0;
    for round in 0..3 * ROUNDS {
        if round == ROUNDS {
            // By then tmux's own log of messages is full of commands.
            before = memory();
        }
        screen = server.probe(pane).await.expect("a probe").screen.len() as u64;
        let capture = server.capture(pane, None, CaptureStyle::Escapes).await;
        capture.expect("a capture");
    }
    let grown = memory().saturating_sub(before);
    let printed = 4 * ROUNDS * screen;
    assert!(screen > 2_000, "the screen has {screen} bytes");
    assert!(
        grown < printed / 10,
        "the server grew by {grown} bytes while it showed {printed}"
    );
    let buffers = world.fork(&world.config(), &["list-buffers"]);
    assert_eq!(buffers, "", "a buffer is left");
}
