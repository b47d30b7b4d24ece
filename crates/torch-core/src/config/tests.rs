//! Tests of the layering.

use super::*;

fn none(_: &str) -> Option<String> {
    None
}

fn of_user(text: &str) -> Result<(Config, Vec<Origin>), ConfigError> {
    let layers = Layers {
        user: Some(("config.toml", text)),
        project: None,
    };
    layer(&Config::default(), layers, none)
}

fn of_project(text: &str) -> Result<(Config, Vec<Origin>), ConfigError> {
    let layers = Layers {
        user: None,
        project: Some(("torch.toml", text)),
    };
    layer(&Config::default(), layers, none)
}

#[test]
fn without_layers_all_is_default() {
    let (config, origins) = layer(&Config::default(), Layers::default(), none).expect("defaults");
    assert_eq!(config, Config::default());
    assert_eq!(origins.len(), KEYS.len());
    assert!(
        origins
            .iter()
            .all(|origin| origin.source == Source::Default)
    );
}

#[test]
fn the_table_of_keys_covers_every_field() {
    let table = toml::Table::try_from(Config::default()).expect("serialises");
    let fields: usize = table
        .values()
        .map(|value| value.as_table().map_or(1, toml::Table::len))
        .sum();
    assert_eq!(fields, KEYS.len());
    for key in KEYS {
        let value = match key.name.split_once('.') {
            Some((section, name)) => table[section].get(name),
            None => table.get(key.name),
        };
        let value = value.expect(key.name);
        assert!(
            key.kind.accepts(value),
            "{} does not take its default {value}",
            key.name
        );
    }
}

#[test]
fn the_last_layer_wins_and_is_named() {
    let layers = Layers {
        user: Some((
            "config.toml",
            "[router]\nmode = \"open\"\n[team]\nsession_suffix = \"x\"",
        )),
        project: Some((
            "torch.toml",
            "[team]\nsession_suffix = \"impl\"\n[delivery]\nsubmit_timeout_seconds = 7",
        )),
    };
    let var = |name: &str| match name {
        "TORCH_DELIVERY_SUBMIT_TIMEOUT_SECONDS" => Some("9".to_owned()),
        "TORCH_IDENTITY_SCRIPTS" => Some("1".to_owned()),
        "TORCH_TMUX_PROGRAM" => Some(String::new()),
        _ => None,
    };
    let (config, origins) = layer(&Config::default(), layers, var).expect("valid");
    assert_eq!(config.router.mode, RouterMode::Open);
    assert_eq!(config.team.session_suffix, "impl");
    assert_eq!(config.delivery.submit_timeout_seconds, 9);
    assert!(config.identity.scripts);
    assert_eq!(config.tmux.program, "tmux");
    let source = |key: &str| {
        let origin = origins.iter().find(|origin| origin.key == key).expect(key);
        origin.source.clone()
    };
    assert_eq!(
        source("router.mode"),
        Source::File("config.toml".to_owned())
    );
    assert_eq!(
        source("team.session_suffix"),
        Source::File("torch.toml".to_owned())
    );
    assert_eq!(
        source("delivery.submit_timeout_seconds"),
        Source::Variable("TORCH_DELIVERY_SUBMIT_TIMEOUT_SECONDS".to_owned())
    );
    assert_eq!(source("tmux.program"), Source::Default);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    for (text, key, nearest) in [
        ("[tmux]\nsoket = \"x\"", "tmux.soket", Some("tmux.socket")),
        (
            "[roter]\nmode = \"open\"",
            "roter.mode",
            Some("router.mode"),
        ),
        (
            "[identity]\nscript = true",
            "identity.script",
            Some("identity.scripts"),
        ),
        ("colour = 1", "colour", None),
        ("[plugins]\nwhatever = 1", "plugins.whatever", None),
    ] {
        let error = of_user(text).expect_err(text);
        let ConfigError::UnknownKey {
            key: found,
            nearest: near,
            ..
        } = error
        else {
            panic!("{text}: {error}");
        };
        assert_eq!((found.as_str(), near), (key, nearest), "{text}");
    }
}

#[test]
fn values_are_checked_with_what_they_take() {
    for text in [
        "[router]\nmode = \"loose\"",
        "[delivery]\nsubmit_timeout_seconds = 0",
        "[delivery]\nsubmit_timeout_seconds = \"5\"",
        "[identity]\nscripts = \"yes\"",
        "[tmux]\nsocket = \"-L\"",
        "[tmux]\nsocket = \"a/b\"",
        "[tmux]\nprogram = \"\"",
        "[agents]\nvariables = \"MY_*\"",
        "[agents]\nvariables = \"A, TORCH_HOME\"",
        "[agents]\nvariables = \"PATH\"",
        "[team]\nsession_suffix = \"#(x)\"",
    ] {
        let error = of_user(text).expect_err(text);
        assert!(
            matches!(error, ConfigError::Value { .. }),
            "{text}: {error}"
        );
    }
    let error = of_user("[router]\nmode = \"loose\"").expect_err("no such mode");
    assert_eq!(
        error.to_string(),
        "config.toml sets `router.mode` to \"loose\"; it takes \"strict\" or \"matrix\" or \"open\""
    );
    assert!(matches!(of_user("[tmux"), Err(ConfigError::Syntax { .. })));
}

#[test]
fn a_project_decides_neither_programs_nor_identity() {
    for text in [
        "[tmux]\nprogram = \"./x\"",
        "[tmux]\nsocket = \"x\"",
        "[identity]\nscripts = true",
    ] {
        let error = of_project(text).expect_err(text);
        assert!(
            matches!(error, ConfigError::UserOnly { .. }),
            "{text}: {error}"
        );
    }
    assert!(of_project("[router]\nmode = \"open\"").is_ok());
}

#[test]
fn a_template_is_valid_and_changes_nothing() {
    let user = template(&Config::default(), Scope::User);
    let (config, origins) = of_user(&user).expect("valid as it stands");
    assert_eq!(config, Config::default());
    assert!(
        origins
            .iter()
            .all(|origin| origin.source == Source::Default)
    );
    // Switched on, every line is still valid.
    let mut on = String::new();
    for line in user.lines() {
        let bare = line
            .strip_prefix("# ")
            .filter(|rest| rest.contains(" = "))
            .unwrap_or(line);
        on.push_str(bare);
        on.push('\n');
    }
    let (config, origins) = of_user(&on).expect("valid when switched on");
    assert_eq!(config, Config::default());
    assert!(
        origins
            .iter()
            .all(|origin| origin.source != Source::Default),
        "{on}"
    );
    assert!(!template(&Config::default(), Scope::Project).contains("[tmux]"));
}

#[test]
fn further_variables_are_named_by_the_user_alone() {
    let text = "[agents]\nvariables = \"MY_KEY, other_1,,\"";
    let (config, _) = of_user(text).expect("valid");
    let names: Vec<&str> = config.agents.variable_names().collect();
    assert_eq!(names, ["MY_KEY", "other_1"]);
    let error = of_project(text).expect_err("not a project's");
    assert!(matches!(error, ConfigError::UserOnly { .. }), "{error}");
}

/// The same for every list: an empty variable is as good as none, and `none` empties it.
#[test]
fn a_variable_empties_a_list_by_a_word_and_never_by_being_empty() {
    let lists = [
        ("TORCH_GIT_FORBID", "git.forbid"),
        ("TORCH_AGENTS_VARIABLES", "agents.variables"),
        ("TORCH_PROJECTS_ROOTS", "projects.roots"),
        ("TORCH_WORKTREE_PORTS", "worktree.ports"),
        ("TORCH_CHECK_INS_ROLES", "check_ins.roles"),
    ];
    let user = "[git]\nforbid = \"force-push\"\n[agents]\nvariables = \"MY_KEY\"\n[projects]\nroots = [\"~/work\"]\n\
                [worktree]\nports = \"8100-8199\"\n[check_ins]\nroles = \"developer=30m\"";
    for (variable, key) in lists {
        let said = |text: &str| {
            let layers = Layers {
                user: Some(("config.toml", user)),
                project: None,
            };
            let var = |name: &str| (name == variable).then(|| text.to_owned());
            let (_, origins) = layer(&Config::default(), layers, var).expect(key);
            let origin = origins.into_iter().find(|origin| origin.key == key);
            origin.expect(key)
        };
        let unset = said("");
        assert!(matches!(unset.source, Source::File(_)), "{key}: {unset:?}");
        let emptied = said("none");
        assert_eq!(
            emptied.source,
            Source::Variable(variable.to_owned()),
            "{key}"
        );
        assert!(
            ["\"\"", "[]"].contains(&emptied.value.as_str()),
            "{key}: {emptied:?}"
        );
    }
}

#[test]
fn a_profile_stands_below_whatever_is_said() {
    use crate::policy::{AgentCommits, Approval, Profile};
    let text = "policy = \"review-only\"\n[integration]\nadmin_merge = true";
    let (config, origins) = of_project(text).expect("valid");
    assert_eq!(config.policy, Profile::ReviewOnly);
    assert_eq!(config.git.agent_commits, AgentCommits::Forbidden);
    assert_eq!(config.integration.approval, Approval::Person);
    assert!(config.integration.admin_merge, "the file's own value");
    let source = |key: &str| {
        let origin = origins.iter().find(|origin| origin.key == key).expect(key);
        origin.source.clone()
    };
    assert_eq!(
        source("git.agent_commits"),
        Source::Policy(Profile::ReviewOnly)
    );
    assert_eq!(
        source("integration.admin_merge"),
        Source::File("torch.toml".to_owned())
    );
}

#[test]
fn a_project_loosens_no_policy_that_its_user_has_chosen() {
    use crate::policy::{AgentCommits, Profile};
    let check = |user: &str, project: &str, commits: AgentCommits, passed: &[&str]| {
        let layers = Layers {
            user: Some(("config.toml", user)),
            project: Some(("torch.toml", project)),
        };
        let (config, origins) = layer(&Config::default(), layers, none).expect("valid");
        assert_eq!(config.git.agent_commits, commits, "{user} | {project}");
        let found: Vec<&str> = origins
            .iter()
            .filter(|origin| origin.passed.is_some())
            .map(|origin| origin.key)
            .collect();
        assert_eq!(found, passed, "{user} | {project}");
    };
    let (required, forbidden) = (AgentCommits::Required, AgentCommits::Forbidden);
    let mine = "policy = \"review-only\"";
    let switch = "[git]\nagent_commits = \"forbidden\"";
    let loose = "policy = \"team\"\n[git]\nagent_commits = \"required\"";
    check(mine, loose, forbidden, &["policy", "git.agent_commits"]);
    check(mine, "policy = \"team\"", forbidden, &["policy"]);
    check(switch, loose, forbidden, &["git.agent_commits"]);
    check("", loose, required, &[]);
    check("", mine, forbidden, &[]);
    // A variable is its user's word of the moment.
    let var = |name: &str| (name == "TORCH_POLICY").then(|| "supervised".to_owned());
    let layers = Layers {
        user: Some(("config.toml", mine)),
        project: None,
    };
    let (config, _) = layer(&Config::default(), layers, var).expect("valid");
    assert_eq!(config.policy, Profile::Supervised);
    assert_eq!(config.git.agent_commits, required);
}

#[test]
fn a_project_only_narrows_the_mode_of_the_router() {
    let check =
        |user: &str, variable: Option<&str>, project: &str, mode: RouterMode, passed: bool| {
            let layers = Layers {
                user: Some(("config.toml", user)),
                project: Some(("torch.toml", project)),
            };
            let var = |name: &str| {
                variable
                    .filter(|_| name == "TORCH_POLICY")
                    .map(str::to_owned)
            };
            let (config, origins) = layer(&Config::default(), layers, var).expect("valid");
            let origin = origins
                .iter()
                .find(|it| it.key == "router.mode")
                .expect("the key");
            assert_eq!(
                config.router.mode, mode,
                "{user} | {variable:?} | {project}"
            );
            assert_eq!(
                origin.passed.is_some(),
                passed,
                "{user} | {variable:?} | {project}"
            );
        };
    use RouterMode::{Matrix, Open, Strict};
    let mode = |mode: &str| format!("[router]\nmode = \"{mode}\"");
    let supervised = "policy = \"supervised\"";
    check(&mode("strict"), None, &mode("open"), Strict, true);
    check(&mode("strict"), None, &mode("matrix"), Strict, true);
    check(&mode("open"), None, &mode("strict"), Strict, false);
    check(&mode("open"), None, &mode("open"), Open, false);
    check("", None, &mode("open"), Matrix, true);
    check("", None, &mode("strict"), Strict, false);
    check(supervised, None, &mode("open"), Strict, true);
    check(supervised, None, &mode("matrix"), Strict, true);
    check("", Some("supervised"), &mode("matrix"), Strict, true);
    // A project's own policy leaves the project its own word.
    let both = format!("{supervised}\n{}", mode("matrix"));
    check("", None, &both, Matrix, false);
    check(
        "",
        None,
        &format!("{supervised}\n{}", mode("open")),
        Strict,
        true,
    );
    check("", None, supervised, Strict, false);
}

#[test]
fn a_policy_that_a_variable_names_is_the_users_word_too() {
    use crate::policy::Approval;
    let project = "[integration]\napproval = \"project_manager\"";
    let layers = Layers {
        user: None,
        project: Some(("torch.toml", project)),
    };
    let var = |name: &str| (name == "TORCH_POLICY").then(|| "supervised".to_owned());
    let (config, _) = layer(&Config::default(), layers, var).expect("valid");
    assert_eq!(config.integration.approval, Approval::Person);
}
