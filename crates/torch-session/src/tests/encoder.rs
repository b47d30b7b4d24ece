//! The encoder against the parser of a real tmux.

use std::fs;

use super::world::{World, name, wait_for};
use crate::encode::{Line, Words};

#[tokio::test]
async fn any_bytes_but_nul_come_out_as_they_went_in() {
    let mut world = World::new();
    let server = world.connect().await;
    let file = world.path("out");
    let mut random = fastrand::Rng::with_seed(11);
    let special = b"\"'\\$~#{}();%\n\r\t ;;--=!^&*|<>`\x1b\x7f\x80\xff";
    for round in 0..300 {
        let length = random.usize(1..200);
        let payload: Vec<u8> = (0..length)
            .map(|_| match round % 2 {
                0 => random.u8(1..),
                _ => special[random.usize(..special.len())],
            })
            .collect();
        let set = Words::named("set-buffer")
            .option("-b", "round")
            .arg("--")
            .arg(&payload);
        let save = Words::named("save-buffer")
            .option("-b", "round")
            .arg("--")
            .arg(file.to_str().expect("UTF-8"));
        server
            .ask("set-buffer", &Line::of(set).then(save))
            .await
            .expect("saved");
        assert_eq!(fs::read(&file).expect("a file"), payload);
    }
}

#[tokio::test]
async fn braces_inside_a_branch_stay_text() {
    let mut world = World::new();
    let server = world.connect().await;
    let file = world.path("out");
    let payload = b"} { ; kill-server } \"\n%end 1 2 3";
    let set = Words::named("set-buffer")
        .option("-b", "b")
        .arg("--")
        .arg(payload);
    let save = Words::named("save-buffer")
        .option("-b", "b")
        .arg(file.to_str().expect("UTF-8"));
    let line = Line::default().then_if("", "1", &Line::of(set).then(save), &Line::default());
    server.ask("if-shell", &line).await.expect("saved");
    assert_eq!(fs::read(&file).expect("a file"), payload);
}

#[tokio::test]
async fn arguments_of_a_program_come_out_as_they_went_in() {
    let mut world = World::new();
    let server = world.connect().await;
    let mut random = fastrand::Rng::with_seed(13);
    let alphabet: Vec<char> = "\"'\\$~#{}();% \n\t-ab\u{e9}\u{1f980}".chars().collect();
    let mut arguments: Vec<String> = (0..40)
        .map(|_| {
            let length = random.usize(0..20);
            (0..length)
                .map(|_| alphabet[random.usize(..alphabet.len())])
                .collect()
        })
        .collect();
    let ran = world.path("ran");
    arguments.extend(["-x", ";", "A=b"].map(str::to_owned));
    arguments.push(format!("#(touch {0}) $(touch {0})", ran.display()));
    let file = world.path("out");
    let script = format!(
        "printf '%s\\0' \"$@\" > '{0}.new'; mv '{0}.new' '{0}'",
        file.display()
    );
    let mut spec = world.spec("args", &script);
    spec.argv.push("sh".to_owned());
    spec.argv.extend(arguments.clone());
    server
        .open_session(&name("args"), &spec)
        .await
        .expect("a session");
    wait_for("the arguments", async || file.exists()).await;
    let expected: String = arguments
        .iter()
        .map(|argument| format!("{argument}\0"))
        .collect();
    assert_eq!(fs::read_to_string(&file).expect("a file"), expected);
    assert!(!ran.exists());
}
