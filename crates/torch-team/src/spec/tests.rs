//! Tests of reading specs.

use super::*;

/// Whether each phrase is wanted (`+`), said not to be (`-`), both (`±`) or not spoken of (`.`).
fn check(text: &str, phrases: &[(&str, char)]) {
    let spec = Spec::read(text);
    for (phrase, expected) in phrases {
        let said = spec.said(phrase);
        let found = match (said.wanted.is_empty(), said.unwanted.is_empty()) {
            (true, true) => '.',
            (false, true) => '+',
            (true, false) => '-',
            (false, false) => '±',
        };
        assert_eq!(found, *expected, "{phrase:?} in {text:?}");
    }
}

#[test]
fn words_case_plural_and_hyphens() {
    let text = "A Machine-Learning service with Web apps.\nIt runs on Node.js (see https://docker.example/kubernetes).";
    check(
        text,
        &[
            ("machine learning", '+'),
            ("web app", '+'),
            ("node.js", '+'),
            ("docker", '.'),
            ("kubernetes", '.'),
            ("app it", '.'),
        ],
    );
    assert_eq!(Spec::read(text).said("node.js").wanted, [2]);
}

#[test]
fn what_is_not_wanted() {
    for (text, phrases) in [
        ("No Docker.", &[("docker", '-')][..]),
        (
            "No Docker, Kubernetes or Terraform. Use systemd.",
            &[
                ("docker", '-'),
                ("kubernetes", '-'),
                ("terraform", '-'),
                ("systemd", '+'),
            ],
        ),
        (
            "No login page, a REST API is enough.",
            &[("login page", '-'), ("rest api", '+')],
        ),
        (
            "No database, but it uses Redis",
            &[("database", '-'), ("redis", '+')],
        ),
        (
            "It must work without Docker and use systemd",
            &[("docker", '-'), ("systemd", '+')],
        ),
        ("no downtime with Kubernetes", &[("kubernetes", '+')]),
        ("We do not want to use any Docker", &[("docker", '-')]),
        ("Don't deploy with Docker", &[("docker", '-')]),
        ("Don't forget Docker", &[("docker", '+')]),
        (
            "not only Docker but Kubernetes",
            &[("docker", '+'), ("kubernetes", '+')],
        ),
        ("Docker is not needed", &[("docker", '-')]),
        (
            "Docker must not be used; Podman is fine",
            &[("docker", '-'), ("podman", '+')],
        ),
        ("Docker isn't a problem", &[("docker", '+')]),
        ("Kubernetes is out of scope", &[("kubernetes", '-')]),
        (
            "- Docker: no\n- Redis: yes",
            &[("docker", '-'), ("redis", '+')],
        ),
        (
            "Use Podman instead of Docker",
            &[("podman", '+'), ("docker", '-')],
        ),
        (
            "- no Docker\n- Terraform modules",
            &[("docker", '-'), ("terraform", '+')],
        ),
        (
            "Docker for the tests. No Docker in production.",
            &[("docker", '±')],
        ),
        ("never write to a database", &[("database", '-')]),
    ] {
        check(text, phrases);
    }
}

#[test]
fn what_is_left_behind_is_not_wanted() {
    for (text, phrases) in [
        (
            "Replaces the old Django web app.",
            &[("django", '-'), ("web app", '-')][..],
        ),
        (
            "Replace Flask with FastAPI",
            &[("flask", '-'), ("fastapi", '+')],
        ),
        ("Replace the text on the website", &[("website", '+')]),
        ("We decided against a web service.", &[("web service", '-')]),
        (
            "Migrate away from React to Vue",
            &[("react", '-'), ("vue", '+')],
        ),
        (
            "Migrate from MySQL to PostgreSQL",
            &[("mysql", '-'), ("postgresql", '+')],
        ),
        (
            "# Remove Docker\n- Remove the Dockerfile and all Kubernetes manifests",
            &[("docker", '-'), ("kubernetes", '-')],
        ),
        (
            "Drop PostgreSQL in favour of SQLite",
            &[("postgresql", '-'), ("sqlite", '+')],
        ),
        ("Users can remove a payment", &[("payment", '+')]),
        ("Remove duplicates from the database", &[("database", '+')]),
        ("We will stop using Terraform.", &[("terraform", '-')]),
    ] {
        check(text, phrases);
    }
}

#[test]
fn a_section_of_non_goals() {
    check(
        "# Tool\nUse Rust.\n## Non-goals\n- a web app\n### Later\n- Docker\n## Goals\n- Terraform",
        &[
            ("rust", '+'),
            ("web app", '-'),
            ("docker", '-'),
            ("terraform", '+'),
        ],
    );
    check(
        "OUT OF SCOPE:\n- Docker\nREQUIREMENTS:\n- systemd",
        &[("docker", '-'), ("systemd", '+')],
    );
}

#[test]
fn code_is_no_word_and_inline_code_is() {
    check(
        "```\ndocker compose up\n```\nRun `terraform plan`.",
        &[("docker", '.'), ("terraform", '+')],
    );
}

#[test]
fn header_fields() {
    let spec = Spec::read(
        "\u{feff}# A thing\n**PROJECT:** Wave\nTARGET: 203.0.113.7\n- Type: `system deployment`\nTYPE: other\n",
    );
    let field = |name| {
        spec.field(name)
            .map(|field| (field.value.as_str(), field.line))
    };
    assert_eq!(field("PROJECT"), Some(("Wave", 2)));
    assert_eq!(field("TARGET"), Some(("203.0.113.7", 3)));
    assert_eq!(field("TYPE"), Some(("system deployment", 4)));
    assert!(
        spec.said("deployment").wanted.is_empty(),
        "the field is no word"
    );
    let fenced = Spec::read("```\nTYPE: x\n```\n");
    assert_eq!(fenced.field("TYPE"), None);
}

#[test]
fn numbers_of_services() {
    for (text, services) in [
        ("It has 6 services and 12 microservices.", Some(12)),
        ("It has 7 micro-services.", Some(7)),
        ("It has 2 servers.", None),
    ] {
        assert_eq!(
            Spec::read(text).services().map(|(count, _)| count),
            services,
            "{text}"
        );
    }
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "",
        ":",
        "no",
        "- no",
        "# ",
        "#",
        "no,,,",
        "is not",
        "instead of",
        "5 services",
        "'",
        "a\u{0}b",
        "日本語。no Docker",
    ] {
        drop(Spec::read(text));
    }
}

#[test]
fn what_the_project_deals_with_is_not_what_it_is() {
    for (text, phrase, own, foreign) in [
        (
            "A kubectl plugin that says who may do what in a Kubernetes cluster.",
            "kubernetes cluster",
            false,
            false,
        ),
        (
            "A Rust program that reads Terraform files",
            "terraform",
            false,
            false,
        ),
        ("Users upload a user guide", "user guide", false, false),
        ("It has a user guide", "user guide", false, false),
        ("- upload a user guide as PDF", "user guide", false, false),
        ("Write a handbook", "handbook", true, false),
        (
            "Python client for the Acme REST API",
            "rest api",
            false,
            true,
        ),
        ("Scans a website for broken links.", "website", false, true),
        ("A website that scans itself.", "website", true, false),
        (
            "Scripts that deploy to production",
            "deploy to production",
            true,
            false,
        ),
        (
            "A reader. Terraform modules for AWS.",
            "terraform",
            true,
            false,
        ),
    ] {
        let said = Spec::read(text).said(phrase);
        assert_eq!(
            (said.wanted.len(), said.own, said.foreign),
            (1, own, foreign),
            "{text}"
        );
    }
}
