//! `torch open` with real servers: Python's, and one of node that npm starts; how they go is said as it is.

use std::fs;
use std::net::TcpListener;

use torch_testing::World;

use super::{open, root, with_projects};

#[expect(
    clippy::print_stdout,
    reason = "a skipped test says so in the test's own output"
)]
fn skipped(why: &str) {
    println!("SKIPPED e2e::open::servers: {why}");
}

/// Whether a program is there; if not, the test that needs it says so.
fn has(world: &World, program: &str) -> bool {
    let found = world.run(
        &world
            .command("sh")
            .args(["-c", &format!("command -v {program}")]),
    );
    if found.code != 0 {
        skipped(&format!("{program} is not installed"));
    }
    found.code == 0
}

/// A port that somebody listens on.
fn taken() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A server of node, as `server.js` of a project whose package has it as its script `dev`.
fn node_project(world: &World, port: u16) {
    let folder = root(world).join("shop");
    let package = r#"{"name": "shop", "private": true, "scripts": {"dev": "node server.js"}}"#;
    fs::write(folder.join("package.json"), package).expect("a file");
    let server = format!(
        "const s = require('http').createServer((q, a) => a.end('shop'));\n\
         s.listen({port}, '127.0.0.1', () => console.log('ready'));\n"
    );
    fs::write(folder.join("server.js"), server).expect("a file");
}

/// The port that it is said to listen on.
fn port_in(text: &str) -> u16 {
    let rest = text.split("listens on port ").nth(1).unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no port: {text}"))
}

#[test]
fn npm_starts_a_server_of_node_that_answers() {
    let world = with_projects(&["shop"]);
    if !has(&world, "npm") || !has(&world, "node") {
        return;
    }
    node_project(&world, 0);
    let ran = open(&world, &["shop", "--timeout", "60"]).ok();
    let port = port_in(&ran.stdout);
    assert!(!ran.stdout.contains("perhaps"), "{ran}");
    let ask = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    );
    let answer = world.run(&world.command("bash").args(["-c", &ask]));
    assert!(answer.stdout.ends_with("shop"), "{answer}");
    // npm, its shell and node are all gone with the team.
    world.torch(&["stop", "--team", "shop"]).ok();
    assert!(
        TcpListener::bind(("127.0.0.1", port)).is_ok(),
        "port {port} is free again"
    );
}

#[test]
fn a_node_server_without_its_port_or_its_program_has_failed() {
    let world = with_projects(&["shop", "site"]);
    if !has(&world, "npm") || !has(&world, "node") {
        return;
    }
    let (_held, port) = taken();
    node_project(&world, port);
    let ran = open(&world, &["shop", "--timeout", "60"]).code(1);
    for words in [
        "has failed in window `server`",
        "perhaps: a port is in use already",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    let package = r#"{"name": "site", "scripts": {"dev": "torch-no-such-bundler --port 1"}}"#;
    fs::write(root(&world).join("site/package.json"), package).expect("a file");
    let ran = open(&world, &["site", "--timeout", "60"]).code(1);
    assert!(
        ran.stdout
            .contains("perhaps: a program or package is missing"),
        "{ran}"
    );
    assert!(
        ran.stderr
            .contains("torch installs nothing unless it is told to: npm install"),
        "{ran}"
    );
}

#[test]
fn a_python_server_may_be_slow_and_its_port_may_be_taken() {
    let world = with_projects(&["shop", "site"]);
    let slow = "sleep 1; exec python3 -u -m http.server 0 --bind 127.0.0.1";
    let ran = open(&world, &["shop", "--server", slow, "--timeout", "60"]).ok();
    port_in(&ran.stdout);
    let (_held, port) = taken();
    let taken = format!("exec python3 -m http.server {port} --bind 127.0.0.1");
    let ran = open(&world, &["site", "--server", &taken, "--timeout", "60"]).code(1);
    for words in [
        "has failed in window `server`",
        "perhaps: a port is in use already",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
}

#[test]
fn a_server_that_dies_once_it_listens_does_not_run() {
    let world = with_projects(&["shop"]);
    let short = "exec python3 -c 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); \
                 time.sleep(0.4); raise SystemExit(\"the database is away\")'";
    let ran = open(&world, &["shop", "--server", short, "--timeout", "60"]).code(1);
    assert!(
        ran.stdout.contains("has failed in window `server`"),
        "{ran}"
    );
    assert!(ran.stdout.contains("| the database is away"), "{ran}");
}

#[test]
fn djangos_own_server_is_found_and_listens() {
    let world = with_projects(&["shop"]);
    let python = std::env::var_os("TORCH_TEST_DJANGO");
    let Some(venv) = python.map(std::path::PathBuf::from) else {
        skipped("TORCH_TEST_DJANGO names no virtual environment that has Django");
        return;
    };
    let folder = root(&world).join("shop");
    let made = world.run(
        &world
            .command("sh")
            .args(["-c", "\"$0/bin/python\" -m django startproject shop \"$1\""])
            .arg(&venv)
            .arg(&folder),
    );
    made.ok();
    std::os::unix::fs::symlink(&venv, folder.join(".venv")).expect("a link");
    let ran = open(&world, &["shop", "--timeout", "60"]);
    // Its port is fixed: where somebody else has it, that is what is said.
    match ran.code {
        0 => assert_eq!(port_in(&ran.stdout), 8000, "{ran}"),
        _ => assert!(
            ran.stdout.contains("perhaps: a port is in use already"),
            "{ran}"
        ),
    }
}
