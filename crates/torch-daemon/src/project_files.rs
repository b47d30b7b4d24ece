//! The rules that a project's files state, read where they lie: by the host for teams, and by `torch rules` and `torch auto`
//! before there is a team.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use torch_api::rules::VerdictView;
use torch_brief::Tier;
use torch_core::config::RouterConfig;
use torch_core::project_rules::{DayMinute, FILES, ProjectRules, RuleKind, Stated};
use torch_core::{AgentId, RoleName, Sender, TeamId, Timestamp};
use torch_project::FileError;
use torch_router::clean::clean;
use torch_router::critical;
use torch_router::policy::{Destination, TeamRules};
use torch_router::project::{FILE_MAX, RuleFile, RuleFileError, RuleSet, contradictions};
use torch_router::speech::Speech;
use torch_router::traffic::{Judgement, Limits, Said, Traffic};

use crate::state::Templates;

/// What is wrong with the files in which a project states its rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectRulesError {
    /// One of them can't be read.
    #[error("{file}: {why}")]
    Unread {
        /// Its name.
        file: &'static str,
        /// Why, in the words of [`torch_project::FileError`], which can't be compared with the one of the next look.
        why: String,
    },
    /// One of them is no text.
    #[error("{0}: it is binary")]
    Binary(&'static str),
    /// One of them states what is no rule, with its line.
    #[error(transparent)]
    Stated(#[from] RuleFileError),
}

/// The rules of a project.
///
/// # Errors
/// [`ProjectRulesError`].
pub fn read(folder: &Path) -> Result<ProjectRules, ProjectRulesError> {
    let mut texts = Vec::new();
    for name in FILES {
        if let Some(text) = text(folder, name)? {
            texts.push((name, text));
        }
    }
    let files: Vec<RuleFile<'_>> = texts
        .iter()
        .map(|(name, text)| RuleFile { name, text })
        .collect();
    Ok(torch_router::project::read(&files)?)
}

/// Whether a project has any of the files.
pub fn has_any(folder: &Path) -> bool {
    FILES.iter().any(|name| folder.join(name).is_file())
}

/// The rules that these settings limit, by their names, and what holds instead.
pub fn limited(rules: &ProjectRules, router: &RouterConfig) -> BTreeMap<String, String> {
    let set = RuleSet::new(rules.clone());
    let limited = set.limited(router.mode, router.exchanges, router.blocked_seconds);
    limited.into_iter().collect()
}

/// The statements of these files that can't both be kept.
pub fn against(rules: &ProjectRules) -> Vec<torch_core::project_rules::Contradiction> {
    contradictions(rules)
}

/// A message that is tried where there is no team.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    /// The role that would say it; `None` for the person.
    pub from: Option<&'a RoleName>,
    /// The role it would be for; `None` for the person.
    pub to: Option<&'a RoleName>,
    /// What it would say.
    pub text: &'a str,
    /// When.
    pub now: Timestamp,
}

/// What would become of a message in a team with an orchestrator that worked here, with these settings.
pub fn judge(
    rules: ProjectRules,
    tried: Tried<'_>,
    templates: &Templates,
    router: &RouterConfig,
) -> VerdictView {
    let set = RuleSet::new(rules);
    let (team, agent) = (TeamId::new(1, 1), AgentId::new(1, 1));
    let sender = tried.from.map_or(Sender::Human, |role| Sender::Agent {
        agent,
        team,
        role: role.clone(),
    });
    let operates = [tried.from, tried.to].into_iter().flatten().any(|role| {
        let role = templates.roles.get(role.as_str());
        role.is_some_and(|role| role.tier == Tier::Sysops)
    });
    let none = torch_router::matrix::Matrix::default();
    let text = clean(tried.text.as_bytes()).text;
    let speech = Speech::read(&text);
    let said = Said {
        sender: &sender,
        to: tried.to.map_or(Destination::Human, Destination::Role),
        agent: tried.to.map(|_| AgentId::new(1, 2)),
        text: &text,
        speech: &speech,
        now: tried.now,
    };
    let matrix = crate::brief::named_matrix(templates, router, operates);
    let team = TeamRules {
        mode: router.mode,
        has_hub: true,
        matrix: matrix.unwrap_or(&none),
        project: Some(&set),
        time: time_of_day(tried.now, &TimeZone::system()),
    };
    let limits = set.limits(&Limits::from(router));
    let judged = Traffic::default().judge(&said, team, &limits);
    let words = critical::Words::new(router.critical_words().chain(set.critical()));
    verdict(judged, &set, words.find(&text))
}

/// A judgement as it is shown.
pub(crate) fn verdict(judged: Judgement, rules: &RuleSet, critical: Vec<String>) -> VerdictView {
    let rule = rules.rule(&judged.verdict.rule);
    let at = rule.map(|rule| format!("{}:{}", rule.file, rule.line));
    let decides = judged.verdict.rule.as_str();
    let is_it = |stated: &Stated| stated.rule.as_deref() == Some(decides);
    // What may not be said is not said by the statements about it either.
    let shown = rule.filter(|rule| !matches!(rule.ask, RuleKind::ForbiddenWords { .. }));
    let against = shown.map_or_else(Vec::new, |_| contradictions(rules.data()));
    VerdictView {
        against: against
            .into_iter()
            .filter(|row| is_it(&row.one) || is_it(&row.other))
            .collect(),
        decision: judged.verdict.decision,
        rule: judged.verdict.rule,
        reason: judged.verdict.reason,
        at,
        critical,
        noted: judged
            .breaches
            .into_iter()
            .map(|breach| breach.rule)
            .collect(),
    }
}

/// The time of day in a zone.
pub(crate) fn time_of_day(now: Timestamp, zone: &TimeZone) -> DayMinute {
    let millis = i64::try_from(now.0).unwrap_or(i64::MAX);
    let instant = Instant::from_millisecond(millis).unwrap_or(Instant::MAX);
    let zoned = instant.to_zoned(zone.clone());
    let (hour, minute) = (zoned.hour().unsigned_abs(), zoned.minute().unsigned_abs());
    DayMinute::new(hour.into(), minute.into()).unwrap_or_default()
}

/// A file's text; `None` where there is none.
fn text(folder: &Path, file: &'static str) -> Result<Option<String>, ProjectRulesError> {
    let unread = |error: FileError| ProjectRulesError::Unread {
        file,
        why: error.to_string(),
    };
    let bytes = match torch_project::read_bytes(&folder.join(file), FILE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(unread(error)),
    };
    if bytes.contains(&0) {
        return Err(ProjectRulesError::Binary(file));
    }
    torch_project::text_of(bytes).map(Some).map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_by_its_name() {
        let folder = std::env::temp_dir().join(format!("torch-rules-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let check = |name: &str, bytes: &[u8], expect: &str| {
            std::fs::write(folder.join(name), bytes).expect("a file");
            let error = read(&folder).expect_err(expect).to_string();
            assert!(error.starts_with(expect), "{error}");
            std::fs::remove_file(folder.join(name)).expect("removed");
        };
        check("CLAUDE.md", b"# Team rules\n\0", "CLAUDE.md: it is binary");
        check(
            "AGENTS.md",
            b"# R\xff",
            "AGENTS.md: it is no UTF-8 text: line 1, byte 4",
        );
        let large = vec![b'a'; 1024 * 1024 + 1];
        check(
            "CLAUDE.md",
            &large,
            "CLAUDE.md: it has 1048577 bytes, and at most 1048576 are read",
        );
        check("rules.toml", b"\n[[rule]", "rules.toml:2: ");
        std::fs::create_dir(folder.join("AGENTS.md")).expect("a folder");
        let error = read(&folder).expect_err("a folder");
        assert_eq!(
            error.to_string(),
            "AGENTS.md: it is a directory, and only a regular file is read"
        );
        std::fs::remove_dir(folder.join("AGENTS.md")).expect("removed");
        std::fs::write(folder.join("CLAUDE.md"), "# Team rules\n- No broadcasts\n")
            .expect("a file");
        assert_eq!(read(&folder).expect("rules").rules.len(), 1);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
