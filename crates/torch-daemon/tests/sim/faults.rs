//! Which faults happen in a run.

/// Which faults happen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Dialogs, drafts, copy mode; people who press Enter themselves.
    pub(crate) people: bool,
    /// Agent programs end, also between an Enter and its record.
    pub(crate) crashes: bool,
    /// The daemon ends between two turns, before a turn's commit or after it.
    pub(crate) restarts: bool,
    /// The tmux server ends, and all agents with it.
    pub(crate) servers: bool,
    /// The wall clock is set, and the machine sleeps.
    pub(crate) clocks: bool,
    /// A commit fails, and the daemon ends over it.
    pub(crate) store: bool,
    /// tmux answers late and out of order, or with an error although it did what was asked, or not.
    pub(crate) tmux: bool,
    /// Windows that can't be opened, worktrees that can't be made, git that can't be read, inbox files without room.
    pub(crate) refusals: bool,
    /// A person kills a pane, runs something else in it, or moves its window.
    pub(crate) panes: bool,
    /// Programs that never get ready, end at once, hang in a turn, or reach a usage limit.
    pub(crate) programs: bool,
    /// Usage limits all the time.
    pub(crate) limits: bool,
    /// Commands of people and agents at any time.
    pub(crate) commands: bool,
    /// Several events in one turn of the daemon's loop, as they come when it was busy.
    pub(crate) batches: bool,
}

/// None.
pub(crate) const NONE: Faults = Faults {
    people: false,
    crashes: false,
    restarts: false,
    servers: false,
    clocks: false,
    store: false,
    tmux: false,
    refusals: false,
    panes: false,
    programs: false,
    limits: false,
    commands: false,
    batches: false,
};

/// What people do.
pub(crate) const PEOPLE: Faults = Faults {
    people: true,
    ..NONE
};

/// Everything at once.
pub(crate) const ALL: Faults = Faults {
    people: true,
    crashes: true,
    restarts: true,
    servers: true,
    clocks: true,
    store: true,
    tmux: true,
    refusals: true,
    panes: true,
    programs: true,
    limits: false,
    commands: true,
    batches: true,
};
