//! A template's file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::look::{Look, Strength};
use crate::template::Match;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTeam {
    pub(super) name: Text,
    pub(super) title: Text,
    pub(super) summary: Text,
    pub(super) extends: Option<Text>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) supporting: bool,
    #[serde(default)]
    pub(super) needs_strong: bool,
    pub(super) core: Spanned<Vec<Text>>,
    #[serde(default)]
    pub(super) optional: Vec<Text>,
    #[serde(default)]
    pub(super) trim: Vec<Text>,
    #[serde(default)]
    pub(super) conditional: Vec<RawConditional>,
    #[serde(default)]
    pub(super) requires: Vec<RawRequirement>,
    #[serde(default)]
    pub(super) edges: Vec<RawEdge>,
    #[serde(default)]
    pub(super) lanes: Vec<RawLane>,
    #[serde(default)]
    pub(super) agents: BTreeMap<String, Text>,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, Spanned<RawLook>>,
    #[serde(default)]
    pub(super) signs: Vec<Spanned<RawLook>>,
}

/// What all templates share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommon {
    #[serde(default)]
    pub(super) requires: Vec<RawRequirement>,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, Spanned<RawLook>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConditional {
    pub(super) role: Text,
    #[serde(default)]
    pub(super) before_core: bool,
    #[serde(default, rename = "match")]
    pub(super) matching: Match,
    pub(super) when: Spanned<Vec<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequirement {
    pub(super) role: Text,
    pub(super) needs: Spanned<Vec<Text>>,
    pub(super) because: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEdge {
    pub(super) from: Text,
    pub(super) to: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLane {
    pub(super) from: Text,
    pub(super) to: Text,
    pub(super) within: Text,
    pub(super) branch: Option<Text>,
}

/// A sign, with `name` and `strength`, or a condition, with `title`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLook {
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) strength: Option<Strength>,
    pub(super) product: Option<bool>,
    #[serde(default)]
    pub(super) files: Vec<Text>,
    pub(super) min: Option<u64>,
    pub(super) min_bytes: Option<u64>,
    pub(super) share: Option<u64>,
    #[serde(default)]
    pub(super) anywhere: bool,
    #[serde(default, rename = "in")]
    pub(super) inside: Vec<Text>,
    #[serde(default)]
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) spec: Vec<String>,
    pub(super) spec_field: Option<String>,
    pub(super) part_types: Option<u64>,
    #[serde(default)]
    pub(super) part_is: Vec<String>,
    pub(super) services_over: Option<u64>,
}

impl RawLook {
    pub(super) fn into_look(self) -> Look {
        let bare = |texts: Vec<Text>| texts.into_iter().map(Spanned::into_inner).collect();
        Look {
            files: bare(self.files),
            min: self.min.unwrap_or(1),
            min_bytes: self.min_bytes.unwrap_or(0),
            share: self.share.unwrap_or(0),
            anywhere: self.anywhere,
            inside: bare(self.inside),
            words: self
                .words
                .into_iter()
                .map(|word| word.to_lowercase())
                .collect(),
            spec: self.spec,
            spec_field: self.spec_field,
            part_types: self.part_types,
            part_is: self.part_is,
            services_over: self.services_over,
        }
    }
}
