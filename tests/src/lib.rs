//! End-to-end scenarios on real tmux and git (see `tests/tests`).
