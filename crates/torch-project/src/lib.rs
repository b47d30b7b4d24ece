//! What lies in a project: its tree as `torch-team` judges it, and the team templates that users and projects bring.
//!
//! The tree of a project is not trusted. Nothing is followed, run or waited for: symbolic links are left alone, only regular
//! files are opened, and files, folders, depth, bytes and time are bounded ([`Limits`]). A file that is named one by one is read by
//! [`read_text`] and its neighbours, which open nothing but a regular file and never wait.

mod named_file;
mod survey;
mod teams;
mod test_command;

pub use named_file::{FileError, open_regular, read_bytes, read_start, read_text, text_of};
pub use survey::{Limits, SURVEY_TIME, SurveyError, survey};
pub use teams::{TeamFileError, Teams, load_teams, read_team};
pub use test_command::test_command;
