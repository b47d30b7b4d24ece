//! The hand-over folders: a message is laid ready for a hook, and taken back.

use std::io::ErrorKind;
use std::path::PathBuf;

use torch_core::hand_over::folder;
use torch_router::delivery::Withdrawal;

use super::execute::{replace, send};
use super::typing::write_inbox;
use super::{Host, Input};
use crate::event::{Event, InboxFile, Offer};

impl Host {
    fn hand_over_folder(&self, offer: Offer) -> PathBuf {
        self.agent_dir(offer.agent).join(folder(offer.launch))
    }

    /// Lays a message ready. What lies there already, or was taken, is left as it is: the order may be given twice.
    pub(crate) fn offer(&self, offer: Offer, text: &str, inbox: Option<&InboxFile>) {
        let folder = self.hand_over_folder(offer);
        let (ready, taken) = (
            folder.join(offer.hand_over.ready()),
            folder.join(offer.hand_over.taken()),
        );
        let result = if ready.exists() || taken.exists() {
            Ok(())
        } else {
            inbox
                .map_or(Ok(()), write_inbox)
                .and_then(|()| std::fs::create_dir_all(&folder))
                .and_then(|()| replace(&ready, text.as_bytes()))
                .map_err(|error| error.to_string())
        };
        crate::crash::did("offer");
        let message = offer.hand_over.message;
        send(
            &self.inputs,
            Input::Event(Event::Offered { message, result }),
        );
    }

    /// Takes a message back by renaming it, as the hook does that takes it: one of the two has it.
    pub(crate) fn withdraw(&self, offer: Offer) {
        let folder = self.hand_over_folder(offer);
        let ready = folder.join(offer.hand_over.ready());
        let back = folder.join(format!("{}.withdrawn", offer.hand_over));
        let withdrawal = match std::fs::rename(&ready, &back) {
            Ok(()) => {
                drop(std::fs::remove_file(&back));
                Withdrawal::Withdrawn
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!("{} could not be taken back: {error}", ready.display());
                // Another way it may go only once a hook can't take it any more.
                Withdrawal::Stuck
            }
            Err(_) if folder.join(offer.hand_over.taken()).exists() => Withdrawal::Taken,
            // Taken back by a daemon that could not say so any more, or never laid.
            Err(_) => Withdrawal::Missing,
        };
        crate::crash::did("withdraw");
        let message = offer.hand_over.message;
        let event = Event::Withdrawn {
            message,
            withdrawal,
        };
        send(&self.inputs, Input::Event(event));
    }
}
