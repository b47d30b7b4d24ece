//! What a program's usage limits are: whose they are, and what it calls them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A program's usage limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CreditRules {
    /// What tells one account from another: agents for which this is the same share their limits. A path with `{home}` and
    /// `{VARIABLE:-default}`, filled with the variables of whoever started the team; empty: one account for the program.
    pub account: String,
    /// The program's own words for its limits, and torch's: `five_hour`, `daily`, `weekly`, `weekly_<model>`, `monthly`,
    /// `credits` (no time brings it back). A word that is not here stays as it is.
    pub kinds: BTreeMap<String, String>,
}
