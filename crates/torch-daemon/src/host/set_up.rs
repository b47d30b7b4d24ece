//! What each worktree gets by the user's settings, and gives back: ports, files, the user's commands.

use std::path::Path;

use torch_api::worktree::PortsView;
use torch_core::config::WorktreeConfig;
use torch_process::Environment;
use torch_worktree::{Git, Placed, PortPair, Ports, Repository, SetUpRequest, WorktreeError};

use super::Host;

/// The settings, and where the leases of ports lie.
#[derive(Debug, Clone)]
pub(crate) struct SetUp {
    config: WorktreeConfig,
    env: Environment,
    ports: Option<Ports>,
}

impl Host {
    /// What worktrees get now.
    pub(crate) fn set_up(&self) -> SetUp {
        SetUp::new(&self.state.settings.config.worktree, &self.git, &self.home)
    }
}

impl SetUp {
    /// What these settings say; the leases of ports lie in the registry's folder.
    pub(crate) fn new(config: &WorktreeConfig, git: &Git, home: &Path) -> Self {
        // An empty range is none; any other was checked when the settings were read.
        let pool = config.ports.parse().ok();
        Self {
            env: git.environment(),
            ports: pool.map(|pool| Ports::new(home.join("ports"), pool)),
            config: config.clone(),
        }
    }

    /// The worktree's ports, leased now if it has none; without any left it goes without.
    pub(crate) fn lease(&self, worktree: &Path) -> Option<PortPair> {
        let leased = self.ports.as_ref()?.lease(worktree);
        leased
            .inspect_err(|error| tracing::warn!(?worktree, %error, "a worktree has no ports"))
            .ok()
    }

    /// The worktree's ports, if it has some.
    pub(crate) fn leased(&self, worktree: &Path) -> Option<PortPair> {
        // Where they can't be read, none are shown.
        self.ports.as_ref()?.of(worktree).ok().flatten()
    }

    /// Which ports there are, and which pair the next worktree would get.
    pub(crate) fn ports(&self) -> Option<PortsView> {
        let ports = self.ports.as_ref()?;
        // Where the leases can't be read, nothing is said of them.
        let next = ports.next().ok()?;
        Some(PortsView {
            pool: ports.pool().to_string(),
            next: next.map(PortPair::first),
        })
    }

    /// The files and folders that worktrees get from their project.
    pub(crate) fn copied(&self) -> Vec<String> {
        let all = self.config.copied().chain(self.config.linked());
        all.map(str::to_owned).collect()
    }

    /// Gives a worktree what it needs, once; what could not be placed, in words.
    pub(crate) fn begin(
        &self,
        git: &Git,
        repository: &Repository,
        worktree: &Path,
    ) -> Result<Vec<String>, WorktreeError> {
        let copy: Vec<String> = self.config.copied().map(str::to_owned).collect();
        let link: Vec<String> = self.config.linked().map(str::to_owned).collect();
        let placed = torch_worktree::set_up(
            git,
            &SetUpRequest {
                repository,
                path: worktree,
                copy: &copy,
                link: &link,
                command: &self.config.setup,
                env: &self.env,
                ports: self.lease(worktree),
            },
        )?;
        let refused = |Placed { file, refused }: Placed| {
            let why = refused?;
            tracing::warn!(?worktree, file, why, "a file was not placed");
            Some(format!("{file} not placed: {why}"))
        };
        Ok(placed.into_iter().filter_map(refused).collect())
    }

    /// Runs the user's command before a worktree is removed.
    pub(crate) fn end(&self, worktree: &Path) -> Result<(), WorktreeError> {
        let ports = self.leased(worktree);
        torch_worktree::tear_down(worktree, &self.config.teardown, &self.env, ports)
    }

    /// Gives the ports of a worktree back that is gone.
    pub(crate) fn release(&self, worktree: &Path) {
        if let Some(ports) = &self.ports
            && let Err(error) = ports.release(worktree)
        {
            // A lease of a worktree that is gone is free all the same.
            tracing::warn!(?worktree, %error, "its ports were not given back");
        }
    }

    /// How many worktrees without a team one project may have; `None`: any number.
    pub(crate) fn limit(&self) -> Option<usize> {
        usize::try_from(self.config.limit)
            .ok()
            .filter(|limit| *limit > 0)
    }
}
