//! Branches of which work is taken back again and again: what was bad is never the answer.

use std::collections::BTreeSet;

use proptest::prelude::*;
use torch_core::rollback::{
    BranchMove, LastGood, Rollback, RollbackKind, RollbackState, TakenBack,
};
use torch_core::{RollbackId, TeamId, Timestamp};

use super::super::*;

/// What a commit changes, by feature.
#[derive(Debug, Clone, Default)]
struct Change {
    added: BTreeSet<usize>,
    removed: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
struct Made {
    id: String,
    subject: String,
    body: String,
    change: Change,
    content: BTreeSet<usize>,
    verified: bool,
}

/// What is done to the branch.
#[derive(Debug, Clone)]
enum Act {
    Land { verified: bool },
    Revert { nth: usize },
    ToLastGood { bad: Option<usize>, files: bool },
    Force,
    BringBack,
}

/// A branch's line, the newest first, and what is known of it.
#[derive(Debug, Clone, Default)]
struct History {
    line: Vec<Made>,
    next: usize,
    records: Vec<Rollback>,
    /// Features that were taken back, and not brought back since.
    condemned: BTreeSet<usize>,
}

impl History {
    fn land(&mut self, verified: bool) {
        let feature = self.next;
        let change = Change {
            added: BTreeSet::from([feature]),
            ..Change::default()
        };
        self.put(("a feature".to_owned(), String::new()), change, verified);
    }

    fn put(&mut self, (subject, body): (String, String), change: Change, verified: bool) {
        let mut content = self.content();
        content.extend(&change.added);
        content.retain(|feature| !change.removed.contains(feature));
        let id = format!("{:040x}", self.next + 1);
        self.next += 1;
        self.line.insert(
            0,
            Made {
                id,
                subject,
                body,
                change,
                content,
                verified,
            },
        );
    }

    fn content(&self) -> BTreeSet<usize> {
        self.line
            .first()
            .map(|made| made.content.clone())
            .unwrap_or_default()
    }

    fn tip(&self) -> String {
        self.line
            .first()
            .map(|made| made.id.clone())
            .unwrap_or_default()
    }

    fn is_own(&self, id: &str) -> bool {
        let made = self.line.iter().find(|made| made.id == id);
        made.is_some_and(|made| made.body.contains(TRAILER))
    }

    fn past(&self, records: &[Rollback]) -> Past {
        let commits = self.line.iter();
        let commits = commits.map(|made| Commit {
            id: &made.id,
            subject: &made.subject,
            body: &made.body,
        });
        let commits: Vec<_> = commits.collect();
        Past::read(&commits, records, |id| {
            self.line.iter().position(|made| made.id == id)
        })
    }

    fn good(&self, bad: Option<usize>, records: &[Rollback]) -> Option<usize> {
        let ids: Vec<&str> = self.line.iter().map(|made| made.id.as_str()).collect();
        let verified = self.line.iter().filter(|made| made.verified);
        let marks: Vec<Mark> = verified.map(|made| super::integration(&made.id)).collect();
        let past = self.past(records);
        last_good(&ids, &marks, bad.or(past.suspect()), &past).map(|found| found.position)
    }

    fn record(&self, what: RollbackKind, taken: &[String]) -> Rollback {
        let taken = taken.iter().map(|id| TakenBack {
            id: id.clone(),
            subject: String::new(),
            author: String::new(),
            at: Timestamp(0),
            merged: None,
        });
        Rollback {
            id: RollbackId::new(self.next as u64, 1),
            team: TeamId::new(1, 1),
            at: Timestamp(0),
            by: "human".to_owned(),
            what,
            bad: None,
            parent_tip: Some(self.tip()),
            reverts: None,
            good: None,
            taken: taken.collect(),
            files: 0,
            moves: None,
            new_branch: None,
            push: None,
            checks: Vec::new(),
            state: RollbackState::Done {
                at: Timestamp(0),
                not_pushed: None,
            },
        }
    }

    fn end(&mut self, record: Rollback, hard: Option<String>) {
        let from = record.parent_tip.clone().unwrap_or_default();
        let moves = BranchMove {
            branch: Some("main".to_owned()),
            worktree: None,
            from,
            to: if hard.is_some() {
                "f".repeat(40)
            } else {
                self.tip()
            },
            hard,
            others_may_change: false,
        };
        self.records.push(Rollback {
            moves: Some(moves),
            ..record
        });
    }

    /// Reverts these, the newest first; what changes nothing is passed over.
    fn revert(&mut self, ids: &[String], record: Rollback) {
        let before = self.line.len();
        for id in ids {
            let Some(made) = self.line.iter().find(|made| made.id == *id).cloned() else {
                continue;
            };
            let now = self.content();
            let added: BTreeSet<_> = made.change.removed.difference(&now).copied().collect();
            let removed: BTreeSet<_> = made.change.added.intersection(&now).copied().collect();
            if added.is_empty() && removed.is_empty() {
                continue;
            }
            if !self.is_own(id) {
                self.condemned.extend(&removed);
            }
            let text = (
                format!("Revert \"{id}\""),
                format!("This reverts commit {id}.\n\n{TRAILER} r-1\n"),
            );
            self.put(text, Change { added, removed }, false);
        }
        if self.line.len() > before {
            self.end(record, None);
        }
    }

    fn act(&mut self, act: &Act) -> Option<usize> {
        match act {
            Act::Land { verified } => self.land(*verified),
            Act::Revert { nth } => {
                let own = |made: &&Made| !made.body.contains(TRAILER);
                let ids: Vec<_> = self
                    .line
                    .iter()
                    .filter(own)
                    .map(|made| made.id.clone())
                    .collect();
                let ids: Vec<_> = ids
                    .get(nth % ids.len().max(1))
                    .cloned()
                    .into_iter()
                    .collect();
                let record = self.record(RollbackKind::Revert, &ids);
                self.revert(&ids, record);
            }
            Act::ToLastGood { bad, files } => {
                let bad = bad.map(|bad| bad % self.line.len().max(1));
                let good = self.good(bad, &self.records)?;
                let good = self.line.get(good)?.clone();
                let above = self
                    .line
                    .iter()
                    .position(|made| made.content == good.content)?;
                if above == 0 {
                    return None;
                }
                match files {
                    true => self.restore(&good),
                    false => {
                        let ids: Vec<_> = self.line[..above]
                            .iter()
                            .map(|made| made.id.clone())
                            .collect();
                        let mut record = self.record(RollbackKind::Emergency, &ids);
                        record.good = Some(good_of(&good));
                        record.bad = bad.map(|bad| self.line[bad].id.clone());
                        self.revert(&ids, record);
                    }
                }
                return self.line.iter().position(|made| made.id == good.id);
            }
            Act::Force => {
                let good = self.good(None, &self.records)?;
                let ids: Vec<_> = self.line[..good]
                    .iter()
                    .map(|made| made.id.clone())
                    .collect();
                let mut record = self.record(RollbackKind::Emergency, &ids);
                record.good = Some(good_of(&self.line[good]));
                let kept = self.line.split_off(good);
                self.line = kept;
                let tip = self.tip();
                self.end(record, Some(tip));
                return Some(0);
            }
            Act::BringBack => {
                let moves = self.records.last()?.moves.clone()?;
                let from = self.line.iter().position(|made| made.id == moves.from)?;
                let to = self.line.iter().position(|made| made.id == moves.to)?;
                let ids: Vec<_> = self.line[to..from]
                    .iter()
                    .map(|made| made.id.clone())
                    .collect();
                let record = self.record(RollbackKind::Revert, &ids);
                self.revert(&ids, record);
                let now = self.content();
                self.condemned.retain(|feature| !now.contains(feature));
            }
        }
        None
    }

    /// All files as in the good commit, by one commit.
    fn restore(&mut self, good: &Made) {
        let now = self.content();
        let newest = self
            .line
            .iter()
            .find(|made| !made.body.contains(TRAILER))
            .cloned();
        let mut record = self.record(RollbackKind::Files, &[]);
        record.good = Some(good_of(good));
        let change = Change {
            added: good.content.difference(&now).copied().collect(),
            removed: now.difference(&good.content).copied().collect(),
        };
        // Without the record, only the newest one is known to have been under suspicion.
        if let Some(newest) = newest {
            self.condemned
                .extend(newest.change.added.intersection(&change.removed));
        }
        self.put(
            (
                format!("stable: restore all as in {}", good.id),
                format!("{TRAILER} r-1\n"),
            ),
            change,
            false,
        );
        self.end(record, None);
    }
}

fn good_of(made: &Made) -> LastGood {
    LastGood {
        commit: made.id.clone(),
        subject: String::new(),
        at: Timestamp(0),
        why: GoodBy::Integration {
            id: "i-1".to_owned(),
        },
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let bad = proptest::option::of(0_usize..6);
    let act = prop_oneof![
        8 => proptest::bool::weighted(0.7).prop_map(|verified| Act::Land { verified }),
        2 => (0_usize..6).prop_map(|nth| Act::Revert { nth }),
        3 => (bad, any::<bool>()).prop_map(|(bad, files)| Act::ToLastGood { bad, files }),
        1 => Just(Act::Force),
        1 => Just(Act::BringBack),
    ];
    proptest::collection::vec(act, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn what_was_taken_back_is_never_good(acts in acts()) {
        let mut history = History::default();
        history.land(true);
        for act in &acts {
            let went_to = history.act(act);
            let told = history.good(None, &history.records);
            if let (Some(position), Act::ToLastGood { files: false, .. } | Act::Force) = (went_to, act) {
                prop_assert_eq!(told, Some(position), "asked again after {:?}", act);
            }
            // What nobody has a record of is told by the messages.
            for found in [told, history.good(None, &[])].into_iter().flatten() {
                let made = &history.line[found];
                prop_assert!(!made.body.contains(TRAILER), "{} was made by a rollback", made.id);
                let bad: Vec<_> = made.content.intersection(&history.condemned).collect();
                prop_assert!(bad.is_empty(), "{} has {:?} after {:?}", made.id, bad, act);
            }
        }
    }
}

/// A history, oldest first: `+` lands what is verified, `-` lands what is not.
fn landed(marks: &str) -> History {
    let mut history = History::default();
    for mark in marks.chars() {
        history.land(mark == '+');
    }
    history
}

#[track_caller]
fn is_good(history: &History, feature: Option<usize>) {
    for records in [history.records.as_slice(), &[]] {
        let good = history.good(None, records);
        let good = good.map(|position| &history.line[position]);
        let last = good.and_then(|made| made.change.added.first().copied());
        assert_eq!(last, feature, "{} records: {history:#?}", records.len());
    }
}

#[test]
fn asked_again_after_a_revert_it_is_the_same() {
    let mut history = landed("+++");
    history.act(&Act::Revert { nth: 0 });
    is_good(&history, Some(1));
    history.act(&Act::ToLastGood {
        bad: None,
        files: false,
    });
    is_good(&history, Some(1));
    history.land(true);
    is_good(&history, Some(1));
}

#[test]
fn asked_again_after_files_were_restored_it_is_the_same() {
    let mut history = landed("++");
    history.act(&Act::ToLastGood {
        bad: None,
        files: true,
    });
    is_good(&history, Some(0));
    history.land(true);
    is_good(&history, Some(0));
}

#[test]
fn what_was_built_on_a_reverted_commit_has_it() {
    let mut history = landed("++++");
    history.act(&Act::Revert { nth: 2 });
    is_good(&history, Some(0));
}

#[test]
fn what_was_brought_back_on_purpose_does_not_spoil_what_follows() {
    let mut history = landed("++");
    history.act(&Act::Revert { nth: 0 });
    history.act(&Act::BringBack);
    is_good(&history, Some(0));
    history.land(true);
    let built = history.next - 1;
    history.land(true);
    is_good(&history, Some(built));
}

#[test]
fn a_branch_that_was_put_back_is_not_under_suspicion() {
    let mut history = landed("+++");
    history.act(&Act::Force);
    assert_eq!(history.good(None, &history.records), Some(0));
    assert_eq!(history.line.len(), 2);
    // Once something is committed on top, that is.
    history.land(true);
    assert_eq!(history.good(None, &history.records), Some(1));
}

#[test]
fn a_commit_that_was_named_as_bad_stays_bad_where_nothing_moved() {
    let mut history = landed("+++");
    let bad = history.line[1].id.clone();
    let record = history.record(RollbackKind::Branch, &[]);
    history.records.push(Rollback {
        bad: Some(bad),
        ..record
    });
    history.land(true);
    assert_eq!(history.good(None, &history.records), Some(3));
    // What is landed after that is judged by itself.
    history.land(true);
    assert_eq!(history.good(None, &history.records), Some(1));
}

#[test]
fn a_message_that_only_quotes_the_trailer_is_no_rollback() {
    let mut history = landed("++");
    history.line[0].subject = "Squashed feature (#7)".to_owned();
    history.line[0].body = format!("* stable: restore a\n\n{TRAILER} r-1\n");
    assert_eq!(history.past(&[]).suspect(), Some(0));
}
