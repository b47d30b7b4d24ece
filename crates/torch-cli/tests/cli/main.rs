//! The real binaries against a small fake daemon on a socket, in an environment of their own.

mod auto;
mod autostart;
mod cut_off;
mod fake;
mod git_hooks;
mod keep;
mod local;
mod odd_files;
mod place;
mod roles;
mod rules;
mod send;
mod service;
mod teams;
mod view;
mod worktrees;
