//! What the roles make of what they are told: each reads the prompts that reach its program, and does what a willing agent would do,
//! mostly soon, sometimes much later.

use std::time::Duration;

use torch_api::wire::TeamSelector;
use torch_core::integration::{Integration, WaitOn};
use torch_core::{AgentId, LedgerRecord, MessageKind};

use super::role::{Deed, LeavesOff};
use super::site::{PARENT, ROLES};
use crate::agent::tags;
use crate::world::World;

/// Who is no role.
pub(super) const HUMAN: &str = "human";
/// What a project manager writes who was told of a conflict.
const ASKED: &str = "Please solve the conflict";

impl World {
    /// Each agent reads what its program was given since it last looked.
    pub(super) fn read_prompts(&mut self) {
        let Some(site) = &self.site else {
            return;
        };
        let news: Vec<(AgentId, usize)> = self
            .agents
            .iter()
            .map(|(id, agent)| (*id, agent.ledger.len()))
            .filter(|(id, length)| site.read.get(id).copied().unwrap_or(0) < *length)
            .collect();
        for (id, length) in news {
            let site = self.site.as_mut().expect("it is there");
            let from = site.read.insert(id, length).unwrap_or(0);
            let ledger = &self.agents[&id].ledger[from..];
            let tags: Vec<String> = ledger
                .iter()
                .flat_map(|prompt| tags(&prompt.text))
                .map(str::to_owned)
                .collect();
            for tag in tags {
                self.reads(id, &tag);
            }
        }
    }

    fn reads(&mut self, id: AgentId, tag: &str) {
        let Some(role) = self
            .store
            .agents
            .get(&id)
            .map(|agent| agent.role.to_string())
        else {
            return;
        };
        let mut rows = self.store.messages.values();
        let row = rows.find(|row| row.id.tag() == tag && row.kind != MessageKind::Briefing);
        let Some(body) = row.map(|row| row.body.clone()) else {
            return;
        };
        for line in body.lines() {
            for deed in self.understood(&role, line) {
                let millis = self.patience();
                let at = self.now.after(Duration::from_millis(millis));
                let site = self.site.as_mut().expect("it is there");
                site.plan(at, &role, deed);
            }
        }
    }

    /// How long until a role gets to something, in milliseconds.
    fn patience(&mut self) -> u64 {
        let quiet = self.site.as_ref().is_some_and(|site| site.quiet);
        match self.random.u32(..100) {
            _ if quiet => self.random.u64(1_000..30_000),
            0..85 => self.random.u64(10_000..480_000),
            _ => self.random.u64(2_400_000..5_400_000),
        }
    }

    /// What follows from a line of a message.
    fn understood(&mut self, role: &str, line: &str) -> Vec<Deed> {
        let branches = to_merge(line);
        let tag = line.split_whitespace().find(|word| word.starts_with("i-"));
        let tag = tag.unwrap_or_default().trim_end_matches([':', '.', ',']);
        let has = |words: &str| line.contains(words);
        if line.starts_with("Fast lane: ") && has(" conflict in ") {
            let to = line.split("To solve it, ").nth(1);
            let to = to
                .and_then(|rest| rest.split(' ').next())
                .unwrap_or_default();
            let known = ROLES.into_iter().find(|known| *known == to);
            let text = format!("{ASKED}: git merge {}", branches.join(" "));
            return known.map(|to| Deed::Tell(to, text)).into_iter().collect();
        }
        if has("has a conflict that is yours to solve") || line.starts_with(ASKED) {
            let leaves = self.leaves_off();
            return vec![Deed::Merge(branches, leaves)];
        }
        if has("Take it over within") {
            return vec![Deed::Merge(vec![PARENT.to_owned()], LeavesOff::No)];
        }
        if has("waits for your review") {
            return vec![Deed::Review(tag.to_owned())];
        }
        if has("waits for its tests") && role != "project_manager" {
            let branch = line.split("on the branch ").nth(1);
            let branch = branch.and_then(|rest| rest.split(' ').next());
            return branch
                .map(|name| Deed::Test(name.to_owned()))
                .into_iter()
                .collect();
        }
        if has("its tests are red") || has("is left out of integration") {
            return vec![Deed::Mend];
        }
        if has("Commit your work now") || has("are not committed: git commit") {
            return vec![Deed::Save];
        }
        // What is late by its own branch.
        match branches.as_slice() {
            [only] if only == PARENT => vec![Deed::Merge(branches, LeavesOff::No)],
            _ => Vec::new(),
        }
    }

    fn leaves_off(&mut self) -> LeavesOff {
        let quiet = self.site.as_ref().is_some_and(|site| site.quiet);
        match self.random.u32(..5) == 0 && !quiet {
            true => LeavesOff::For(Duration::from_secs(self.random.u64(60..1_800))),
            false => LeavesOff::No,
        }
    }

    /// The team, as everybody here means it.
    pub(super) fn selector(&self) -> TeamSelector {
        TeamSelector {
            name: None,
            cwd: self.project.clone(),
        }
    }

    /// The newest integration.
    pub(super) fn newest_integration(&self) -> Option<&Integration> {
        let rows = self.store.ledger.values();
        let rows = rows.filter_map(|row| match row {
            LedgerRecord::Integration(row) => Some(&**row),
            _ => None,
        });
        rows.max_by_key(|row| row.id)
    }

    pub(super) fn waits_for_a_person(&self) -> bool {
        let open = self.newest_integration().filter(|row| row.is_open());
        let wait = open.and_then(|row| row.wait.as_ref());
        wait.is_some_and(|wait| matches!(wait.on, WaitOn::Person { .. }))
    }
}

/// The branches of all `git merge …` in a line, which may name several each.
fn to_merge(line: &str) -> Vec<String> {
    let parts = line.split("git merge ").skip(1);
    let words = parts.flat_map(|part| {
        let part = part.split(" and then ").next().unwrap_or(part);
        let mut names = Vec::new();
        for word in part.split_whitespace() {
            let name = word.trim_matches(['`', ';', '.', ',', ':']);
            names.push(name.to_owned());
            if name.len() != word.len() {
                break;
            }
        }
        names
    });
    let mut found: Vec<String> = words.filter(|name| name.starts_with(PARENT)).collect();
    found.dedup();
    found
}

#[test]
fn what_is_to_be_merged_is_read() {
    let check = |line: &str, expect: &[&str]| assert_eq!(to_merge(line), expect, "{line}");
    check("nothing", &[]);
    check(
        "tester runs `git merge trunk-developer` in its worktree",
        &["trunk-developer"],
    );
    check(
        "in your own worktree: git merge trunk-a and then git merge trunk-b trunk; solve it",
        &["trunk-a", "trunk-b", "trunk"],
    );
    check(
        "commit your work, then git merge trunk in your own worktree.",
        &["trunk"],
    );
}
