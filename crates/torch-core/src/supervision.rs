//! What torch's own words to agents cost: how many messages, and about how many tokens.

use serde::{Deserialize, Serialize};

/// How many characters count as one token. Programs count differently; this is an estimate, and is shown as one.
pub const CHARS_PER_TOKEN: u64 = 4;

/// Messages that torch itself wrote to a team's agents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supervision {
    /// The day that `today` counts, `2026-11-21`.
    pub day: String,
    /// On that day.
    pub today: Words,
    /// In all.
    pub all: Words,
}

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// How many messages.
    pub messages: u64,
    /// How many characters they have.
    pub chars: u64,
}

impl Words {
    fn add(&mut self, chars: u64) {
        self.messages += 1;
        self.chars += chars;
    }

    /// About how many tokens that is.
    pub fn tokens(&self) -> u64 {
        self.chars.div_ceil(CHARS_PER_TOKEN)
    }
}

impl Supervision {
    /// Counts a message of so many characters on a day.
    pub fn add(&mut self, day: &str, chars: u64) {
        if self.day != day {
            day.clone_into(&mut self.day);
            self.today = Words::default();
        }
        self.today.add(chars);
        self.all.add(chars);
    }

    /// What was written on a day; nothing is known of days before the last one.
    pub fn of_day(&self, day: &str) -> Words {
        match self.day == day {
            true => self.today,
            false => Words::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_apart() {
        let mut all = Supervision::default();
        all.add("2026-11-20", 400);
        all.add("2026-11-21", 10);
        all.add("2026-11-21", 11);
        assert_eq!(all.of_day("2026-11-21").messages, 2);
        assert_eq!(all.of_day("2026-11-21").tokens(), 6);
        assert_eq!(all.of_day("2026-11-20"), Words::default());
        assert_eq!((all.all.messages, all.all.tokens()), (3, 106));
    }
}
