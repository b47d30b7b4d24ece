//! Looking before typing: what a sight of the pane means for a delivery that is not submitted yet.

use std::time::Duration;

use torch_core::screen::{Composer, ScreenKind};
use torch_core::{DeferReason, DeliveryState, Timestamp};

use super::{
    Act, ENTERS_MAX, Entered, Flight, Notice, Outcome, PaneFitness, Patience, SHOW_DEADLINE, Sight,
    Step,
};
use crate::tag;

/// The first pause between two looks for a paste to show up.
const LOOK_FIRST: Duration = Duration::from_millis(1);
/// The first pause before a waiting message is looked at again.
const RECHECK_FIRST: Duration = Duration::from_millis(100);
/// From this length on a composer may scroll, and its visible end is enough (`--inline`), in bytes.
const SCROLLS_FROM: usize = 1_500;

impl Flight {
    /// A look at the pane.
    pub fn on_sight(&mut self, sight: &Sight, patience: &Patience, now: Timestamp) -> Step {
        if self.acting {
            return Step::only(Act::None);
        }
        match self.delivery.state {
            DeliveryState::Claimed | DeliveryState::Deferred | DeliveryState::Queued => {
                self.check(sight, patience, now)
            }
            DeliveryState::Pasting => self.recheck_paste(sight, patience, now),
            DeliveryState::Pasted => self.look(sight, patience, now),
            DeliveryState::Entering | DeliveryState::Entered | DeliveryState::Uncertain => {
                self.settle_doubt(sight, patience, now)
            }
            _ => Step::only(Act::None),
        }
    }

    /// How the paste ended.
    pub fn on_pasted(&mut self, outcome: Outcome, now: Timestamp) -> Step {
        if self.delivery.state != DeliveryState::Pasting {
            return Step::only(Act::None);
        }
        self.pasted |= outcome == Outcome::Applied;
        self.spent |= outcome == Outcome::Applied;
        match outcome {
            Outcome::Applied => self.pass(
                DeliveryState::Pasted,
                "tmux took the paste",
                now,
                Act::ProbeAfter(LOOK_FIRST),
            ),
            Outcome::Refused => {
                let pause = self.backoff(RECHECK_FIRST);
                self.wait_for(
                    DeferReason::NoAgent,
                    "the guard refused the paste",
                    now,
                    Act::ProbeAfter(pause),
                )
            }
        }
    }

    /// The paste failed. Where it was `begun`, nobody knows whether it arrived: the next look will tell, and until then it
    /// may stand in the composer.
    pub fn on_paste_failed(&mut self, begun: bool, error: &str, now: Timestamp) -> Step {
        if self.delivery.state != DeliveryState::Pasting {
            return Step::only(Act::None);
        }
        self.pasted |= begun;
        self.spent |= begun;
        let evidence = format!("the paste failed: {error}");
        self.wait_for(DeferReason::NotShown, &evidence, now, Act::None)
    }

    /// How the Enter ended.
    pub fn on_pressed(&mut self, outcome: Outcome, patience: &Patience, now: Timestamp) -> Step {
        if self.delivery.state != DeliveryState::Entering {
            return Step::only(Act::None);
        }
        match outcome {
            Outcome::Applied => {
                self.enters += 1;
                self.doubt = true;
                self.entered = self.entered.map(|entered| Entered { at: now, ..entered });
                self.pass(
                    DeliveryState::Entered,
                    "tmux took the Enter",
                    now,
                    Act::AwaitProof(patience.evidence),
                )
            }
            // Nothing was pressed now, but an earlier Enter may have taken it: what can be seen decides.
            Outcome::Refused if self.doubt => self.pass(
                DeliveryState::Uncertain,
                "the guard refused another Enter",
                now,
                Act::ProbeAfter(LOOK_FIRST),
            ),
            // Nothing was pressed: the composer changed in that moment, so look again before anything else.
            Outcome::Refused => self.pass(
                DeliveryState::Pasted,
                "the guard refused the Enter",
                now,
                Act::ProbeAfter(LOOK_FIRST),
            ),
        }
    }

    /// Before the paste.
    fn check(&mut self, sight: &Sight, patience: &Patience, now: Timestamp) -> Step {
        if let Some(step) = self.unfit(sight, patience, now) {
            return step;
        }
        let Some(composer) = self.open_composer(sight) else {
            return self.defer_by_screen(sight, now);
        };
        if self.shows_whole(composer) {
            return self.enter(composer, sight, patience, now);
        }
        if !composer.is_empty() {
            return self.defer_by_draft(composer, patience, now);
        }
        // A paste that never showed may still lie in the terminal's queue: wait until the screen moves.
        let not_shown = self.delivery.reason == Some(DeferReason::NotShown);
        if not_shown && self.stale_screen == Some(sight.fingerprint) {
            let pause = self.backoff(RECHECK_FIRST);
            return Step::only(Act::ProbeAfter(pause));
        }
        self.stale_screen = None;
        self.seen_whole = None;
        self.entered = None;
        self.enters = 0;
        self.doubt = false;
        let mut evidence = format!("an empty composer; {}", sight.reading.evidence);
        // A paste may come up still, and a person may have submitted it: then the second one must be told from it.
        if self.spent {
            self.next_try();
            let attempt = self.delivery.attempt;
            evidence =
                format!("{evidence}; it may have been pasted before, so this is try {attempt}");
        }
        self.pasted = false;
        self.pass(DeliveryState::Pasting, &evidence, now, Act::Paste)
    }

    /// After a restart between the intent to paste and its outcome.
    fn recheck_paste(&mut self, sight: &Sight, patience: &Patience, now: Timestamp) -> Step {
        self.set(
            DeliveryState::Claimed,
            None,
            "checked again after a restart",
            now,
        );
        self.check(sight, patience, now)
    }

    /// After the paste: Enter only once the composer shows exactly this message.
    fn look(&mut self, sight: &Sight, patience: &Patience, now: Timestamp) -> Step {
        if let Some(step) = self.unfit(sight, patience, now) {
            return step;
        }
        if let Some(composer) = self.open_composer(sight)
            && self.shows_whole(composer)
        {
            return self.enter(composer, sight, patience, now);
        }
        if sight.reading.kind == ScreenKind::Asking {
            return self.defer_by_screen(sight, now);
        }
        let deadline = SHOW_DEADLINE + Duration::from_millis(self.text.len() as u64 / 16);
        if now.since(self.phase_since) < deadline {
            let pause = self.backoff(LOOK_FIRST).min(Duration::from_millis(25));
            return Step::only(Act::ProbeAfter(pause));
        }
        self.stale_screen = Some(sight.fingerprint);
        let rest = sight
            .reading
            .composer
            .as_ref()
            .map(|c| c.text.chars().take(120).collect::<String>());
        let evidence = match rest.filter(|rest| !rest.trim().is_empty()) {
            Some(rest) => format!("the composer does not show the whole message but {rest:?}"),
            None => "the composer does not show the message".to_owned(),
        };
        let pause = self.backoff(RECHECK_FIRST);
        let mut step = self.wait_for(
            DeferReason::NotShown,
            &evidence,
            now,
            Act::ProbeAfter(pause),
        );
        step.notice = self.tell(Notice::NotShown);
        step
    }

    /// The composer shows the message: let it settle, then Enter.
    pub(super) fn enter(
        &mut self,
        composer: &Composer,
        sight: &Sight,
        patience: &Patience,
        now: Timestamp,
    ) -> Step {
        let seen = *self.seen_whole.get_or_insert(now);
        if now.since(seen) < patience.settle {
            return Step::only(Act::ProbeAfter(patience.settle - now.since(seen)));
        }
        if self.enters >= ENTERS_MAX {
            let mut step = Step::only(Act::ProbeAfter(super::RECHECK_MAX));
            if self.delivery.state != DeliveryState::Uncertain {
                step = self.pass(
                    DeliveryState::Uncertain,
                    "Enter leaves it in the composer",
                    now,
                    step.act,
                );
            }
            step.notice = self.tell(Notice::Stuck);
            return step;
        }
        let stray = (self.enters > 0)
            .then(|| self.tell(Notice::StrayEnter))
            .flatten();
        let end = match &composer.collapsed[..] {
            [label] if self.shows_label(composer) => label_end(label),
            _ => tag::closing_end(self.envelope.id),
        };
        let line_end = composer
            .text
            .lines()
            .any(|line| line.ends_with(&end))
            .then_some(end);
        let act = Act::Press { line_end };
        let evidence = if self.shows_label(composer) {
            "the composer shows only the label of this paste"
        } else {
            "the composer shows exactly this message"
        };
        self.entered = Some(Entered {
            at: now,
            screen: sight.fingerprint,
        });
        let mut step = self.pass(DeliveryState::Entering, evidence, now, act);
        step.notice = stray;
        step
    }

    pub(super) fn shows_whole(&self, composer: &Composer) -> bool {
        composer.holds(&self.text)
            || (self.text.len() > SCROLLS_FROM
                && composer.holds_end_of(&self.text, &tag::closing(self.envelope.id)))
            || self.shows_label(composer)
    }

    /// Whether the composer shows nothing but the label of one paste, and this message was pasted into it while it was empty.
    /// What the label stands for is seen by the prompt's hook or the transcript.
    fn shows_label(&self, composer: &Composer) -> bool {
        let [label] = &composer.collapsed[..] else {
            return false;
        };
        self.pasted && composer.text.trim() == label
    }

    /// The composer of a screen without a dialog or a turn.
    pub(super) fn open_composer<'s>(&self, sight: &'s Sight) -> Option<&'s Composer> {
        sight
            .reading
            .composer
            .as_ref()
            .filter(|_| sight.reading.kind == ScreenKind::Prompt)
    }

    pub(super) fn unfit(
        &mut self,
        sight: &Sight,
        patience: &Patience,
        now: Timestamp,
    ) -> Option<Step> {
        let (reason, evidence) = match sight.fitness {
            PaneFitness::Fit => return None,
            PaneFitness::NoAgent => (DeferReason::NoAgent, "no live agent program in the pane"),
            PaneFitness::NoInput => (
                DeferReason::PaneInput,
                "the pane takes no input, or shares it with others",
            ),
            PaneFitness::Mode { attached: false } => return None,
            PaneFitness::Mode { attached: true } => {
                let waiting = self.delivery.reason == Some(DeferReason::CopyMode);
                if waiting && now.since(self.phase_since) >= patience.copy_mode {
                    return None;
                }
                (DeferReason::CopyMode, "a person is in copy mode")
            }
        };
        let pause = self.backoff(RECHECK_FIRST);
        Some(self.wait_for(reason, evidence, now, Act::ProbeAfter(pause)))
    }

    fn defer_by_screen(&mut self, sight: &Sight, now: Timestamp) -> Step {
        let reason = match sight.reading.kind {
            ScreenKind::Asking => DeferReason::Asking,
            ScreenKind::Limited | ScreenKind::Continuing => DeferReason::Limited,
            ScreenKind::Busy | ScreenKind::Retrying => DeferReason::Busy,
            ScreenKind::Prompt | ScreenKind::Unknown => DeferReason::UnknownScreen,
        };
        let pause = self.backoff(RECHECK_FIRST);
        let mut step = self.wait_for(reason, &sight.reading.evidence, now, Act::ProbeAfter(pause));
        if reason == DeferReason::Asking {
            step.notice = self.tell(Notice::Asking);
        }
        step
    }

    fn defer_by_draft(&mut self, composer: &Composer, patience: &Patience, now: Timestamp) -> Step {
        let ours = composer.contains(&format!("[torch {}", self.envelope.id.tag()));
        let reason = if ours {
            DeferReason::NotShown
        } else {
            DeferReason::Draft
        };
        let evidence = format!(
            "the composer holds {:?}",
            composer.text.chars().take(80).collect::<String>()
        );
        let pause = self.backoff(RECHECK_FIRST);
        let mut step = self.wait_for(reason, &evidence, now, Act::ProbeAfter(pause));
        if now.since(self.phase_since) >= patience.draft_notice {
            step.notice = self.tell(Notice::Draft);
        }
        step
    }
}

/// The end of a label that a guard can look for on a line: its last word.
fn label_end(label: &str) -> String {
    let word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-');
    let (rest, close) = label
        .strip_suffix(']')
        .map_or((label, ""), |rest| (rest, "]"));
    let end: Vec<char> = rest.chars().rev().take_while(word).collect();
    end.iter().rev().collect::<String>() + close
}
