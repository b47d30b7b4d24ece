//! `torch daemon install|uninstall` with a `systemctl` and a `loginctl` that only take down what they are asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::place::{Place, Ran, TORCH};

/// Notes its call; `show-user` says what the file `linger` says; fails with the words of the file `broken` where that
/// names its first argument after `--user`.
const FAKE: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$HOME/calls"
case "$1" in
    show-user) cat "$HOME/linger" 2>/dev/null || exit 1 ;;
    enable-linger) echo yes > "$HOME/linger" ;;
    disable-linger) echo no > "$HOME/linger" ;;
esac
[ "$1" = --user ] && shift
if [ "$(cat "$HOME/broken" 2>/dev/null)" = "$1" ]; then
    echo "Failed to connect to bus: No medium found" >&2
    exit 1
fi
exit 0
"#;

struct Machine {
    place: Place,
}

impl Machine {
    fn new() -> Self {
        let place = Place::new();
        fs::create_dir(place.path("fakes")).expect("a folder");
        for name in ["systemctl", "loginctl"] {
            let path = place.path("fakes").join(name);
            fs::write(&path, FAKE).expect("a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
        let machine = Self { place };
        machine.say("linger", "no");
        machine
    }

    fn say(&self, file: &str, word: &str) {
        fs::write(self.place.path("home").join(file), format!("{word}\n")).expect("written");
    }

    fn torch(&self, args: &[&str]) -> Ran {
        let mut command = self.place.command(TORCH, args);
        let path = format!("{}:/usr/bin:/bin", self.place.path("fakes").display());
        Ran::from(command.env("PATH", path).output().expect("runs"))
    }

    /// What was asked since the last look.
    fn calls(&self) -> Vec<String> {
        let file = self.place.path("home/calls");
        let text = fs::read_to_string(&file).unwrap_or_default();
        fs::remove_file(&file).ok();
        text.lines().map(str::to_owned).collect()
    }

    fn unit(&self) -> PathBuf {
        self.place.path("home/.config/systemd/user/torch.service")
    }
}

const VERSION: &str = "systemctl --user show --property=Version --value";
const RELOAD: &str = "systemctl --user daemon-reload";
const ENABLE: &str = "systemctl --user enable --now torch.service";
const DISABLE: &str = "systemctl --user disable --now torch.service";

fn name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    user.expect("asked").expect("a user").name
}

fn show_user() -> String {
    format!("loginctl show-user {} --property=Linger --value", name())
}

#[test]
fn it_is_installed_and_taken_away_again() {
    let machine = Machine::new();
    let ran = machine.torch(&["daemon", "install"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(machine.calls(), [VERSION, &show_user(), RELOAD, ENABLE]);
    let text = fs::read_to_string(machine.unit()).expect("a unit");
    let home = machine.place.path("registry");
    for line in [
        format!("ExecStart=\"{TORCH}\" \"daemon\" \"run\""),
        format!("Environment=\"TORCH_HOME={}\"", home.display()),
        "KillMode=process".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
        assert!(
            ran.out.contains(&format!("  {line}\n")),
            "it is said: {ran:?}"
        );
    }
    assert!(ran.out.contains("lingering is off"), "{ran:?}");
    assert!(home.join("logs").is_dir());

    // Again, with other settings: torch's own unit is written over.
    let ran = machine.torch(&["daemon", "install", "--resume-teams", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["installed"], true);
    assert_eq!(ran.json()["lingering"], false);
    let text = fs::read_to_string(machine.unit()).expect("a unit");
    assert_eq!(ran.json()["text"], text.as_str());
    assert!(text.contains("\"--resume-teams\""), "{text}");
    machine.calls();

    let ran = machine.torch(&["daemon", "uninstall"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(machine.calls(), [VERSION, DISABLE, RELOAD]);
    assert!(!machine.unit().exists());
    let ran = machine.torch(&["daemon", "uninstall", "--json"]);
    assert_eq!((ran.code, &ran.json()["removed"]), (Some(0), &false.into()));
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn lingering_goes_as_it_came() {
    let machine = Machine::new();
    let ran = machine.torch(&["daemon", "install", "--boot"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("lingering is on"), "{ran:?}");
    let calls = machine.calls();
    assert_eq!(
        calls.last().map(String::as_str),
        Some("loginctl enable-linger")
    );
    // Installing it again does not forget who switched it on.
    assert_eq!(machine.torch(&["daemon", "install"]).code, Some(0));
    machine.calls();
    let ran = machine.torch(&["daemon", "uninstall"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let calls = machine.calls();
    assert_eq!(
        calls.last().map(String::as_str),
        Some("loginctl disable-linger")
    );

    // It was on before: it stays.
    machine.say("linger", "yes");
    assert_eq!(
        machine.torch(&["daemon", "install", "--boot"]).code,
        Some(0)
    );
    assert_eq!(machine.torch(&["daemon", "uninstall"]).code, Some(0));
    let calls = machine.calls();
    let changed = |call: &String| call.ends_with("able-linger");
    assert!(!calls.iter().any(changed), "{calls:?}");
}

#[test]
fn what_is_not_torchs_is_not_touched() {
    let machine = Machine::new();
    let unit = machine.unit();
    fs::create_dir_all(unit.parent().expect("a folder")).expect("a folder");
    let other = "# Written by `torch daemon install`; `torch daemon uninstall` takes it away.\n[Service]\nEnvironment=\"TORCH_HOME=/another\"\n";
    for text in ["[Service]\nExecStart=/bin/true\n", other] {
        fs::write(&unit, text).expect("a unit");
        for command in ["install", "uninstall"] {
            let ran = machine.torch(&["daemon", command]);
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.err.contains("is not touched"), "{ran:?}");
        }
        assert_eq!(fs::read_to_string(&unit).expect("a unit"), text);
    }
    fs::remove_file(&unit).expect("removed");
    std::os::unix::fs::symlink("/dev/null", &unit).expect("a link");
    assert_eq!(
        machine.torch(&["daemon", "install"]).code,
        Some(2),
        "masked"
    );
    let calls = machine.calls();
    assert!(calls.iter().all(|call| call == VERSION), "{calls:?}");
}

#[test]
fn without_a_manager_nothing_is_written() {
    let machine = Machine::new();
    machine.say("broken", "show");
    let ran = machine.torch(&["daemon", "install"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("No medium found"), "{ran:?}");
    assert!(
        ran.err.contains("panes start a lost daemon again"),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("Hint: torch daemon install --print"),
        "{ran:?}"
    );
    assert!(!machine.unit().exists());

    let ran = machine.torch(&["daemon", "install", "--print"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("daemon"), "{ran:?}");
    let ran = machine.torch(&["daemon", "install", "--print", "--json"]);
    assert_eq!(ran.json()["unit"], machine.unit().display().to_string());
    assert!(!machine.unit().exists());
    // No programs at all.
    let mut command = machine.place.command(TORCH, &["daemon", "install"]);
    let ran = Ran::from(command.env("PATH", "/nowhere").output().expect("runs"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("failed to start `systemctl "), "{ran:?}");

    // One that goes away later: the unit goes too.
    machine.say("broken", "");
    assert_eq!(machine.torch(&["daemon", "install"]).code, Some(0));
    machine.say("broken", "show");
    let ran = machine.torch(&["daemon", "uninstall"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!machine.unit().exists());
}

#[test]
fn a_unit_that_can_not_be_enabled_does_not_stay() {
    let machine = Machine::new();
    machine.say("broken", "enable");
    let ran = machine.torch(&["daemon", "install"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err
            .contains("Hint: systemctl --user status torch.service"),
        "{ran:?}"
    );
    assert!(!machine.unit().exists());
    assert_eq!(machine.calls().last().map(String::as_str), Some(RELOAD));
}

#[test]
fn a_path_that_a_unit_can_not_name_is_refused() {
    let machine = Machine::new();
    let mut command = machine
        .place
        .command(TORCH, &["daemon", "install", "--print"]);
    let ran = Ran::from(command.env("TORCH_HOME", "/a\nb").output().expect("runs"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains(r#"can't name the path "/a\nb""#),
        "{ran:?}"
    );
}

/// systemd's own word on the unit, where it is installed.
#[test]
fn systemd_finds_no_fault_with_it() {
    let analyze = PathBuf::from("/usr/bin/systemd-analyze");
    if !analyze.is_file() {
        return;
    }
    let machine = Machine::new();
    let text = machine
        .torch(&["daemon", "install", "--print", "--resume-teams"])
        .out;
    let unit = machine.place.path("project/torch.service");
    fs::write(&unit, text).expect("written");
    let unit = unit.display().to_string();
    let runtime = machine.place.path("runtime");
    fs::create_dir(&runtime).expect("a folder");
    let mut verify = machine
        .place
        .command(&analyze, &["verify", "--user", &unit]);
    let ran = Ran::from(
        verify
            .env("XDG_RUNTIME_DIR", &runtime)
            .output()
            .expect("runs"),
    );
    let ours: Vec<&str> = ran
        .err
        .lines()
        .filter(|line| line.contains("torch"))
        .collect();
    assert_eq!((ran.code, ours), (Some(0), Vec::new()), "{ran:?}");
}
