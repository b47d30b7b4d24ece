//! The folder of a launch in which answers lie ready for the program's plugin. A file is written whole and renamed into place; the
//! plugin takes it by renaming it and torch by removing it, so that one of the two has it.

use std::fs;
use std::path::Path;

use torch_core::question::{answers_folder, ready_answer};

use super::execute::{replace, send};
use super::{Host, Input};
use crate::event::{
    AnswerFile, AnswerFileDone, AnswerFileOrder, AnswerFileOutcome, Event, OfferError,
};

impl Host {
    /// Lays an answer ready, or takes it back.
    pub(crate) fn answer_file(&self, order: AnswerFile) {
        let folder = self
            .agent_dir(order.agent)
            .join(answers_folder(order.launch));
        let outcome = match &order.order {
            AnswerFileOrder::Lay(text) => {
                let outcome = match lay(&folder, &order.question, text) {
                    Ok(()) => AnswerFileOutcome::Laid,
                    Err(error) => AnswerFileOutcome::NotLaid(error),
                };
                crate::crash::did("answer");
                outcome
            }
            AnswerFileOrder::Withdraw => take_back(&folder, &order.question),
        };
        let done = AnswerFileDone {
            agent: order.agent,
            question: order.question,
            outcome,
        };
        send(&self.inputs, Input::Event(Event::AnswerFile(done)));
    }
}

/// The newest word counts: one that lies there still is replaced.
fn lay(folder: &Path, question: &str, text: &str) -> Result<(), OfferError> {
    fs::create_dir_all(folder).map_err(|error| OfferError::Folder {
        folder: folder.to_owned(),
        cause: error.to_string(),
    })?;
    let ready = folder.join(ready_answer(question));
    replace(&ready, text.as_bytes()).map_err(|error| OfferError::File {
        file: ready,
        cause: error.to_string(),
    })
}

/// What can't be told from a taken one counts as taken: keys are pressed only after a look at the dialog anyway.
fn take_back(folder: &Path, question: &str) -> AnswerFileOutcome {
    match fs::remove_file(folder.join(ready_answer(question))) {
        Ok(()) => AnswerFileOutcome::Withdrawn,
        Err(_) => AnswerFileOutcome::Taken,
    }
}

#[cfg(test)]
mod tests {
    use torch_core::question::taken_answer;

    use super::*;

    const ID: &str = "q-7k3f9q";

    #[test]
    fn the_newest_word_lies_ready_and_one_side_has_it() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("answers");
        lay(&folder, ID, "approve").expect("laid");
        lay(&folder, ID, "deny").expect("laid");
        let ready = folder.join(ready_answer(ID));
        assert_eq!(fs::read_to_string(&ready).expect("a file"), "deny");
        assert_eq!(take_back(&folder, ID), AnswerFileOutcome::Withdrawn);
        assert!(!ready.exists());
        lay(&folder, ID, "approve").expect("laid");
        fs::rename(&ready, folder.join(taken_answer(ID))).expect("as the plugin does");
        assert_eq!(take_back(&folder, ID), AnswerFileOutcome::Taken);
        // Answered once more, it lies there again.
        lay(&folder, ID, "deny").expect("laid");
        assert_eq!(take_back(&folder, ID), AnswerFileOutcome::Withdrawn);
    }

    #[test]
    fn where_nothing_can_be_written_it_is_said() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("answers");
        fs::write(&folder, "a file").expect("a file");
        let error = lay(&folder, ID, "approve").expect_err("no folder");
        assert!(matches!(error, OfferError::Folder { .. }), "{error}");
        assert_eq!(take_back(&folder, ID), AnswerFileOutcome::Taken);
    }
}
