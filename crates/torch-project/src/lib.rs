//! What lies in a project: its tree as `torch-team` judges it, and the team templates that users and projects bring.
//!
//! The tree of a project is not trusted. Nothing is followed, run or waited for: symbolic links are left alone, only regular
//! files are opened, and files, folders, depth, bytes and time are bounded ([`Limits`]).

mod survey;
mod teams;

pub use survey::{Limits, SurveyError, survey};
pub use teams::{TeamFileError, Teams, load_teams, read_team};
