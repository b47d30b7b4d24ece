//! What the journal says of an agent.

use torch_core::Timestamp;
use torch_store::JournalRow;
use torch_store::Store;

use crate::World;

impl World {
    /// The journal's entries about a subject (the whole id), oldest first, read beside the daemon.
    #[track_caller]
    pub fn journal(&self, subject: &str) -> Vec<JournalRow> {
        let store = Store::open_read_only(&self.home().join("torch.db")).expect("a database");
        store.trace(subject).expect("the journal")
    }

    /// The entries of one kind about an agent, oldest first.
    #[track_caller]
    pub fn journal_of(&self, role: &str, kind: &str) -> Vec<JournalRow> {
        let folder = self.run_folder(role);
        let agent = folder.file_name().expect("a name").to_string_lossy();
        let mut rows = self.journal(&agent);
        rows.retain(|row| row.kind == kind);
        rows
    }

    /// How many messages the journal says were judged by the rules of communication, on all days.
    #[track_caller]
    pub fn judged(&self) -> usize {
        let store = Store::open_read_only(&self.home().join("torch.db")).expect("a database");
        let rows = store.judgements(Timestamp(0), Timestamp(i64::MAX.unsigned_abs()));
        let rows = rows.expect("the journal").into_iter();
        rows.filter(|row| row.data.get("judged").is_some()).count()
    }
}
