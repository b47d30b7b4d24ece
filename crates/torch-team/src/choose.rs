//! From what was detected, the templates and what a person wants to a team.
//!
//! Roles join in the order of their weight, each together with the roles that it needs, and only as long as the size and the
//! plan have room for all of them: so caps hold and no role is without what it needs. What a person named joins in any case.

use std::collections::BTreeMap;

use torch_core::RoleName;
use torch_core::lane::Lane;
use torch_core::matrix::Matrix;
use torch_core::spelling::near;

use crate::catalog::{Catalog, DEFAULT};
use crate::choice::{Choice, Estimate, LeftOut, Member, Reason};
use crate::detection::Detection;
use crate::size::{Plan, Size};
use crate::template::{Conditional, Edge, Match, TeamTemplate};
use crate::wishes::{ChoiceError, Wishes};

/// Chooses a team.
///
/// # Errors
/// For a type or a role that does not exist.
pub fn choose(
    detection: &Detection,
    catalog: &Catalog,
    wishes: &Wishes,
) -> Result<Choice, ChoiceError> {
    check_roles(catalog, "--roles", &wishes.roles)?;
    check_roles(catalog, "--add-roles", &wishes.add_roles)?;
    let template = template(detection, catalog, wishes)?;
    let mut team = Team::new(catalog, template, wishes);
    if wishes.roles.is_empty() {
        team.mandatory();
        team.conditional(detection, true);
        team.core();
        team.asked("--add-roles", &wishes.add_roles);
        team.owners(detection);
        team.conditional(detection, false);
        team.optional();
        team.by_figures(detection);
    } else {
        team.add(&hub(), &Reason::Always, Room::Any);
        team.asked("--roles", &wishes.roles);
        team.asked("--add-roles", &wishes.add_roles);
    }
    let mut choice = team.into_choice();
    choice
        .notes
        .extend(too_many(detection, catalog, wishes, &choice)?);
    choice
        .notes
        .extend(room_for_more(detection, wishes, &choice));
    Ok(choice)
}

/// Where flags make more agents than are recommended: that, and what makes fewer.
fn too_many(
    detection: &Detection,
    catalog: &Catalog,
    wishes: &Wishes,
    choice: &Choice,
) -> Result<Option<String>, ChoiceError> {
    let plan = wishes.plan.unwrap_or(wishes.default_plan);
    let agents = choice.members.len();
    let named = !wishes.roles.is_empty();
    let asked = wishes.size.is_some() || named || !wishes.add_roles.is_empty();
    let fits = plan.max().is_none_or(|max| agents <= max);
    let Some((low, high)) = plan
        .recommended()
        .filter(|(_, high)| asked && fits && agents > *high)
    else {
        return Ok(None);
    };
    let fewer = match wishes.size {
        _ if named => "name fewer in --roles".to_owned(),
        Some(Size::Small) => "nothing but fewer roles in --add-roles makes them fewer".to_owned(),
        _ => {
            let small = Wishes {
                size: Some(Size::Small),
                ..wishes.clone()
            };
            match choose(detection, catalog, &small)?.members.len() {
                less if less < agents => format!("--size small takes {less}"),
                _ => "name fewer in --add-roles".to_owned(),
            }
        }
    };
    Ok(Some(format!(
        "{agents} agents are more than the {low} to {high} recommended for the plan {plan}; {fewer}"
    )))
}

/// What the project's figures ask for beyond the room that the plan has.
fn room_for_more(detection: &Detection, wishes: &Wishes, choice: &Choice) -> Option<String> {
    let unsaid = wishes.size.is_none() && wishes.roles.is_empty();
    let plan = wishes.plan.unwrap_or(wishes.default_plan);
    let full = plan.max().is_some_and(|max| choice.members.len() >= max);
    (unsaid && full && detection.size >= Size::Large).then(|| {
        format!(
            "the project is {}, and has work for more roles than the plan {plan} has room for; --add-roles takes those that you name",
            Size::of_project_in_words(&detection.figures)
        )
    })
}

fn check_roles(
    catalog: &Catalog,
    flag: &'static str,
    roles: &[RoleName],
) -> Result<(), ChoiceError> {
    let known = &catalog.known().roles;
    let Some(unknown) = roles
        .iter()
        .find(|role| !known.iter().any(|known| known == role.as_str()))
    else {
        return Ok(());
    };
    let near = near(unknown.as_str(), known.iter().map(String::as_str));
    Err(ChoiceError::UnknownRole {
        name: unknown.to_string(),
        flag,
        known: known.clone(),
        near: near.into_iter().map(str::to_owned).collect(),
    })
}

fn template<'c>(
    detection: &Detection,
    catalog: &'c Catalog,
    wishes: &Wishes,
) -> Result<&'c TeamTemplate, ChoiceError> {
    let Some(name) = &wishes.team_type else {
        let found = catalog
            .get(&detection.template)
            .or_else(|| catalog.get(DEFAULT));
        return found.ok_or_else(|| ChoiceError::NoTemplate(detection.template.clone()));
    };
    catalog.called(name).ok_or_else(|| {
        let known: Vec<String> = catalog.templates().map(|it| it.name.clone()).collect();
        let near = catalog.near(name);
        ChoiceError::UnknownType {
            name: name.clone(),
            near,
            known,
        }
    })
}

/// The hub's name is a role's name by its own definition.
fn role(name: &'static str) -> RoleName {
    RoleName::parse(name).expect("a built-in name")
}

fn hub() -> RoleName {
    role(RoleName::HUB)
}

/// Which limits count for a role that wants to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// None.
    Any,
    /// The plan's, and of the size the room for a core.
    Core,
    /// The plan's, and this many further roles.
    Extra(usize),
}

/// A team that is being put together.
struct Team<'c> {
    catalog: &'c Catalog,
    template: &'c TeamTemplate,
    size: Option<Size>,
    plan: Plan,
    members: Vec<Member>,
    left_out: Vec<LeftOut>,
    /// How many roles joined beside the core and what was asked for.
    extras: usize,
    custom: bool,
    asked: bool,
}

impl<'c> Team<'c> {
    fn new(catalog: &'c Catalog, template: &'c TeamTemplate, wishes: &Wishes) -> Self {
        Self {
            catalog,
            template,
            size: wishes.size,
            plan: wishes.plan.unwrap_or(wishes.default_plan),
            members: Vec::new(),
            left_out: Vec::new(),
            extras: 0,
            custom: !wishes.roles.is_empty(),
            asked: wishes.are_any(),
        }
    }

    /// What every team has, and one who does the work.
    fn mandatory(&mut self) {
        self.add(&hub(), &Reason::Always, Room::Any);
        self.add(&role(RoleName::SUB_HUB), &Reason::Always, Room::Any);
        for role in self.core_order() {
            self.add(&role, &self.core_reason(), Room::Core);
            if self.has(&role) {
                return;
            }
        }
    }

    fn asked(&mut self, flag: &'static str, roles: &[RoleName]) {
        for role in roles {
            self.add(role, &Reason::Asked { flag }, Room::Any);
        }
    }

    fn core(&mut self) {
        for role in self.core_order() {
            self.add(&role, &self.core_reason(), Room::Core);
        }
    }

    fn core_reason(&self) -> Reason {
        Reason::Core {
            template: self.template.name.clone(),
        }
    }

    /// The core, what is kept longest first.
    fn core_order(&self) -> Vec<RoleName> {
        let template = self.template;
        let kept = template
            .core
            .iter()
            .filter(|role| !template.trim.contains(role));
        let order = kept.chain(template.trim.iter().rev());
        order
            .filter(|role| !role.is_hub() && !role.is_sub_hub())
            .cloned()
            .collect()
    }

    /// Those that join before the rest of the core count as of it.
    fn conditional(&mut self, detection: &Detection, before_core: bool) {
        let room = match before_core {
            true => Room::Core,
            false => self.extra(),
        };
        for one in &self.template.conditional {
            if let Some(why) = holds(one, detection).filter(|_| one.before_core == before_core) {
                self.add(&one.role, &Reason::Condition { why }, room);
            }
        }
    }

    /// Whom the spec gives work to.
    fn owners(&mut self, detection: &Detection) {
        for owner in &detection.owners {
            let why = format!("the spec gives it work in line {}", owner.line);
            self.add(&owner.role, &Reason::Condition { why }, self.extra());
        }
    }

    fn extra(&self) -> Room {
        Room::Extra(self.size.map_or(usize::MAX, |size| size.extras().1))
    }

    /// Without a size, optional roles join only when they are asked for.
    fn optional(&mut self) {
        let Some(size) = self.size else { return };
        for role in &self.template.optional {
            if self.extras >= size.extras().0 {
                return;
            }
            self.add(
                role,
                &Reason::Optional { size },
                Room::Extra(size.extras().1),
            );
        }
    }

    /// Where no size is asked for, the project's own figures bring optional roles, as many as that size fills up with, and as
    /// far as the plan has room. They take no role away: the default team is for projects of any size.
    fn by_figures(&mut self, detection: &Detection) {
        if self.size.is_some() || detection.size == Size::Small {
            return;
        }
        let (wanted, most) = detection.size.extras();
        let why = Size::of_project_in_words(&detection.figures);
        for role in &self.template.optional {
            // What there is no room for in any case is told once, and not for each role.
            if self.extras >= wanted || self.no_room(role, 1, Room::Extra(most)).is_some() {
                return;
            }
            let reason = Reason::Figures { why: why.clone() };
            self.add(role, &reason, Room::Extra(most));
        }
    }

    /// Adds a role with all that it needs, or notes why not.
    fn add(&mut self, role: &RoleName, reason: &Reason, room: Room) {
        let out = self.left_out.iter().any(|it| it.role == *role);
        if self.has(role) || (out && room != Room::Any) {
            return;
        }
        let joining = self.joining(role, reason);
        if let Some(why) = self.no_room(role, joining.len(), room) {
            self.left_out.push(LeftOut {
                role: role.clone(),
                reason: reason.clone(),
                why,
            });
            return;
        }
        if matches!(room, Room::Extra(_)) {
            self.extras += joining.len();
        }
        for member in &joining {
            self.left_out.retain(|it| it.role != member.role);
        }
        self.members.extend(joining);
    }

    fn has(&self, role: &RoleName) -> bool {
        self.members.iter().any(|member| member.role == *role)
    }

    /// A role and, in front of it, what it needs and the team does not have yet.
    fn joining(&self, role: &RoleName, reason: &Reason) -> Vec<Member> {
        let mut joining = vec![Member {
            role: role.clone(),
            reason: reason.clone(),
        }];
        let mut at = 0;
        while let Some(member) = joining.get(at) {
            let by = member.role.clone();
            if let Some(requirement) = self.catalog.needs(self.template, &by) {
                for need in &requirement.needs {
                    if !self.has(need) && !joining.iter().any(|it| it.role == *need) {
                        let because = requirement.because.clone();
                        let reason = Reason::Needed {
                            by: by.clone(),
                            because,
                        };
                        joining.push(Member {
                            role: need.clone(),
                            reason,
                        });
                    }
                }
            }
            at += 1;
        }
        joining
    }

    /// Why so many more roles don't fit.
    fn no_room(&self, role: &RoleName, more: usize, room: Room) -> Option<String> {
        if room == Room::Any {
            return None;
        }
        let all = self.members.len() + more;
        if let Some(max) = self.plan.max().filter(|max| all > *max) {
            return Some(format!(
                "the plan {} has room for {max} agents; --add-roles {role} has it join all the same",
                self.plan
            ));
        }
        let size = self.size?;
        let full = match room {
            Room::Any => false,
            Room::Core => all > size.base_max(),
            Room::Extra(most) => self.extras + more > most,
        };
        full.then(|| format!("a team of size {size} has no room for it"))
    }

    /// The template's matrix says something of a team in which it knows a role.
    fn matrix(&self) -> Option<Matrix> {
        let known = self.template.roles();
        let own = |member: &Member| !member.role.is_hub() && !member.role.is_sub_hub();
        let mut own = self.members.iter().filter(|member| own(member));
        own.any(|member| known.contains(&&member.role))
            .then(|| self.template.matrix())
            .flatten()
    }

    /// The template's lanes, and the standard ones between roles of which the template does not know both.
    fn lanes(&self) -> Vec<Lane> {
        let known = self.template.roles();
        let knows = |role: &RoleName| known.contains(&role);
        let foreign = torch_core::lane::standard().into_iter();
        let foreign = foreign.filter(|lane| !knows(&lane.from) || !knows(&lane.to));
        self.template.lanes.iter().cloned().chain(foreign).collect()
    }

    fn into_choice(mut self) -> Choice {
        // The hub in the first window, the project manager next, then by weight.
        self.members.sort_by_key(|member| match &member.role {
            role if role.is_hub() => 0,
            role if role.is_sub_hub() => 1,
            _ => 2,
        });
        let estimate = Estimate {
            plan: self.plan,
            size: Size::of_team(self.members.len()),
            token_multiplier: Size::of_team(self.members.len()).token_multiplier(),
        };
        let edges = self
            .template
            .edges
            .iter()
            .filter(|edge| self.has(&edge.from))
            .map(|edge| Edge {
                from: edge.from.clone(),
                to: edge
                    .to
                    .iter()
                    .filter(|role| self.has(role))
                    .cloned()
                    .collect(),
            });
        let agents: BTreeMap<RoleName, String> = self
            .template
            .agents
            .iter()
            .filter(|(role, _)| self.has(role))
            .map(|(role, program)| (role.clone(), program.clone()))
            .collect();
        Choice {
            template: self.template.name.clone(),
            edges: edges.filter(|edge| !edge.to.is_empty()).collect(),
            matrix: self.matrix(),
            lanes: self.lanes(),
            agents,
            estimate,
            notes: self.notes(),
            asked: self.asked,
            left_out: self.left_out,
            members: self.members,
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let agents = self.members.len();
        if self.custom && self.size.is_some() {
            notes.push("--size changes nothing where --roles names the team".to_owned());
        }
        if let Some(max) = self.plan.max().filter(|max| agents > *max) {
            notes.push(format!(
                "{agents} agents were asked for, and the plan {} has room for {max}: they will reach its limits sooner",
                self.plan
            ));
        }
        notes
    }
}

/// Why a conditional role is called for, if it is.
fn holds(one: &Conditional, detection: &Detection) -> Option<String> {
    let seen = |name: &String| {
        detection
            .conditions
            .get(name)
            .filter(|condition| condition.holds)
    };
    let met: Vec<_> = one.when.iter().filter_map(seen).collect();
    let enough = match one.matching {
        Match::Any => !met.is_empty(),
        Match::All => met.len() == one.when.len(),
    };
    if !enough {
        return None;
    }
    let words = met
        .iter()
        .map(|condition| match condition.seen.places.first() {
            Some(place) => format!("{} ({place})", condition.title),
            None => condition.title.clone(),
        });
    Some(words.collect::<Vec<_>>().join("; "))
}
