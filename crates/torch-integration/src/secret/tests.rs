//! What is a secret, and what only looks like one. No real form stands here in one piece: this file is looked at too.

use super::*;

/// A patch that adds these lines to a file that was there.
fn patch(file: &str, lines: &[&str]) -> Vec<u8> {
    let mut text = format!(
        "diff --git a/{file} b/{file}\nindex 1..2 100644\n--- a/{file}\n+++ b/{file}\n@@ -0,0 +1,{} @@\n",
        lines.len()
    );
    for line in lines {
        text.push_str(&format!("+{line}\n"));
    }
    text.into_bytes()
}

/// So many characters that look random.
fn random(count: usize, from: &str) -> String {
    let from: Vec<char> = from.chars().collect();
    let mut at = 7_usize;
    let next = |_| {
        at = (at * 31 + 17) % 10_007;
        from[at % from.len()]
    };
    (0..count).map(next).collect()
}

const ALNUM: &str = "aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ0kPlOmNnMoLpKqJrIsHtGuFvEwDxCyBzA";
const HEX: &str = "0f1e2d3c4b5a6978";
const BASE32: &str = "QWERTYUIOPASDFGHJKLZXCVBNM234567";

fn check(file: &str, line: &str, expect: Option<&str>) {
    let found = secrets_in(&patch(file, &[line]));
    let kind = found.first().map(|one| one.kind);
    assert_eq!(kind, expect, "{file}: {line}");
    for one in found {
        assert!(!one.masked.contains(&line[line.len() / 2..]), "masked");
    }
}

#[test]
fn keys_that_say_what_they_are() {
    for (start, count, from, kind) in [
        ("AKIA", 16, BASE32, "AWS access key"),
        ("ghp_", 36, ALNUM, "GitHub token"),
        ("github_pat_", 82, ALNUM, "GitHub token"),
        ("glpat-", 20, ALNUM, "GitLab token"),
        ("xoxb-", 50, ALNUM, "Slack token"),
        ("hooks.slack.com/services/T", 42, ALNUM, "Slack webhook"),
        ("sk_live_", 24, ALNUM, "Stripe key"),
        ("AIza", 35, ALNUM, "Google API key"),
        ("sk-ant-api03-", 93, ALNUM, "Anthropic key"),
        ("sk-proj-", 120, ALNUM, "OpenAI key"),
        ("npm_", 36, ALNUM, "npm token"),
        ("hf_", 34, ALNUM, "Hugging Face token"),
        ("dop_v1_", 64, HEX, "DigitalOcean token"),
    ] {
        let secret = format!("{start}{}", random(count, from));
        for line in [
            secret.clone(),
            format!("key = \"{secret}\""),
            format!("curl -H 'Authorization: Bearer {secret}' https://x"),
            format!("  - {secret} # mine"),
        ] {
            check("src/a.py", &line, Some(kind));
        }
        // Longer, shorter, or a part of something else.
        check("a", &format!("x{secret}"), None);
        check("a", &format!("{start}{}", random(6, from)), None);
        check("a", &format!("{start}{}", "x".repeat(count)), None);
        check("a", &format!("{secret} # {MARKER}"), None);
    }
    let old = format!(
        "sk-{}T3Blbk{}{}",
        random(20, ALNUM),
        "FJ",
        random(20, ALNUM)
    );
    check("a", &format!("OPENAI={old}"), Some("OpenAI key"));
}

#[test]
fn passwords_by_their_names() {
    let value = random(28, ALNUM);
    let yes = Some("password or key");
    for (line, expect) in [
        (format!("password = \"{value}\""), yes),
        (format!("  \"apiKey\": \"{value}\","), yes),
        (format!("DB_PASSWORD={value}"), yes),
        (format!("export AUTH_TOKEN={value}"), yes),
        (format!("client-secret: '{value}'"), yes),
        (format!("let access_key := `{value}`"), yes),
        (format!("password = {value}"), None),
        (format!("password_hash = \"{value}\""), None),
        (format!("token_url = \"{value}\""), None),
        (format!("color = \"{value}\""), None),
        (
            "password = \"correct horse battery staple 12\"".to_owned(),
            None,
        ),
        ("password = \"hunter2\"".to_owned(), None),
        ("token = \"your-token-goes-here-12345678\"".to_owned(), None),
        (
            "token: \"${{ secrets.DEPLOY_TOKEN_2024 }}\"".to_owned(),
            None,
        ),
        (
            "API_TOKEN=$(cat /run/secrets/api_token_01)".to_owned(),
            None,
        ),
        (
            "token = \"550e8400-e29b-41d4-a716-446655440000\"".to_owned(),
            None,
        ),
        (format!("token = \"{}\"", random(40, HEX)), None),
        (
            "secret = os.environ[\"APP_SECRET_KEY_2024\"]".to_owned(),
            None,
        ),
        (
            "const token = await getAccessTokenSilently1(options2);".to_owned(),
            None,
        ),
        ("api_key: \"aaaaaaaaaaaaaaaaaaaaaaaaaa11\"".to_owned(), None),
        (
            "secret_ref = \"projects/app/secrets/db/versions/12\"".to_owned(),
            None,
        ),
    ] {
        check("src/config.py", &line, expect);
    }
    check(
        "package-lock.json",
        &format!("\"token\": \"{value}\""),
        None,
    );
}

#[test]
fn a_key_without_digits_is_one_by_its_disorder() {
    let key = ["dCqDjf4HpVTXMGusZmMA", "QZhVzRMSOeThXosi+/AB"].concat();
    let yes = Some("password or key");
    for (line, expect) in [
        (format!("AWS_SECRET_ACCESS_KEY = \"{key}\""), yes),
        (
            format!("aws_secret_access_key: '{}'", key.replace('4', "x")),
            yes,
        ),
        (format!("colour = \"{key}\""), None),
        (format!("token = \"{}\"", &key[..24]), None),
        (
            "token = \"getAccountsOfUsersWhoMayReadItAndWriteThem\"".to_owned(),
            None,
        ),
        (
            "api_key = \"src/Components/Accounts/LoginFormOfUsers\"".to_owned(),
            None,
        ),
        (
            "privateKey: \"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\"".to_owned(),
            None,
        ),
        (
            "apiKey = \"ThisIsWhereTheKeyOfTheAccountGoesInTheEnd\"".to_owned(),
            None,
        ),
        (
            "authToken = 'IAmAKeyOfAUserInAnAppOnAServerInAZoneOfAWS'".to_owned(),
            None,
        ),
    ] {
        check("src/config.py", &line, expect);
    }
}

#[test]
fn passwords_in_addresses() {
    let word = random(16, ALNUM);
    let yes = Some("password in an address");
    for (line, expect) in [
        (
            format!("url: postgres://app:{word}@db.company.net:5432/app"),
            yes,
        ),
        (
            format!("git clone https://ann:{word}@git.company.net/x.git"),
            yes,
        ),
        (
            format!("DATABASE_URL=mysql://root:{word}@10.0.0.3/app"),
            yes,
        ),
        (
            format!("redis = \"rediss://:{word}@cache.company.net\""),
            yes,
        ),
        (
            format!("see https://docs.company.net and amqp://u:{word}@mq.company.net"),
            yes,
        ),
        // In a folder, on this machine, for examples.
        (format!("https://company.net/a:{word}@b"), None),
        (format!("postgres://app:{word}@localhost/app"), None),
        (format!("postgres://app:{word}@127.0.0.1/app"), None),
        (format!("postgres://app:{word}@db.example.com/app"), None),
        (format!("postgres://app:{word}@db.test/app"), None),
        // Put in by something else, or a word of an example.
        (
            "postgres://app:${DB_PASSWORD_2024}@db.company.net/app".to_owned(),
            None,
        ),
        (
            "postgres://app:{password_01234}@db.company.net/app".to_owned(),
            None,
        ),
        (
            "postgres://app:%(pw_of_2024_12)s@db.company.net/app".to_owned(),
            None,
        ),
        (
            "postgres://app:<your-password-12>@db.company.net/app".to_owned(),
            None,
        ),
        ("postgres://postgres:postgres@db/app".to_owned(), None),
        ("postgres://app:app12345@db/app".to_owned(), None),
        (
            "mongodb://user:correcthorsebattery@db.company.net".to_owned(),
            None,
        ),
        (
            "https://user:my-password-123456@host.company.net".to_owned(),
            None,
        ),
        (
            "git+ssh://git@github.com/a/b.git#0123456789ab".to_owned(),
            None,
        ),
        (
            "https://fonts.company.net/css?family=Roboto:400,700@10".to_owned(),
            None,
        ),
        ("http://x:80 mailto:a@b".to_owned(), None),
    ] {
        check("src/config.py", &line, expect);
    }
    let line = format!("\"resolved\": \"https://u:{word}@npm.company.net/x.tgz\"");
    check("package-lock.json", &line, None);
}

#[test]
fn what_stands_in_projects_and_is_no_secret() {
    for (file, line) in [
        ("README.md", "aws_access_key_id = AKIAIOSFODNN7EXAMPLE"),
        (
            "README.md",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        (
            "Cargo.lock",
            "checksum = \"a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90\"",
        ),
        (
            "yarn.lock",
            "  integrity sha512-Kk8wLQPdF2m9v0uNYtXr3aZ1bC4dE5fG6hI7jK8lM9nO0pQ1rS2tU3vW4xY5zA6bC7dE8fG9hI0jK1lM2nO3pQ==",
        ),
        (
            "go.sum",
            "github.com/x/y v1.2.3 h1:Kk8wLQPdF2m9v0uNYtXr3aZ1bC4dE5fG6hI7jK8lM9o=",
        ),
        ("a.rs", "let key = \"-----BEGIN RSA PRIVATE KEY-----\";"),
        (
            "docs/a.md",
            "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        ("docs/a.md", "sk_test_tokens are for tests"),
        ("a.py", "STRIPE = 'sk_live_...'"),
        (
            "a.js",
            "const passwordPlaceholder = 'At least 8 characters, 1 digit'",
        ),
        (
            "a.html",
            "<input type=\"password\" name=\"password1\" id=\"user_password_field_1\">",
        ),
        ("x.svg", "token=\"M10.5 20.25h3v-1.5h-3zm0-4.5h3v-9h\""),
        ("a.go", "Token: token.NewFileSet2024Positions(),"),
        (
            "commit.txt",
            "merge 0f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c",
        ),
    ] {
        check(file, line, None);
    }
}

#[test]
fn a_private_key_is_its_block() {
    let begin = ["-----BEGIN OPENSSH PRIVATE", " KEY-----"].concat();
    let body = random(64, ALNUM);
    let found = secrets_in(&patch("id", &[&begin, &body]));
    assert_eq!(
        (found.len(), found[0].kind, found[0].line),
        (1, "private key", 1)
    );
    assert!(secrets_in(&patch("id", &[&begin, "..."])).is_empty());
    assert!(secrets_in(&patch("id", &[&begin])).is_empty());
    check(
        "a.json",
        &format!("\"key\": \"{begin}\\n{body}\\n\""),
        Some("private key"),
    );
}

#[test]
fn new_files_of_variables_are_refused() {
    let new = |file: &str, line: &str| {
        let text = String::from_utf8(patch(file, &["A=1", line])).expect("text");
        text.replace("index 1..2 100644\n", "new file mode 100644\nindex 0..2\n")
    };
    for (file, count) in [
        (".env", 1),
        ("app/.env.production", 1),
        (".env.example", 0),
        ("x.env", 0),
        (".envrc", 0),
    ] {
        let found = secrets_in(new(file, "B=2").as_bytes());
        assert_eq!(found.len(), count, "{file}");
    }
    assert!(secrets_in(new(".env", &format!("# {MARKER}")).as_bytes()).is_empty());
    assert!(
        secrets_in(&patch(".env", &["A=1"])).is_empty(),
        "it was there"
    );
}

#[test]
fn the_place_is_the_new_files() {
    let secret = format!("ghp_{}", random(36, ALNUM));
    let text = format!(
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -3,2 +7,2 @@ fn f()\n-{secret}\n-b\n+a\n+{secret}\n\
         \\ No newline at end of file\n@@ -9 +20 @@\n-c\n+{secret}\n\
         diff --git a/y b/y\n--- a/y\n+++ \"b/y \\303\\244\"\n@@ -0,0 +1 @@\n++++ {secret}\n"
    );
    let places: Vec<_> = secrets_in(text.as_bytes())
        .iter()
        .map(Secret::text)
        .collect();
    let places: Vec<_> = places
        .iter()
        .map(|text| text.split(": ").next().unwrap_or_default())
        .collect();
    assert_eq!(places, ["x:8", "x:20", "y \\303\\244:1"]);
    let masked = secrets_in(text.as_bytes())[0].masked.clone();
    assert_eq!(masked, "ghp_… (40 characters)");
}

#[test]
fn of_many_commits_each_is_named_and_of_a_merge_what_no_parent_has() {
    let secret = format!("ghp_{}", random(36, ALNUM));
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let text = format!(
        "{COMMIT}{one}\n\ndiff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n\
         @@@ -1,2 -1,1 +1,4 @@@\n  same\n+ {secret}\n- gone\n +theirs {secret}\n++{secret}\n\
         {COMMIT}{two}\n\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -0,0 +3 @@\n+{secret}\n"
    );
    let found = secrets_in(text.as_bytes());
    let places: Vec<_> = found.iter().map(Secret::place).collect();
    assert_eq!(
        places,
        [
            "x:4 in 111111111111: GitHub token",
            "y:3 in 222222222222: GitHub token"
        ]
    );
    assert_eq!(found[1].commit.as_deref(), Some(two.as_str()));
}

#[test]
fn a_place_tells_its_file() {
    let secret = Secret {
        commit: Some("1".repeat(40)),
        file: "src/a:2 b.py".to_owned(),
        line: 12,
        kind: "GitHub token",
        masked: "ghp_… (40 characters)".to_owned(),
    };
    for text in [secret.place(), secret.text()] {
        assert_eq!(file_of(&text).as_deref(), Some("src/a:2 b.py"), "{text}");
    }
    for text in ["", "a.py", "a.py:", "a.py:x: key", "a.py:3"] {
        assert_eq!(file_of(text), None, "{text}");
    }
}

#[test]
fn many_are_cut_and_nothing_makes_it_fail() {
    let secret = format!("ghp_{}", random(36, ALNUM));
    let lines: Vec<&str> = (0..50).map(|_| secret.as_str()).collect();
    assert_eq!(secrets_in(&patch("x", &lines)).len(), TOLD);
    for text in [
        "",
        "+++ ",
        "@@ -1 +1 @@\n+",
        "@@ -1 +1,99999999999999999999 @@\n+x",
        "@@ @@",
        "@@@ -1 -1 +1,9 @@@\n+\n++\n\n\\",
    ] {
        secrets_in(text.as_bytes());
    }
    secrets_in(&patch(
        "x",
        &[&"=".repeat(10_000), &"password=\"".repeat(1_000)],
    ));
}
