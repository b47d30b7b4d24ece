//! Which role of a team a task is for, by its words; always with the reason.

use torch_core::RoleName;

/// The words that point to each role, strongest roles first. A word with `*` is the beginning of one.
const WORDS: &[(&str, &[&str])] = &[
    (
        "securityops",
        &[
            "security",
            "secur*",
            "firewall",
            "hardening",
            "harden",
            "vulnerab*",
            "certificate*",
            "tls",
            "ssl",
            "audit",
            "sicherheit*",
            "pentest",
        ],
    ),
    (
        "databaseops",
        &[
            "database*",
            "postgres*",
            "mysql",
            "redis",
            "migration*",
            "replication",
            "sql",
            "backup*",
            "datenbank*",
            "valkey",
        ],
    ),
    (
        "networkops",
        &[
            "network*",
            "routing",
            "dns",
            "proxy",
            "nginx",
            "loadbalanc*",
            "vpn",
            "netzwerk*",
        ],
    ),
    (
        "monitoringops",
        &[
            "monitor*",
            "alert*",
            "dashboard*",
            "metric*",
            "grafana",
            "prometheus",
            "überwach*",
        ],
    ),
    (
        "devops",
        &[
            "deploy*",
            "docker*",
            "container*",
            "kubernetes",
            "ci",
            "cd",
            "pipeline*",
            "terraform",
            "helm",
            "release*",
            "bereitstell*",
        ],
    ),
    (
        "sysadmin",
        &[
            "systemd",
            "server*",
            "install*",
            "ansible",
            "provision*",
            "host",
            "hosts",
            "ssh",
            "root",
            "users",
            "sudo",
            "cron",
            "installier*",
        ],
    ),
    (
        "testrunner",
        &["coverage", "benchmark*", "regression*", "flaky"],
    ),
    (
        "tester",
        &[
            "test*",
            "e2e",
            "verify",
            "verif*",
            "qa",
            "fuzz*",
            "validier*",
            "prüf*",
        ],
    ),
    (
        "documentation_writer",
        &[
            "document*",
            "docs",
            "readme",
            "guide",
            "manual",
            "tutorial*",
            "dokument*",
            "handbuch",
            "anleitung",
        ],
    ),
    ("code_reviewer", &["review*"]),
    (
        "researcher",
        &[
            "research*",
            "investigat*",
            "compar*",
            "evaluat*",
            "recherch*",
            "spike",
        ],
    ),
    ("logtracker", &["logs", "logging"]),
    (
        "project_manager",
        &[
            "merge*",
            "integrat*",
            "coordinat*",
            "milestone*",
            "koordin*",
        ],
    ),
    (
        "developer",
        &[
            "implement*",
            "build*",
            "write",
            "writes",
            "add",
            "adds",
            "create*",
            "fix*",
            "refactor*",
            "parse*",
            "support*",
            "code",
            "function*",
            "api",
            "endpoint*",
            "command*",
            "cli",
            "module*",
            "library",
            "ui",
            "page*",
            "form*",
            "login",
            "import*",
            "export*",
            "show",
            "shows",
            "backend",
            "frontend",
            "entwickl*",
            "programmier*",
            "bau*",
            "schreib*",
            "erstell*",
        ],
    ),
];

/// Roles that take over where another is not in the team; after them the developer.
const STAND_IN: &[(&str, &str)] = &[
    ("testrunner", "tester"),
    ("tester", "testrunner"),
    ("code_reviewer", "project_manager"),
    ("sysadmin", "devops"),
    ("devops", "sysadmin"),
    ("monitoringops", "devops"),
    ("networkops", "sysadmin"),
    ("logtracker", "project_manager"),
];

/// What is said of a task whose owner the spec names, and who is not there; the name stands between them.
const NAMED: &str = "the spec names ";
/// As [`NAMED`].
const ABSENT: &str = ", which is not in the team";

/// The name in such words.
pub(crate) fn named_absent(why: &str) -> Option<&str> {
    why.strip_prefix(NAMED)?.strip_suffix(ABSENT)
}

/// Who makes things, in teams of either kind.
const BUILDERS: &[&str] = &["developer", "sysadmin", "devops"];

/// Words behind which something stands that belongs to the matter and is not the matter.
const WITH: &[&str] = &[
    "with",
    "including",
    "includes",
    "incl",
    "plus",
    "mit",
    "inkl",
    "inklusive",
    "samt",
];

/// The words of a title in lower case, but those of tests that are a part of what is made: "with unit tests", "tests included". The
/// flag says whether there are such.
fn matter(title: &str) -> (Vec<String>, bool) {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let with = |at: usize| {
        let before = &words[at.saturating_sub(3)..at];
        let behind = words.get(at + 1).map_or("", String::as_str);
        before.iter().any(|word| WITH.contains(&word.as_str()))
            || matches!(behind, "included" | "inbegriffen" | "inklusive")
    };
    let is_part = |at: usize| words[at].starts_with("test") && at > 0 && with(at);
    let kept = (0..words.len())
        .filter(|at| !is_part(*at))
        .map(|at| words[at].clone());
    let kept: Vec<String> = kept.collect();
    let tested = kept.len() < words.len();
    (kept, tested)
}

/// Who is to do a task, and why; none of the team's roles where no word says so.
pub(crate) fn owner(
    title: &str,
    named: Option<&str>,
    roles: &[RoleName],
) -> (Option<RoleName>, String) {
    if let Some(name) = named {
        let role = RoleName::parse(name).ok();
        return match role.filter(|role| roles.contains(role)) {
            Some(role) => (Some(role), "the spec names it".to_owned()),
            None if roles.is_empty() => (None, format!("the spec names {name}")),
            None => (None, format!("{NAMED}{name}{ABSENT}")),
        };
    }
    if roles.is_empty() {
        return (None, "no team yet".to_owned());
    }
    let (words, tested) = matter(title);
    // The role that most words point to; of equal ones the one named first in the table, which is the more special.
    let mut pointed: Vec<(&str, Vec<&str>)> = WORDS
        .iter()
        .map(|(role, stems)| (*role, hits(&words, stems)))
        .filter(|(_, hits)| !hits.is_empty())
        .collect();
    // A verb of building says less than what is built.
    pointed.sort_by_key(|(role, hits)| (*role == "developer", std::cmp::Reverse(hits.len())));
    let Some((wanted, hits)) = pointed.first() else {
        // Who makes a thing tests it, too.
        if let Some(found) = BUILDERS
            .iter()
            .find_map(|role| find(roles, role))
            .filter(|_| tested)
        {
            return (Some(found), "its tests are a part of it".to_owned());
        }
        return (
            None,
            "no word names a role; the hub hands it out".to_owned(),
        );
    };
    if let Some(found) = find(roles, wanted) {
        return (Some(found), format!("the word \"{}\"", hits[0]));
    }
    let absent = format!(
        "the word \"{}\" asks for {wanted}, which is not in the team",
        hits[0]
    );
    let other = STAND_IN.iter().filter(|(role, _)| role == wanted);
    let other = other.map(|(_, other)| *other);
    let next = pointed.iter().skip(1).map(|(role, _)| *role);
    let found = other
        .chain(next)
        .chain(BUILDERS.iter().copied())
        .find_map(|role| find(roles, role));
    (found, absent)
}

fn find(roles: &[RoleName], name: &str) -> Option<RoleName> {
    roles.iter().find(|role| role.as_str() == name).cloned()
}

fn hits<'w>(words: &'w [String], stems: &[&str]) -> Vec<&'w str> {
    let fits = |word: &str| {
        stems.iter().any(|stem| match stem.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == *stem,
        })
    };
    words
        .iter()
        .map(String::as_str)
        .filter(|word| fits(word))
        .collect()
}
