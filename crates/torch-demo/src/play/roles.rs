//! Who plays what: which role of the team leads, coordinates and works.

/// The team as one role sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cast {
    /// The own role.
    pub me: String,
    /// Every role of the team, in its order.
    pub roles: Vec<String>,
}

impl Cast {
    /// The cast from `TORCH_ROLE` and the comma list `TORCH_TEAM_ROLES`; alone where there is none.
    pub(crate) fn new(me: &str, roles: &str) -> Self {
        let mut roles: Vec<String> = roles
            .split(',')
            .map(str::trim)
            .filter(|role| !role.is_empty())
            .map(str::to_owned)
            .collect();
        if !roles.iter().any(|role| role == me) {
            roles.push(me.to_owned());
        }
        Self {
            me: me.to_owned(),
            roles,
        }
    }

    /// Whether the team has this role.
    pub(crate) fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|name| name == role)
    }

    /// The role that begins on its briefing and reports the end: the orchestrator, else the project manager,
    /// else the first role.
    pub(crate) fn lead(&self) -> &str {
        ["orchestrator", "project_manager"]
            .into_iter()
            .find(|role| self.has(role))
            .unwrap_or_else(|| self.roles.first().map_or(self.me.as_str(), String::as_str))
    }

    /// The role that hands out items: the project manager, else the lead.
    pub(crate) fn coordinator(&self) -> &str {
        if self.has("project_manager") {
            "project_manager"
        } else {
            self.lead()
        }
    }

    /// The role that does the items: the developer, else the coordinator itself.
    pub(crate) fn worker(&self) -> &str {
        if self.has("developer") {
            "developer"
        } else {
            self.coordinator()
        }
    }

    /// Whether this role is the lead.
    pub(crate) fn leads(&self) -> bool {
        self.lead() == self.me
    }

    /// Whether this role is the coordinator.
    pub(crate) fn coordinates(&self) -> bool {
        self.coordinator() == self.me
    }
}
