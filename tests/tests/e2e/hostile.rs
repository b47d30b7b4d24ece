//! Hostile names, paths, contents and repositories: taken literally, or refused with a reason. Nothing of them is run.

mod names;
mod repository;
