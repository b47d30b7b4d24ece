//! What the demo agents really received: their ledgers, and their transcripts.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::World;

/// One line of a ledger, which is on disk before the agent reacts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// When, in Unix milliseconds.
    pub at: u64,
    /// `prompt`, `approved`, `refused`, `interrupted` or `draft_changed`.
    pub kind: String,
    /// The text of a prompt, an interrupted turn or a changed draft.
    #[serde(default)]
    pub text: String,
    /// How long an approved dialog of the background had been open, in milliseconds.
    #[serde(default)]
    pub open_ms: Option<u64>,
    /// The message's id in a prompt, `m-7k3f9q2a`.
    #[serde(default)]
    pub tag: Option<String>,
    /// Whether a hook handed a prompt into a running turn.
    #[serde(default)]
    pub handed_over: bool,
}

impl Entry {
    /// The text between the opening and the closing tag of a prompt that is exactly one message.
    pub fn body(&self) -> Option<&str> {
        let id = self.tag.as_deref()?;
        let rest = self.text.strip_prefix(&format!("[torch {id} "))?;
        let (_, body) = rest.split_once("] ")?;
        body.strip_suffix(&format!(" [/{id}]"))
    }

    /// A field of the opening tag: `from`, `to` or `try`.
    pub fn field(&self, name: &str) -> Option<&str> {
        let (opening, _) = self.text.split_once(']')?;
        let word = opening
            .split(' ')
            .find(|word| word.split('=').next() == Some(name))?;
        word.split_once('=').map(|(_, value)| value)
    }
}

impl World {
    /// All that an agent received, through all its launches, oldest first.
    #[track_caller]
    pub fn ledger(&self, role: &str) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.lines(role, ".ledger.jsonl");
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    /// The prompts of a ledger that are messages of people and agents: no briefings and notices of torch.
    #[track_caller]
    pub fn prompts(&self, role: &str) -> Vec<Entry> {
        let mut entries = self.ledger(role);
        entries.retain(|entry| entry.kind == "prompt" && entry.field("from") != Some("torch"));
        entries
    }

    /// The bodies of [`World::prompts`], or the whole text where a prompt is not exactly one message.
    #[track_caller]
    pub fn received(&self, role: &str) -> Vec<String> {
        let prompts = self.prompts(role);
        let body = |entry: &Entry| entry.body().unwrap_or(&entry.text).to_owned();
        prompts.iter().map(body).collect()
    }

    /// How many ledger lines of an agent are of this kind.
    #[track_caller]
    pub fn count(&self, role: &str, kind: &str) -> usize {
        self.ledger(role)
            .iter()
            .filter(|entry| entry.kind == kind)
            .count()
    }

    /// The records of an agent's transcripts, through all its launches.
    #[track_caller]
    pub fn transcript(&self, role: &str) -> Vec<Value> {
        self.lines(role, ".jsonl")
    }

    /// The folder that holds an agent's hooks, spool, ledgers and transcripts.
    #[track_caller]
    pub fn run_folder(&self, role: &str) -> PathBuf {
        let all = self.home().join("run/agents");
        let folders = fs::read_dir(&all).into_iter().flatten().flatten();
        let is_role = |folder: &PathBuf| {
            let launch = fs::read_to_string(folder.join("launch.json")).unwrap_or_default();
            let launch: Value = serde_json::from_str(&launch).unwrap_or_default();
            launch["role"] == role
        };
        let found = folders.map(|entry| entry.path()).find(is_role);
        found.unwrap_or_else(|| {
            panic!(
                "{} has no folder for {role}\n{}",
                all.display(),
                self.picture()
            )
        })
    }

    fn lines<T: serde::de::DeserializeOwned>(&self, role: &str, ending: &str) -> Vec<T> {
        let folder = self.run_folder(role);
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("the agent's folder")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_of(path, ending))
            .collect();
        files.sort_by_key(|path| path.metadata().and_then(|meta| meta.modified()).ok());
        let text: String = files
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect();
        // The last line may still be under way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}

/// Whether a file is `demo-SESSION` with exactly this ending (a transcript's is that of a ledger as well).
fn is_of(path: &Path, ending: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix("demo-")
        .and_then(|rest| rest.strip_suffix(ending))
        .is_some_and(|session| !session.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_taken_apart() {
        let mut entry = Entry {
            at: 1,
            kind: "prompt".to_owned(),
            text: "[torch m-abc #3 from=human to=tester try=2] a [b] c [/m-abc]".to_owned(),
            open_ms: None,
            tag: Some("m-abc".to_owned()),
            handed_over: false,
        };
        assert_eq!(entry.body(), Some("a [b] c"));
        assert_eq!(
            (entry.field("from"), entry.field("try")),
            (Some("human"), Some("2"))
        );
        entry.text.push('x');
        assert_eq!(entry.body(), None, "more than one message");
    }

    #[test]
    fn ledgers_are_no_transcripts() {
        assert!(is_of(Path::new("/r/demo-a-b.jsonl"), ".jsonl"));
        assert!(!is_of(Path::new("/r/demo-a-b.ledger.jsonl"), ".jsonl"));
        assert!(is_of(
            Path::new("/r/demo-a-b.ledger.jsonl"),
            ".ledger.jsonl"
        ));
    }
}
