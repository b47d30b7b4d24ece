//! How large teams are: by the project's size, and by the plan of the account.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::figures::Figures;

/// How large a project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// 3 to 4 roles.
    Small,
    /// 5 to 6 roles.
    Medium,
    /// 7 to 8 roles.
    Large,
    /// 9 roles and more.
    Enterprise,
}

impl Size {
    /// All, the smallest first.
    pub const ALL: [Self; 4] = [Self::Small, Self::Medium, Self::Large, Self::Enterprise];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Enterprise => "enterprise",
        }
    }

    /// The most roles of a template's core, the orchestrator and the project manager among them.
    pub(crate) fn base_max(self) -> usize {
        match self {
            Self::Small => 4,
            Self::Medium => 6,
            Self::Large => 8,
            Self::Enterprise => usize::MAX,
        }
    }

    /// How many further roles: as many as the size fills up with optional ones, and at most.
    pub(crate) fn extras(self) -> (usize, usize) {
        match self {
            Self::Small => (0, 1),
            Self::Medium => (2, 3),
            Self::Large => (4, 5),
            Self::Enterprise => (usize::MAX, usize::MAX),
        }
    }

    /// The size that so many roles make.
    pub fn of_team(roles: usize) -> Self {
        match roles {
            0..=4 => Self::Small,
            5..=6 => Self::Medium,
            7..=8 => Self::Large,
            _ => Self::Enterprise,
        }
    }

    /// How many times the tokens of one session such a team takes: the rule of thumb that a team of five takes 15 times
    /// as many, and its neighbours.
    pub fn token_multiplier(self) -> u32 {
        match self {
            Self::Small => 10,
            Self::Medium => 15,
            Self::Large => 20,
            Self::Enterprise => 25,
        }
    }

    /// The size of a project by its source files and their bytes, the larger of the two; its parts make it at most one size
    /// larger, as twenty files stay few in however many folders.
    pub(crate) fn of_project(figures: &Figures) -> Self {
        let sizes = Self::by_figure(figures).map(|(size, _)| size);
        sizes.into_iter().max().unwrap_or(Self::Small)
    }

    /// The size of a project in words, with the figure that makes it so: `medium by its 412 source files`.
    pub(crate) fn of_project_in_words(figures: &Figures) -> String {
        let size = Self::of_project(figures);
        let by = Self::by_figure(figures).into_iter();
        let mut by = by.filter(|(one, _)| *one == size).map(|(_, words)| words);
        format!("{size} by its {}", by.next().unwrap_or_default())
    }

    fn by_figure(figures: &Figures) -> [(Self, String); 3] {
        let by = |value: u64, limits: [u64; 3]| {
            let at = limits.iter().filter(|limit| value > **limit).count();
            Self::ALL[at.min(3)]
        };
        let (files, bytes, parts) = (figures.source_files, figures.source_bytes, figures.parts);
        let written =
            by(files, [60, 1_000, 10_000]).max(by(bytes, [500_000, 15_000_000, 150_000_000]));
        let next = Self::ALL.into_iter().find(|size| *size > written);
        let most = next.unwrap_or(written);
        [
            (
                by(files, [60, 1_000, 10_000]),
                format!("{files} source files"),
            ),
            (
                by(bytes, [500_000, 15_000_000, 150_000_000]),
                format!("{} kB of source", bytes / 1_000),
            ),
            (by(parts, [2, 6, 30]).min(most), format!("{parts} parts")),
        ]
    }
}

/// The plan of the account that the agents work under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// At most 3 agents.
    Pro,
    /// At most 5 agents.
    #[default]
    Max5,
    /// At most 8 agents.
    Max20,
    /// As many as are needed.
    Console,
}

impl Plan {
    /// All, the smallest first.
    pub const ALL: [Self; 4] = [Self::Pro, Self::Max5, Self::Max20, Self::Console];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pro => "pro",
            Self::Max5 => "max5",
            Self::Max20 => "max20",
            Self::Console => "console",
        }
    }

    /// The most agents.
    pub fn max(self) -> Option<usize> {
        match self {
            Self::Pro => Some(3),
            Self::Max5 => Some(5),
            Self::Max20 => Some(8),
            Self::Console => None,
        }
    }

    /// How many agents are recommended: from, to.
    pub fn recommended(self) -> Option<(usize, usize)> {
        match self {
            Self::Pro => Some((2, 3)),
            Self::Max5 => Some((3, 4)),
            Self::Max20 => Some((5, 6)),
            Self::Console => None,
        }
    }
}

/// A word that is none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of {known}")]
pub struct UnknownWord {
    /// What was given.
    pub given: String,
    /// What there is.
    pub known: String,
}

macro_rules! words {
    ($($kind:ty),*) => {$(
        impl FromStr for $kind {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let word = text.trim().to_lowercase();
                let found = Self::ALL.into_iter().find(|it| it.as_str() == word);
                found.ok_or_else(|| UnknownWord {
                    given: text.to_owned(),
                    known: Self::ALL.map(Self::as_str).join(", "),
                })
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words!(Size, Plan);
