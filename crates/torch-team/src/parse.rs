//! Reads a team template, and says of a bad one in which line what is wrong.

mod check;
mod lanes;
mod looks;
mod raw;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use torch_core::RoleName;
use torch_core::spelling::near;

use crate::fault::{Fault, TemplateError};
use crate::template::{Condition, Conditional, Edge, Requirement, TeamTemplate};
use raw::{RawCommon, RawConditional, RawEdge, RawRequirement, RawTeam, Text};

/// What templates may refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The roles that torch has.
    pub roles: Vec<String>,
    /// The conditions that all templates share.
    pub conditions: Vec<String>,
    /// What roles need in every team.
    pub requires: Vec<Requirement>,
}

/// Reads a template.
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines; TOML that can't be read hides the rest.
pub fn parse(path: &Path, text: &str, known: &Known) -> Result<TeamTemplate, Vec<TemplateError>> {
    let raw: RawTeam = read(path, text)?;
    let mut reader = Reader::new(path, text, known);
    let template = reader.team(raw);
    reader.end(template)
}

/// Conditions, and roles that need others.
type Common = (BTreeMap<String, Condition>, Vec<Requirement>);

/// What all templates share.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_common(
    path: &Path,
    text: &str,
    known: &Known,
) -> Result<Common, Vec<TemplateError>> {
    let raw: RawCommon = read(path, text)?;
    let mut reader = Reader::new(path, text, known);
    let conditions = reader.conditions(raw.conditions);
    let requires = reader.requirements(raw.requires);
    check::cycle(&mut reader, &requires);
    let requires = requires
        .into_iter()
        .map(|(requirement, _)| requirement)
        .collect();
    reader.end((conditions, requires))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, Vec<TemplateError>> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![TemplateError {
            path: path.to_owned(),
            line: line_at(text, at),
            fault: Fault::Syntax(error.message().replace('\n', " ")),
        }]
    })
}

/// The line of a byte, from 1.
fn line_at(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// Where in the file something stands.
type At = Range<usize>;

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
    known: &'t Known,
    errors: Vec<TemplateError>,
}

impl<'t> Reader<'t> {
    fn new(path: &'t Path, text: &'t str, known: &'t Known) -> Self {
        Self {
            path,
            text,
            known,
            errors: Vec::new(),
        }
    }

    fn end<T>(mut self, read: T) -> Result<T, Vec<TemplateError>> {
        if self.errors.is_empty() {
            return Ok(read);
        }
        self.errors.sort_by_key(|error| error.line);
        Err(self.errors)
    }

    fn fault(&mut self, at: &At, fault: Fault) {
        self.errors.push(TemplateError {
            path: self.path.to_owned(),
            line: line_at(self.text, at.start),
            fault,
        });
    }

    fn team(&mut self, raw: RawTeam) -> TeamTemplate {
        let name_at = raw.name.span();
        let name = raw.name.into_inner();
        if !is_name(&name) {
            self.fault(&name_at, Fault::Name(name.clone()));
        }
        for (text, what) in [(&raw.title, "title"), (&raw.summary, "summary")] {
            if text.get_ref().trim().is_empty() {
                self.fault(&text.span(), Fault::Empty(what));
            }
        }
        let extends = raw.extends.map(|parent| {
            if !is_name(parent.get_ref()) {
                self.fault(&parent.span(), Fault::Name(parent.get_ref().clone()));
            }
            parent.into_inner()
        });
        let core_at = raw.core.span();
        let core = self.roles("core", raw.core.into_inner());
        if core.is_empty() {
            self.fault(&core_at, Fault::Empty("core"));
        }
        let optional = self.roles("optional", raw.optional);
        let trim = self.roles("trim", raw.trim);
        let conditions = self.conditions(raw.conditions);
        let conditional = self.conditional(raw.conditional, &conditions);
        let members = check::Members::new(self, &core, &optional, &conditional);
        check::trim(self, &trim, &core);
        let requires = self.requirements(raw.requires);
        check::requirements(self, &requires, &members);
        check::cycle(self, &requires);
        let edges = self.edges(raw.edges, &members);
        let lanes = self.lanes(raw.lanes, &members);
        let agents = self.agents(raw.agents, &members);
        let bare = |roles: Vec<(RoleName, At)>| roles.into_iter().map(|(role, _)| role).collect();
        TeamTemplate {
            name,
            title: raw.title.into_inner(),
            summary: raw.summary.into_inner(),
            extends,
            aliases: raw.aliases,
            supporting: raw.supporting,
            needs_strong: raw.needs_strong,
            core: bare(core),
            optional: bare(optional),
            trim: bare(trim),
            conditional: conditional
                .into_iter()
                .map(|(conditional, _)| conditional)
                .collect(),
            requires: requires
                .into_iter()
                .map(|(requirement, _)| requirement)
                .collect(),
            edges,
            lanes,
            agents,
            conditions,
            signs: raw
                .signs
                .into_iter()
                .filter_map(|raw| self.sign(raw.span(), raw.into_inner()))
                .collect(),
        }
    }

    fn role(&mut self, text: &Text) -> Option<(RoleName, At)> {
        let written = text.get_ref();
        let role = RoleName::parse(written).ok();
        let role = role.filter(|role| self.known.roles.iter().any(|known| known == role.as_str()));
        if role.is_none() {
            let near = near(written, self.known.roles.iter().map(String::as_str));
            let near = near.into_iter().map(str::to_owned).collect();
            self.fault(
                &text.span(),
                Fault::UnknownRole {
                    name: written.clone(),
                    near,
                },
            );
        }
        role.map(|role| (role, text.span()))
    }

    fn roles(&mut self, place: &'static str, texts: Vec<Text>) -> Vec<(RoleName, At)> {
        let mut roles: Vec<(RoleName, At)> = Vec::new();
        for text in texts {
            let Some((role, at)) = self.role(&text) else {
                continue;
            };
            if roles.iter().any(|(other, _)| *other == role) {
                self.fault(
                    &at,
                    Fault::Repeated {
                        place,
                        role: role.to_string(),
                    },
                );
            } else {
                roles.push((role, at));
            }
        }
        roles
    }

    fn conditional(
        &mut self,
        raw: Vec<RawConditional>,
        own: &BTreeMap<String, Condition>,
    ) -> Vec<(Conditional, At)> {
        let mut found: Vec<(Conditional, At)> = Vec::new();
        for one in raw {
            let Some((role, at)) = self.role(&one.role) else {
                continue;
            };
            if one.when.get_ref().is_empty() {
                self.fault(&one.when.span(), Fault::Empty("when"));
            }
            let mut when = Vec::new();
            for name in one.when.into_inner() {
                self.condition_name(&name, own);
                when.push(name.into_inner());
            }
            if found.iter().any(|(other, _)| other.role == role) {
                self.fault(
                    &at,
                    Fault::Repeated {
                        place: "conditional",
                        role: role.to_string(),
                    },
                );
            }
            found.push((
                Conditional {
                    role,
                    before_core: one.before_core,
                    matching: one.matching,
                    when,
                },
                at,
            ));
        }
        found
    }

    fn condition_name(&mut self, name: &Text, own: &BTreeMap<String, Condition>) {
        let written = name.get_ref();
        if own.contains_key(written) || self.known.conditions.contains(written) {
            return;
        }
        let known = own.keys().chain(&self.known.conditions).map(String::as_str);
        let near = near(written, known)
            .into_iter()
            .map(str::to_owned)
            .collect();
        self.fault(
            &name.span(),
            Fault::UnknownCondition {
                name: written.clone(),
                near,
            },
        );
    }

    fn requirements(&mut self, raw: Vec<RawRequirement>) -> Vec<(Requirement, At)> {
        let mut found = Vec::new();
        for one in raw {
            let role = self.role(&one.role);
            let needs = self.roles("needs", one.needs.into_inner());
            let needs: Vec<RoleName> = needs.into_iter().map(|(role, _)| role).collect();
            let Some((role, at)) = role else { continue };
            if needs.is_empty() {
                self.fault(&at, Fault::Empty("needs"));
            }
            found.push((
                Requirement {
                    role,
                    needs,
                    because: one.because,
                },
                at,
            ));
        }
        found
    }

    fn edges(&mut self, raw: Vec<RawEdge>, members: &check::Members) -> Vec<Edge> {
        let mut edges = Vec::new();
        for one in raw {
            let from = self.role(&one.from);
            let to = self.roles("edges", one.to);
            for (role, at) in from.iter().chain(&to) {
                members.has(self, "edges", role, at);
            }
            if let Some((from, _)) = from {
                edges.push(Edge {
                    from,
                    to: to.into_iter().map(|(role, _)| role).collect(),
                });
            }
        }
        edges
    }

    fn agents(
        &mut self,
        raw: BTreeMap<String, Text>,
        members: &check::Members,
    ) -> BTreeMap<RoleName, String> {
        let mut agents = BTreeMap::new();
        for (role, program) in raw {
            let at = program.span();
            let text = Text::new(at.clone(), role);
            let Some((role, _)) = self.role(&text) else {
                continue;
            };
            members.has(self, "agents", &role, &at);
            let program = program.into_inner();
            if !is_name(&program) {
                self.fault(&at, Fault::Name(program.clone()));
            }
            agents.insert(role, program);
        }
        agents
    }
}

/// Whether a template or a program can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (1..=32).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-')
}
