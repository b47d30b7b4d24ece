//! A role's file: read, and checked down to each of its texts.

use serde::Deserialize;
use toml::Spanned;
use torch_core::RoleName;

use crate::engine::VARIABLES;
use crate::error::RoleError;
use crate::line::Line;
use crate::render::{trials, words};
use crate::role::{Role, Tier};

/// The largest role's file, in bytes; the shipped ones have a tenth of that.
pub const FILE_MAX: usize = 32 * 1024;
/// The most words that a role's own texts may have together, as written.
pub const ROLE_WORDS_MAX: usize = 700;
/// The most characters of one line of text.
const LINE_MAX: usize = 800;
/// The most characters of a title.
const TITLE_MAX: usize = 60;
/// The most characters of a summary.
const SUMMARY_MAX: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<Spanned<String>>,
    tier: Option<Spanned<String>>,
    title: Option<Spanned<String>>,
    summary: Option<Spanned<String>>,
    branch_prefix: Option<Spanned<String>>,
    #[serde(default)]
    first: Vec<Spanned<String>>,
    #[serde(default)]
    duties: Vec<Spanned<String>>,
    #[serde(default)]
    good: Vec<Spanned<String>>,
    #[serde(default)]
    hand_over: Vec<Spanned<String>>,
    #[serde(default)]
    not_yours: Vec<Spanned<String>>,
    #[serde(default)]
    directories: Vec<Spanned<String>>,
}

/// Reads a role's file.
///
/// # Errors
/// [`RoleError`] with the line, for what is no TOML, a key that no role has, a value that its key does not take, and a text
/// that can't be rendered in every kind of team.
pub fn parse(text: &str) -> Result<Role, RoleError> {
    let (role, file) = read(text)?;
    Source { text }.texts(&file, &role)?;
    Ok(role)
}

/// Reads a role's file without trying its texts.
pub(crate) fn shape(text: &str) -> Result<Role, RoleError> {
    read(text).map(|(role, _)| role)
}

fn read(text: &str) -> Result<(Role, File), RoleError> {
    if text.len() > FILE_MAX {
        let value = format!("{} bytes long", text.len());
        return Err(value_error(
            1,
            "the file",
            &value,
            format!("it takes at most {FILE_MAX}"),
        ));
    }
    let file: File = toml::from_str(text).map_err(|source| RoleError::Syntax {
        line: source.span().map_or(1, |span| line_of(text, span.start)),
        source: Box::new(source),
    })?;
    let role = Source { text }.role(&file)?;
    let count: usize = role
        .lists()
        .iter()
        .flat_map(|(_, lines)| lines.iter())
        .map(|line| words(line))
        .sum();
    if count > ROLE_WORDS_MAX {
        return Err(RoleError::TooLong {
            words: count,
            max: ROLE_WORDS_MAX,
        });
    }
    Ok((role, file))
}

/// Whether a name means something else where a role is named: a number is that of a window (`team:1`), and a file in an outbox
/// that begins with one of these words is that request (`commit--note.md`), and no message to somebody.
fn is_taken(name: &str) -> bool {
    const REQUESTS: [&str; 10] = [
        "complete",
        "commit",
        "report-status",
        "report-blocked",
        "report-unblocked",
        "task-assign",
        "task-list",
        "standup-answer",
        "deps-set",
        "deps-list",
    ];
    name.bytes().all(|byte| byte.is_ascii_digit()) || REQUESTS.contains(&name)
}

/// What a name that is taken means.
fn taken_as(name: &str) -> String {
    match name.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("a number is that of a window, as in `team:{name}`"),
        false => format!("a file `{name}--…` in an outbox is that request, and no message to it"),
    }
}

/// A file's text, for the lines of its values.
struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    fn role(&self, file: &File) -> Result<Role, RoleError> {
        let name = self.name(file)?;
        let tier = match &file.tier {
            None => Tier::Optional,
            Some(tier) => Tier::find(tier.get_ref()).ok_or_else(|| {
                let wants = "it takes core, optional or sysops".to_owned();
                self.value("tier", tier, wants)
            })?,
        };
        let title = self.sentence("title", file.title.as_ref(), TITLE_MAX)?;
        let summary = self.sentence("summary", file.summary.as_ref(), SUMMARY_MAX)?;
        if file.duties.is_empty() {
            return Err(RoleError::Missing {
                key: "duties",
                wants: "a role has at least one, such as duties = [\"Build what the plan gives you.\"]",
            });
        }
        Ok(Role {
            branch_prefix: self.prefix(file, &name)?,
            name,
            tier,
            title,
            summary,
            first: self.lines("first", &file.first)?,
            duties: self.lines("duties", &file.duties)?,
            good: self.lines("good", &file.good)?,
            hand_over: self.lines("hand_over", &file.hand_over)?,
            not_yours: self.lines("not_yours", &file.not_yours)?,
            directories: self.directories(&file.directories)?,
        })
    }

    fn name(&self, file: &File) -> Result<String, RoleError> {
        let Some(name) = &file.name else {
            return Err(RoleError::Missing {
                key: "name",
                wants: "it is the role's id, such as name = \"analyst\"",
            });
        };
        let written = name.get_ref();
        match RoleName::parse(written) {
            Ok(role) if is_taken(role.as_str()) => Err(self.value("name", name, taken_as(written))),
            Ok(role) if role.as_str() == written => Ok(role.into()),
            Ok(role) => Err(self.value(
                "name",
                name,
                format!("that is another spelling of `{role}`, which has to be written so"),
            )),
            Err(error) => Err(self.value("name", name, error.to_string())),
        }
    }

    fn prefix(&self, file: &File, name: &str) -> Result<String, RoleError> {
        let Some(prefix) = &file.branch_prefix else {
            return Ok(format!("{name}/"));
        };
        let text = prefix.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        let stem = text.strip_suffix('/').unwrap_or_default();
        if (1..=32).contains(&stem.len()) && stem.chars().all(plain) && !stem.starts_with('-') {
            return Ok(text.clone());
        }
        let wants = "it takes up to 32 of a-z, 0-9, _ and -, and a / at the end".to_owned();
        Err(self.value("branch_prefix", prefix, wants))
    }

    fn sentence(
        &self,
        key: &'static str,
        value: Option<&Spanned<String>>,
        max: usize,
    ) -> Result<String, RoleError> {
        let Some(value) = value.filter(|value| !value.get_ref().trim().is_empty()) else {
            return Err(RoleError::Missing {
                key,
                wants: "it is shown to the rest of the team and to people",
            });
        };
        self.plain(key, value, max)?;
        Ok(value.get_ref().trim().to_owned())
    }

    fn lines(
        &self,
        key: &'static str,
        values: &[Spanned<String>],
    ) -> Result<Vec<String>, RoleError> {
        for value in values {
            self.plain(key, value, LINE_MAX)?;
        }
        Ok(values.iter().map(|value| value.get_ref().clone()).collect())
    }

    /// Paths below the worktree, by name only.
    fn directories(&self, values: &[Spanned<String>]) -> Result<Vec<String>, RoleError> {
        let key = "directories";
        for value in values {
            self.plain(key, value, 200)?;
            let text = value.get_ref();
            let steps_out = text.split('/').any(|part| part == "..");
            if text.is_empty() || text.starts_with(['/', '~']) || text.contains('`') || steps_out {
                let wants = "it takes paths below the worktree, such as \"docs/\"".to_owned();
                return Err(self.value(key, value, wants));
            }
        }
        Ok(values.iter().map(|value| value.get_ref().clone()).collect())
    }

    /// One line of text that no terminal acts on and that is no message's tag.
    fn plain(
        &self,
        key: &'static str,
        value: &Spanned<String>,
        max: usize,
    ) -> Result<(), RoleError> {
        let text = value.get_ref();
        let wants = if text.chars().any(char::is_control) {
            "it takes one line, without control characters".to_owned()
        } else if text.chars().count() > max {
            format!("it takes at most {max} characters")
        } else if text.contains("[torch ") || text.contains("[/m-") {
            "it must not contain a message's tag, which would be defused".to_owned()
        } else {
            return Ok(());
        };
        Err(self.value(key, value, wants))
    }

    /// Every text names known variables only, and renders in teams of every kind.
    fn texts(&self, file: &File, role: &Role) -> Result<(), RoleError> {
        let trials = trials(role);
        let lists = [
            ("first", &file.first),
            ("duties", &file.duties),
            ("good", &file.good),
            ("hand_over", &file.hand_over),
            ("not_yours", &file.not_yours),
        ];
        for (key, values) in lists {
            for value in values {
                let failed = |source| {
                    let line = line_of(self.text, value.span().start);
                    RoleError::Text { line, key, source }
                };
                let line = Line::parse(value.get_ref(), &VARIABLES).map_err(failed)?;
                for values in &trials {
                    line.render(values).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    fn value(&self, key: &'static str, value: &Spanned<String>, wants: String) -> RoleError {
        let line = line_of(self.text, value.span().start);
        value_error(line, key, value.get_ref(), wants)
    }
}

fn value_error(line: usize, key: &'static str, value: &str, wants: String) -> RoleError {
    RoleError::Value {
        line,
        key,
        value: value.chars().take(60).collect(),
        wants,
    }
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}
