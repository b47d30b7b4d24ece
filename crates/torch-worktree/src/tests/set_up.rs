//! What a new worktree gets: files that git ignores, ports, the user's command; once, and again after a crash.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

struct Desk {
    project: Project,
    added: Added,
    env: Environment,
}

impl Desk {
    fn new() -> Self {
        let project = Project::new();
        fs::write(
            project.root.join(".gitignore"),
            ".env*\n/cache\nlinked.env\n",
        )
        .expect("written");
        project.commit("ignore");
        let added = project.expect("a", Some("main-developer"), Rung::New);
        exclude(&project.inspect().common_dir).expect("excluded");
        prepare_worktree(&added.path).expect("prepared");
        Self {
            project,
            added,
            env: environment(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.project.root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn set_up(
        &self,
        (copy, link): (&[&str], &[&str]),
        command: &str,
        ports: Option<PortPair>,
    ) -> Result<Vec<Placed>, WorktreeError> {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let (copy, link) = (owned(copy), owned(link));
        let request = SetUpRequest {
            repository: &self.project.inspect(),
            path: &self.added.path,
            copy: &copy,
            link: &link,
            command,
            env: &self.env,
            ports,
        };
        crate::set_up(&handle(), &request)
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.added.path.join(name)).ok()
    }

    fn ports(&self, pool: &str) -> Ports {
        Ports::new(
            self.project.folder.path().join("ports"),
            pool.parse().expect("a pool"),
        )
    }
}

#[test]
fn a_file_of_secrets_is_the_owners_alone_and_has_the_worktrees_port() {
    let desk = Desk::new();
    desk.write(".env", "SECRET=x\nPORT=3000\nAPI_PORT=3000\n");
    desk.write("cache/big", "x");
    let ports = desk.ports("47100-47101");
    let pair = ports.lease(&desk.added.path).expect("leased");
    let placed = desk
        .set_up((&[".env", "absent"], &["cache"]), "", Some(pair))
        .expect("set up");
    assert!(
        placed.iter().all(|one| one.refused.is_none()) && placed.len() == 2,
        "{placed:?}"
    );
    assert_eq!(
        desk.read(".env").as_deref(),
        Some("SECRET=x\nPORT=47100\nAPI_PORT=3000\n")
    );
    let mode = fs::metadata(desk.added.path.join(".env"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(desk.read("cache/big").as_deref(), Some("x"));
    // None of it would get into a commit.
    assert_eq!(
        git(
            &desk.added.path,
            &["status", "--porcelain", "--untracked-files=all"]
        ),
        ""
    );
    // The project's own stays as it is.
    let own = fs::read_to_string(desk.project.root.join(".env")).expect("there");
    assert!(own.contains("PORT=3000"));
}

#[test]
fn what_git_does_not_ignore_or_lies_elsewhere_is_not_copied() {
    let desk = Desk::new();
    let outside = desk.project.folder.path().join("outside");
    fs::write(&outside, "private").expect("written");
    desk.write("plain.env", "SECRET=x\n");
    desk.write(".env.local", "SECRET=y\n");
    std::os::unix::fs::symlink(&outside, desk.project.root.join("linked.env")).expect("linked");
    let all = [
        "plain.env",
        "../outside",
        "/etc/passwd",
        ".git/config",
        "linked.env",
        "",
        "file",
    ];
    let placed = desk.set_up((&all, &[]), "", None).expect("set up");
    // `file` is tracked, so it is there already.
    assert_eq!(placed.len(), all.len() - 1, "{placed:?}");
    assert!(placed.iter().all(|one| one.refused.is_some()), "{placed:?}");
    for name in ["plain.env", "linked.env", "outside"] {
        assert_eq!(desk.read(name), None, "{name}");
    }
    assert_eq!(git(&desk.added.path, &["status", "--porcelain"]), "");
}

#[test]
fn nothing_is_written_through_a_link_or_over_a_file() {
    let desk = Desk::new();
    let outside = desk.project.folder.path().join("outside");
    fs::create_dir(&outside).expect("made");
    desk.write("cache/x", "new\n");
    desk.write(".env", "new\n");
    fs::write(desk.added.path.join(".env"), "mine\n").expect("written");
    std::os::unix::fs::symlink(&outside, desk.added.path.join("cache")).expect("linked");
    let placed = desk
        .set_up((&["cache/x", ".env"], &[]), "", None)
        .expect("set up");
    assert_eq!(placed.len(), 1, "{placed:?}");
    assert_eq!(fs::read_dir(&outside).expect("a folder").count(), 0);
    assert_eq!(desk.read(".env").as_deref(), Some("mine\n"));
}

#[test]
fn the_command_runs_once_and_again_where_it_failed() {
    let desk = Desk::new();
    let pair = desk
        .ports("47110-47111")
        .lease(&desk.added.path)
        .expect("leased");
    let words =
        "echo \"$PORT $TORCH_PORT_2\" >> .torch/ran; test -e .torch/ready || { echo no; exit 3; }";
    let error = desk
        .set_up((&[], &[]), words, Some(pair))
        .expect_err("failed");
    assert!(error.to_string().contains("exit status: 3 no"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("sh -c")));
    fs::write(desk.added.path.join(".torch/ready"), "").expect("written");
    for _ in 0..3 {
        desk.set_up((&[], &[]), words, Some(pair)).expect("set up");
    }
    assert_eq!(
        desk.read(".torch/ran").as_deref(),
        Some("47110 47111\n47110 47111\n")
    );
    // What ends it lets it begin again.
    tear_down(&desk.added.path, "false", &desk.env, None).expect_err("it failed");
    tear_down(&desk.added.path, "touch .torch/torn", &desk.env, None).expect("torn down");
    assert!(desk.read(".torch/torn").is_some());
    desk.set_up((&[], &[]), words, Some(pair)).expect("set up");
    assert_eq!(
        desk.read(".torch/ran").map(|text| text.lines().count()),
        Some(3)
    );
}

#[test]
fn a_command_of_the_repository_is_none_of_the_users() {
    let desk = Desk::new();
    for name in ["torch.toml", ".torch/setup", "setup.sh"] {
        fs::write(
            desk.added.path.join(name),
            "worktree.setup = 'touch evil'\n",
        )
        .expect("written");
    }
    desk.set_up((&[], &[]), "", None).expect("set up");
    assert_eq!(desk.read("evil"), None);
}

#[test]
fn a_mark_that_leads_elsewhere_is_not_written_through() {
    let desk = Desk::new();
    let outside = desk.project.folder.path().join("outside");
    let command = format!("ln -s {} .torch/set-up", outside.display());
    desk.set_up((&[], &[]), &command, None)
        .expect_err("something is in its place");
    desk.set_up((&[], &[]), "", None).expect("it counts");
    assert!(fs::symlink_metadata(&outside).is_err());
}

#[test]
fn each_worktree_has_ports_of_its_own_until_it_is_gone() {
    let desk = Desk::new();
    let ports = desk.ports("47121-47126");
    let folder = desk.project.folder.path();
    let worktree = |name: &str| {
        let path = folder.join(name);
        fs::create_dir_all(&path).expect("made");
        path
    };
    let (a, b, c) = (worktree("a"), worktree("b"), worktree("c"));
    let first = |path: &Path| ports.lease(path).map(PortPair::first);
    let next = || ports.next().expect("read").map(PortPair::first);
    assert_eq!(next(), Some(47_122));
    assert_eq!(first(&a).expect("leased"), 47_122);
    assert_eq!(next(), Some(47_124));
    // Another handle, as after a restart, knows of it.
    let again = desk.ports("47121-47126");
    assert_eq!(again.lease(&a).expect("leased").second(), 47_123);
    assert_eq!(first(&b).expect("leased"), 47_124);
    assert_eq!(next(), None);
    let error = first(&c).expect_err("none is left");
    assert_eq!(
        error.to_string(),
        format!("no available port pairs in 47121-47126 for the worktree {c:?}")
    );
    ports.release(&a).expect("released");
    assert_eq!(first(&c).expect("leased"), 47_122);
    // A worktree that somebody deleted needs none any more.
    fs::remove_dir_all(&b).expect("removed");
    assert_eq!(first(&a).expect("leased"), 47_124);
    assert_eq!(ports.leases().expect("listed").len(), 2);
    assert_eq!(ports.of(&b).expect("read"), None);
}

#[test]
fn ports_that_somebody_listens_on_are_passed_over() {
    let desk = Desk::new();
    let ports = desk.ports("47130-47133");
    // Whoever has it: it is taken.
    let listener = TcpListener::bind("127.0.0.1:47131");
    assert_eq!(
        ports.next().expect("read").map(PortPair::first),
        Some(47_132)
    );
    let pair = ports.lease(&desk.added.path).expect("leased");
    assert_eq!(pair.first(), 47_132);
    drop(listener);
    // One's own server is no reason to move.
    let _own = TcpListener::bind("127.0.0.1:47132");
    assert_eq!(ports.lease(&desk.added.path).expect("leased"), pair);
}

#[test]
fn threads_never_get_the_same_pair() {
    let desk = Desk::new();
    let folder = desk.project.folder.path().to_owned();
    let pairs: std::collections::BTreeSet<u16> = std::thread::scope(|scope| {
        let each: Vec<_> = (0..12)
            .map(|n| {
                let (ports, path) = (desk.ports("47200-47299"), folder.join(format!("w{n}")));
                scope.spawn(move || {
                    fs::create_dir(&path).expect("made");
                    ports.lease(&path).expect("leased").first()
                })
            })
            .collect();
        each.into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(pairs.len(), 12);
}

#[test]
fn a_pool_is_a_range_of_free_ports() {
    for text in [
        "",
        "8100",
        "80-90",
        "8199-8100",
        "8100-8100",
        "8100-99999",
        "a-b",
    ] {
        assert!(text.parse::<PortPool>().is_err(), "{text}");
    }
    assert_eq!(
        "8100-8199".parse::<PortPool>().expect("a pool").to_string(),
        "8100-8199"
    );
}
