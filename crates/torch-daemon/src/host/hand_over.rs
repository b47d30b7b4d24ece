//! The hand-over folders: a message is laid ready for a hook, and taken back.
//!
//! An agent runs as the user that torch runs as, and may do to its folder what it likes. A folder that is gone is made anew, one that can't be
//! written is made writable; a message that is not there any more counts as taken, until something proves that.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use torch_core::hand_over::{HandOver, folder};
use torch_router::delivery::Withdrawal;

use super::execute::{replace, send};
use super::typing::write_inbox;
use super::{Host, Input};
use crate::event::{Event, InboxFile, Offer, OfferError};

impl Host {
    fn hand_over_folder(&self, offer: Offer) -> PathBuf {
        self.agent_dir(offer.agent).join(folder(offer.launch))
    }

    /// Lays a message ready. What lies there already, or was taken, is left as it is: the order may be given twice.
    pub(crate) fn offer(&self, offer: Offer, text: &str, inbox: Option<&InboxFile>) {
        let folder = self.hand_over_folder(offer);
        let result = lay(&folder, offer.hand_over, text, inbox);
        crate::crash::did("offer");
        let message = offer.hand_over.message;
        send(
            &self.inputs,
            Input::Event(Event::Offered { message, result }),
        );
    }

    /// Takes a message back, so that no hook can take it any more.
    pub(crate) fn withdraw(&self, offer: Offer) {
        let folder = self.hand_over_folder(offer);
        let withdrawal = take_back(&folder, offer.hand_over);
        crate::crash::did("withdraw");
        let message = offer.hand_over.message;
        let event = Event::Withdrawn {
            message,
            withdrawal,
        };
        send(&self.inputs, Input::Event(event));
    }
}

fn lay(
    folder: &Path,
    one: HandOver,
    text: &str,
    inbox: Option<&InboxFile>,
) -> Result<(), OfferError> {
    open_up(folder);
    let ready = folder.join(one.ready());
    if is_file(&ready) || folder.join(one.taken()).exists() {
        return Ok(());
    }
    if let Some(inbox) = inbox {
        write_inbox(inbox).map_err(|error| OfferError::Inbox {
            file: inbox.file.display().to_string(),
            cause: error.to_string(),
        })?;
    }
    make(folder).map_err(|error| OfferError::Folder {
        folder: folder.to_owned(),
        cause: error.to_string(),
    })?;
    let laid = clear(&ready).and_then(|()| replace(&ready, text.as_bytes()));
    laid.map_err(|error| OfferError::File {
        file: ready,
        cause: error.to_string(),
    })
}

/// The hook takes it by renaming it and torch by removing it: one of the two has it.
fn take_back(folder: &Path, one: HandOver) -> Withdrawal {
    open_up(folder);
    let (ready, taken) = (folder.join(one.ready()), folder.join(one.taken()));
    let removed = if ready.is_dir() {
        // No hook takes that, and it is not what was laid.
        Err(ErrorKind::NotFound.into())
    } else {
        fs::remove_file(&ready)
    };
    let nowhere = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    match removed {
        // Whatever lay there then was another one.
        Ok(()) if taken.exists() => Withdrawal::Taken,
        Ok(()) => Withdrawal::Withdrawn,
        Err(error) if !nowhere.contains(&error.kind()) => {
            tracing::warn!("{} could not be taken back: {error}", ready.display());
            // Another way it may go only once a hook can't take it any more.
            Withdrawal::Stuck
        }
        Err(_) if taken.exists() => Withdrawal::Taken,
        // Taken back by a daemon that could not say so any more, or never laid, or its folder is gone.
        Err(_) => Withdrawal::Missing,
    }
}

/// Makes the folder; a file in its place is none of torch's.
fn make(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
        fs::remove_file(folder)?;
    }
    fs::create_dir_all(folder)
}

/// Takes away what lies where a message is to be laid.
fn clear(ready: &Path) -> io::Result<()> {
    match ready.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(ready),
        _ => Ok(()),
    }
}

/// Makes the folder its owner's again: what lies in it can't even be seen otherwise.
fn open_up(folder: &Path) {
    let Ok(meta) = folder.symlink_metadata() else {
        return;
    };
    let closed = meta.permissions().mode() & 0o700 != 0o700;
    if meta.is_dir()
        && closed
        && let Err(error) = fs::set_permissions(folder, Permissions::from_mode(0o700))
    {
        tracing::warn!("{} can't be made writable: {error}", folder.display());
    }
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

#[cfg(test)]
mod tests {
    use torch_core::MessageId;

    use super::*;

    struct Place {
        root: tempfile::TempDir,
        one: HandOver,
    }

    impl Place {
        fn new() -> Self {
            Self {
                root: tempfile::tempdir().expect("a folder"),
                one: HandOver {
                    message: MessageId::new(1, 1),
                    attempt: 1,
                },
            }
        }

        fn folder(&self) -> PathBuf {
            self.root.path().join("agent/hand-over")
        }

        fn lay(&self) {
            lay(&self.folder(), self.one, "text", None).expect("laid");
            let text = fs::read_to_string(self.folder().join(self.one.ready()));
            assert_eq!(text.expect("it lies ready"), "text");
        }

        fn take_back(&self) -> Withdrawal {
            take_back(&self.folder(), self.one)
        }

        /// As the hook does.
        fn take(&self) {
            let folder = self.folder();
            let (ready, taken) = (self.one.ready(), self.one.taken());
            fs::rename(folder.join(ready), folder.join(taken)).expect("taken");
        }
    }

    #[test]
    fn what_lies_ready_is_taken_back_once() {
        let place = Place::new();
        assert_eq!(place.take_back(), Withdrawal::Missing, "never laid");
        place.lay();
        place.lay();
        assert_eq!(place.take_back(), Withdrawal::Withdrawn);
        assert_eq!(place.take_back(), Withdrawal::Missing);
        place.lay();
        place.take();
        assert_eq!(place.take_back(), Withdrawal::Taken);
        // Laid once more by an order that came twice, it would go twice.
        lay(&place.folder(), place.one, "text", None).expect("left as it is");
        assert!(!place.folder().join(place.one.ready()).exists());
        // Nor does one that an agent puts there make it another one.
        fs::write(place.folder().join(place.one.ready()), "forged").expect("a file");
        assert_eq!(place.take_back(), Withdrawal::Taken);
    }

    #[test]
    fn a_folder_that_is_gone_holds_nothing_up() {
        let place = Place::new();
        place.lay();
        fs::remove_dir_all(place.folder()).expect("removed");
        assert_eq!(place.take_back(), Withdrawal::Missing);
        place.lay();
        fs::remove_dir_all(place.folder()).expect("removed");
        fs::write(place.folder(), "a file").expect("a file");
        assert_eq!(place.take_back(), Withdrawal::Missing);
        place.lay();
        let ready = place.folder().join(place.one.ready());
        fs::remove_file(&ready).expect("removed");
        fs::create_dir_all(ready.join("x")).expect("a folder");
        assert_eq!(place.take_back(), Withdrawal::Missing);
        place.lay();
        assert_eq!(place.take_back(), Withdrawal::Withdrawn);
    }

    /// Who may write everywhere, as root does, is not kept from it anyway.
    #[test]
    fn a_folder_that_is_read_only_is_made_writable() {
        for mode in [0o500, 0o000] {
            let place = Place::new();
            place.lay();
            let lock = || fs::set_permissions(place.folder(), Permissions::from_mode(mode));
            lock().expect("read-only");
            assert_eq!(place.take_back(), Withdrawal::Withdrawn, "{mode:o}");
            lock().expect("read-only");
            place.lay();
            place.take();
            lock().expect("read-only");
            lay(&place.folder(), place.one, "text", None).expect("left as it is");
            assert!(!place.folder().join(place.one.ready()).exists(), "{mode:o}");
            lock().expect("read-only");
            assert_eq!(place.take_back(), Withdrawal::Taken, "{mode:o}");
        }
    }

    #[test]
    fn where_nothing_can_be_made_it_is_said() {
        let place = Place::new();
        fs::write(place.root.path().join("agent"), "a file").expect("a file");
        let error = lay(&place.folder(), place.one, "text", None).expect_err("no folder");
        assert!(matches!(error, OfferError::Folder { .. }), "{error}");
        assert_eq!(place.take_back(), Withdrawal::Missing);
    }
}
