//! Looks, pastes and keys: each a task that comes back with an event.

use std::path::Path;

use torch_core::{MessageId, PaneId};
use torch_router::delivery::Outcome;
use torch_session::{Server, SessionError};

use super::execute::{replace, send};
use super::{Host, Input, tmux};
use crate::event::{Effect, Event, InboxFile, KeyError, LookError, PasteError, TypingGuard};

impl Host {
    pub(crate) fn type_into(&self, effect: Effect) {
        let server = self.tmux.server.clone();
        let inputs = self.inputs.clone();
        let staging = self.home.join("run");
        tokio::spawn(async move {
            let event = match server {
                Some(server) => typed(&server, effect, &staging).await,
                None => not_typed(effect),
            };
            if let Some(event) = event {
                send(&inputs, Input::Event(event));
            }
        });
    }
}

/// Does what is typed, and says how it ended.
async fn typed(server: &Server, effect: Effect, staging: &Path) -> Option<Event> {
    Some(match effect {
        Effect::Probe {
            agent,
            purpose,
            pane,
            process,
        } => {
            let result = server.probe(pane).await;
            let result = result
                .map(|probe| Box::new(tmux::probe_fact(probe, process)))
                .map_err(|error| LookError::Failed {
                    pane,
                    cause: told(&error),
                });
            Event::Probed {
                agent,
                purpose,
                result,
            }
        }
        Effect::Paste {
            message,
            guard,
            text,
            inbox,
        } => {
            let result = paste(server, (message, guard), &text, inbox, staging).await;
            Event::Pasted { message, result }
        }
        Effect::PressKey {
            agent,
            guard,
            key,
            lines,
        } => {
            let own = tmux::guard(guard);
            let pressed = server.press_while(&own, &key, &lines).await;
            Event::KeyPressed {
                agent,
                result: pressed
                    .map(tmux::outcome)
                    .map_err(|error| not_pressed(key, guard.pane, &error)),
            }
        }
        Effect::Press {
            message,
            guard,
            key,
            line_end,
        } => {
            let pressed = server
                .press(&tmux::guard(guard), &key, line_end.as_deref())
                .await;
            crate::crash::did("press");
            Event::Pressed {
                message,
                result: pressed
                    .map(tmux::outcome)
                    .map_err(|error| not_pressed(key, guard.pane, &error)),
            }
        }
        _ => return None,
    })
}

/// Writes the message's file, if it has one, and pastes its text.
async fn paste(
    server: &Server,
    (message, guard): (MessageId, TypingGuard),
    text: &str,
    inbox: Option<InboxFile>,
    staging: &Path,
) -> Result<Outcome, PasteError> {
    match inbox.as_ref().map_or(Ok(()), write_inbox) {
        Ok(()) => {
            let buffer = message.short();
            let pasted = server
                .paste(&tmux::guard(guard), &buffer, text.as_bytes(), staging)
                .await;
            crate::crash::did("paste");
            pasted
                .map(tmux::outcome)
                .map_err(|error| PasteError::Unknown {
                    pane: guard.pane,
                    cause: told(&error),
                })
        }
        Err(error) => Err(PasteError::NotBegun {
            file: inbox.map_or_else(String::new, |inbox| inbox.file.display().to_string()),
            cause: error.to_string(),
        }),
    }
}

fn not_pressed(key: String, pane: PaneId, error: &SessionError) -> KeyError {
    KeyError::Unknown {
        key,
        pane,
        cause: told(error),
    }
}

/// An error with its causes in one line.
fn told(error: &SessionError) -> String {
    let causes = crate::failure::causes(error);
    let all: Vec<String> = std::iter::once(error.to_string()).chain(causes).collect();
    all.join(": ")
}

/// How it ends where there is no connection to tmux.
fn not_typed(effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Probe { agent, purpose, .. } => Event::Probed {
            agent,
            purpose,
            result: Err(LookError::NotConnected),
        },
        Effect::Paste { message, .. } => Event::Pasted {
            message,
            result: Ok(Outcome::Refused),
        },
        Effect::Press { message, .. } => Event::Pressed {
            message,
            result: Ok(Outcome::Refused),
        },
        Effect::PressKey { agent, .. } => Event::KeyPressed {
            agent,
            result: Err(KeyError::NotConnected),
        },
        _ => return None,
    })
}

/// Writes a long body into the recipient's inbox folder, whole or not at all, never through a link.
pub(crate) fn write_inbox(inbox: &InboxFile) -> std::io::Result<()> {
    torch_worktree::prepare_worktree(&inbox.worktree).map_err(std::io::Error::other)?;
    let path = inbox.worktree.join(&inbox.file);
    replace(&path, inbox.body.as_bytes())
}
