//! The hand-over folders, and the hooks that take messages from them at the end of a tool.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use torch_core::hand_over::HandOver;
use torch_core::spool::SpoolEvent;
use torch_core::{LaunchId, Timestamp};
use torch_daemon::event::{Effect, Event, InboxFile, Offer, OfferError};
use torch_router::delivery::Withdrawal;

use crate::agent::{Prompt, SimAgent, named_file, tags};
use crate::world::World;

/// How the hook at the end of a tool goes, where it finds a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookEnd {
    /// The program reads it, and the hook says so.
    Read,
    /// It is killed after it took the message: nobody reads it.
    TookOnly,
    /// It is killed once the program has read it.
    ReadUnsaid,
    /// It says so, and the program throws away what it read.
    SaidOnly,
}

/// What lies in an agent's hand-over folders: the text, and whether it was taken.
pub(crate) type Folder = BTreeMap<(LaunchId, HandOver), (String, bool)>;

impl World {
    /// As the host does it: at once, and in order.
    pub(crate) fn at_the_folder(&mut self, effect: Effect) {
        match effect {
            Effect::Offer { offer, text, inbox } => self.offer(offer, text, inbox),
            Effect::Withdraw(offer) => self.withdraw(offer),
            _ => {}
        }
    }

    fn offer(&mut self, offer: Offer, text: String, inbox: Option<InboxFile>) {
        let message = offer.hand_over.message;
        let key = (offer.launch, offer.hand_over);
        let agent = self.agents.get(&offer.agent);
        let there = agent.is_some_and(|agent| agent.folder.contains_key(&key));
        if !there && self.chance(self.faults.refusals, 6) {
            self.note(|| format!("{} can't be laid ready", message.tag()));
            let result = Err(OfferError::File {
                file: PathBuf::from(offer.hand_over.ready()),
                cause: "no space left".to_owned(),
            });
            return self.answer(Event::Offered { message, result });
        }
        if let Some(agent) = self.agents.get_mut(&offer.agent) {
            if let Some(file) = inbox {
                agent.files.insert(file.file.display().to_string());
            }
            agent.folder.entry(key).or_insert((text, false));
        }
        self.note(|| format!("{} is laid ready", message.tag()));
        let result = Ok(());
        self.answer(Event::Offered { message, result });
    }

    fn withdraw(&mut self, offer: Offer) {
        let message = offer.hand_over.message;
        let key = (offer.launch, offer.hand_over);
        let folder = self
            .agents
            .get_mut(&offer.agent)
            .map(|agent| &mut agent.folder);
        let withdrawal = match folder.as_ref().and_then(|folder| folder.get(&key)) {
            Some((_, true)) => Withdrawal::Taken,
            Some((_, false)) => Withdrawal::Withdrawn,
            None => Withdrawal::Missing,
        };
        if let (Some(folder), Withdrawal::Withdrawn) = (folder, withdrawal) {
            folder.remove(&key);
        }
        self.note(|| format!("{} is taken back: {withdrawal:?}", message.tag()));
        self.answer(Event::Withdrawn {
            message,
            withdrawal,
        });
    }
}

impl SimAgent {
    /// A tool has ended: its hook takes the first message that lies ready.
    pub(crate) fn tool_ends(&mut self, now: Timestamp, how: HookEnd) {
        self.hook(now, json!({"hook_event_name": "PostToolUse"}));
        let launch = self.launch;
        let ready = |((of, _), (_, taken)): &(&(LaunchId, HandOver), &mut (String, bool))| {
            *of == launch && !*taken
        };
        let Some(((_, one), (reply, taken))) = self.folder.iter_mut().find(ready) else {
            return;
        };
        *taken = true;
        let (one, reply) = (*one, reply.clone());
        if matches!(how, HookEnd::Read | HookEnd::ReadUnsaid) {
            self.read_context(now, &reply);
        }
        if matches!(how, HookEnd::Read | HookEnd::SaidOnly) {
            self.record(now, SpoolEvent::HandedOver { taken: one });
        }
    }

    fn read_context(&mut self, at: Timestamp, reply: &str) {
        let reply: serde_json::Value = serde_json::from_str(reply).expect("what the hook prints");
        let context = &reply["hookSpecificOutput"]["additionalContext"];
        let text = context.as_str().expect("a text").to_owned();
        let file_there = named_file(&text).is_none_or(|file| self.files.contains(file));
        let held = self.transcripts.entry(self.launch).or_default();
        held.extend(tags(&text).map(str::to_owned));
        self.handed_over += 1;
        self.ledger.push(Prompt {
            text,
            launch: self.launch,
            by_torch: true,
            file_there,
            limited: self.limit.is_some_and(|(until, _)| at < until),
            limits: self.limits[0],
        });
    }
}
