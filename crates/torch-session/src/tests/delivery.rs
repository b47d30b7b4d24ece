//! Every payload arrives byte for byte, in brackets, in one piece.

use std::fs;

use super::world::{World, is_empty, wait_for};
use crate::{CaptureStyle, Guarded};

const OPEN: &[u8] = b"\x1b[200~";
const CLOSE: &[u8] = b"\x1b[201~";

const PAYLOADS: [&[u8]; 28] = [
    b"plain text",
    b"-l leading dash",
    b"--",
    b"/clear",
    b"!ls",
    b"#comment",
    b"Enter",
    b"C-c",
    b"F1",
    b"0x41",
    b"M-x",
    b"trailing ;",
    b";",
    b"\\;",
    b"trailing \\",
    b"\"double\" 'single' `back`",
    b"%H:%M %% %1 %begin 1 2 3",
    b"\ttabs\tin\tit\t",
    b"two\nlines\n",
    b"crlf\r\nline\r",
    b"{ kill-server } } ; kill-server",
    b"\n",
    b" ",
    b"'",
    "emoji \u{1f980} \u{65e5}\u{672c}\u{8a9e} e\u{301}".as_bytes(),
    b"invalid \xff\xfe\xc3 utf-8 \x80",
    b"every control \x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x11\x13\x15\x1a\x1c\x7f",
    b"a NUL \0 in the middle\0",
];

fn bracketed(payload: &[u8]) -> Vec<u8> {
    [OPEN, payload, CLOSE].concat()
}

#[tokio::test]
async fn payloads_arrive_byte_for_byte() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "").await;
    let staging = world.path("staging");
    fs::create_dir(&staging).expect("a folder");
    let ran = world.path("ran");
    let commands = [
        format!(
            "$(touch {0}) `touch {0}` $HOME ${{HOME}} ~ ~root",
            ran.display()
        ),
        format!("#{{pane_id}} #(touch {}) ##", ran.display()),
    ];
    let mut expected = Vec::new();
    for payload in PAYLOADS
        .into_iter()
        .chain(commands.iter().map(String::as_bytes))
    {
        // Once in the command itself, once (by the NUL at the end) through a file.
        for payload in [payload.to_vec(), [payload, b"\0"].concat()] {
            let done = server
                .paste(&receiver.guard(), "m-1", &payload, &staging)
                .await;
            assert_eq!(done.expect("pasted"), Guarded::Applied, "{payload:?}");
            expected.extend(bracketed(&payload));
        }
    }
    receiver.expect(&expected).await;
    assert!(is_empty(&staging));
    assert!(!ran.exists());
    assert_eq!(world.fork(&world.config(), &["list-buffers"]), "");
}

#[tokio::test]
async fn a_megabyte_of_anything_arrives() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "").await;
    let mut random = fastrand::Rng::with_seed(7);
    let payload: Vec<u8> = (0..1 << 20).map(|_| random.u8(..)).collect();
    let done = server
        .paste(&receiver.guard(), "big", &payload, world.folder.path())
        .await;
    assert_eq!(done.expect("pasted"), Guarded::Applied);
    receiver.expect(&bracketed(&payload)).await;
}

#[tokio::test]
async fn concurrent_pastes_stay_contiguous() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "").await;
    let folder = world.folder.path().to_owned();
    let pastes: Vec<_> = (b'a'..b'i')
        .map(|letter| {
            let (server, guard, folder) = (server.clone(), receiver.guard(), folder.clone());
            // Half of them through files, half in the command.
            let length = if letter % 2 == 0 { 50_000 } else { 15_000 };
            tokio::spawn(async move {
                let buffer = format!("m-{}", char::from(letter));
                server
                    .paste(&guard, &buffer, &vec![letter; length], &folder)
                    .await
            })
        })
        .collect();
    for paste in pastes {
        assert_eq!(
            paste.await.expect("no panic").expect("pasted"),
            Guarded::Applied
        );
    }
    let total = 4 * (50_000 + 15_000) + 8 * (OPEN.len() + CLOSE.len());
    wait_for("all pastes", async || receiver.bytes().len() >= total).await;
    let bytes = receiver.bytes();
    let mut rest = bytes.as_slice();
    let mut seen = Vec::new();
    while !rest.is_empty() {
        rest = rest.strip_prefix(OPEN).expect("an opening bracket");
        let letter = *rest.first().expect("a letter");
        let length = rest.iter().take_while(|&&byte| byte == letter).count();
        seen.push((letter, length));
        rest = rest[length..]
            .strip_prefix(CLOSE)
            .expect("a closing bracket");
    }
    seen.sort_unstable();
    let expected: Vec<_> = (b'a'..b'i')
        .map(|letter| (letter, if letter % 2 == 0 { 50_000 } else { 15_000 }))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn copy_mode_is_left_before_a_paste_and_a_key() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "").await;
    let pane = receiver.address.pane.to_string();
    let mut expected = Vec::new();
    for mode in ["copy-mode", "clock-mode"] {
        world.fork(&world.config(), &[mode, "-t", &pane]);
        let row = server
            .probe(receiver.address.pane)
            .await
            .expect("a probe")
            .row;
        assert!(row.expect("a pane").in_mode, "{mode}");
        let done = server
            .paste(&receiver.guard(), "m-1", b"a\nb", world.folder.path())
            .await;
        assert_eq!(done.expect("pasted"), Guarded::Applied);
        expected.extend(bracketed(b"a\nb"));
        world.fork(&world.config(), &[mode, "-t", &pane]);
        let done = server.press(&receiver.guard(), "Enter", None).await;
        assert_eq!(done.expect("pressed"), Guarded::Applied);
        expected.extend(b"\r");
    }
    receiver.expect(&expected).await;
    let row = server
        .probe(receiver.address.pane)
        .await
        .expect("a probe")
        .row;
    assert!(!row.expect("a pane").in_mode);
}

#[tokio::test]
async fn a_key_goes_only_to_the_screen_that_shows_the_text() {
    let (world, server) = World::connected().await;
    let receiver = world.receiver(&server, "body [/m-7k3f9q2a]").await;
    let guard = receiver.guard();
    let absent = server.press(&guard, "Enter", Some("/m-00000000")).await;
    assert_eq!(absent.expect("an answer"), Guarded::Refused);
    // It stands on the screen, but something stands behind it.
    let covered = server.press(&guard, "Enter", Some("/m-7k3f9q2a]")).await;
    assert_eq!(covered.expect("an answer"), Guarded::Refused);
    let shown = server.press(&guard, "Enter", Some("READY")).await;
    assert_eq!(shown.expect("an answer"), Guarded::Applied);
    receiver.expect(b"\r").await;
    for (key, text) in [
        ("", "a"),
        ("Enter;", "a"),
        ("Enter", "#{x}"),
        ("Enter", ""),
        ("Enter", "A,b"),
    ] {
        assert!(
            server.press(&guard, key, Some(text)).await.is_err(),
            "{key} {text}"
        );
    }
    assert!(
        server
            .paste(&guard, "m-1", b"", world.folder.path())
            .await
            .is_err()
    );
    assert!(
        server
            .paste(&guard, "m 1", b"x", world.folder.path())
            .await
            .is_err()
    );
    let screen = server
        .capture(guard.pane, None, CaptureStyle::Plain)
        .await
        .expect("a screen");
    assert!(screen.starts_with(b"body [/m-7k3f9q2a] READY\n"));
    receiver.expect(b"\r").await;
}
