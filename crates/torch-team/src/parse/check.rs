//! What the parts of a template must be to each other.

use std::collections::BTreeMap;

use torch_core::RoleName;

use super::{At, Reader};
use crate::fault::{Fault, TemplateError};
use crate::template::{Conditional, Requirement};

/// Every role of a template, with the two that all teams have.
pub(super) struct Members {
    roles: Vec<RoleName>,
    /// Whether each could be read: what looks absent may only be misspelt.
    whole: bool,
}

impl Members {
    pub(super) fn new(
        reader: &Reader<'_>,
        core: &[(RoleName, At)],
        optional: &[(RoleName, At)],
        conditional: &[(Conditional, At)],
    ) -> Self {
        let listed = core.iter().chain(optional).map(|(role, _)| role);
        let unknown = |error: &TemplateError| matches!(error.fault, Fault::UnknownRole { .. });
        Self {
            roles: listed
                .chain(conditional.iter().map(|(it, _)| &it.role))
                .cloned()
                .collect(),
            whole: !reader.errors.iter().any(unknown),
        }
    }

    /// Says so where a role is no member.
    pub(super) fn has(
        &self,
        reader: &mut Reader<'_>,
        place: &'static str,
        role: &RoleName,
        at: &At,
    ) {
        if self.whole && !role.is_hub() && !role.is_sub_hub() && !self.roles.contains(role) {
            reader.fault(
                at,
                Fault::Absent {
                    place,
                    role: role.to_string(),
                },
            );
        }
    }
}

/// What may be left out must be in the core, and no role that every team has.
pub(super) fn trim(reader: &mut Reader<'_>, trim: &[(RoleName, At)], core: &[(RoleName, At)]) {
    for (role, at) in trim {
        if role.is_hub() || role.is_sub_hub() {
            reader.fault(at, Fault::Untrimmable(role.to_string()));
        } else if !core.iter().any(|(other, _)| other == role) {
            reader.fault(at, Fault::NotCore(role.to_string()));
        }
    }
}

/// Only members need others; what they need may come from outside.
pub(super) fn requirements(
    reader: &mut Reader<'_>,
    requires: &[(Requirement, At)],
    members: &Members,
) {
    for (requirement, at) in requires {
        members.has(reader, "requires", &requirement.role, at);
    }
}

/// Roles must not need each other, by what the file says or by what holds for all.
pub(super) fn cycle(reader: &mut Reader<'_>, requires: &[(Requirement, At)]) {
    let known = reader.known;
    let mut needs: BTreeMap<&RoleName, Vec<&RoleName>> = BTreeMap::new();
    for common in &known.requires {
        needs.insert(&common.role, common.needs.iter().collect());
    }
    for (requirement, _) in requires {
        needs.insert(&requirement.role, requirement.needs.iter().collect());
    }
    for (requirement, at) in requires {
        let mut path = vec![&requirement.role];
        if leads_back(&needs, &mut path) {
            let circle = path.into_iter().map(ToString::to_string).collect();
            // Each role of the circle would tell the same.
            return reader.fault(at, Fault::Cycle(circle));
        }
    }
}

/// Whether the first of the path can be reached from its last.
fn leads_back<'r>(
    needs: &BTreeMap<&'r RoleName, Vec<&'r RoleName>>,
    path: &mut Vec<&'r RoleName>,
) -> bool {
    let last = path[path.len() - 1];
    for next in needs.get(last).into_iter().flatten() {
        if *next == path[0] {
            path.push(next);
            return true;
        }
        if path.contains(next) {
            continue;
        }
        path.push(next);
        if leads_back(needs, path) {
            return true;
        }
        path.pop();
    }
    false
}
