//! What a probe found: door by door, with the evidence.

use serde::Serialize;
use torch_api::QuestionView;
use torch_core::program::{AgentProgram, Trusts};
use torch_core::screen::DialogKind;
use torch_process::quote;

use super::Subject;
use super::folder::Folder;
use crate::error::CommandError;

/// Whether a door works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It does: something came through it.
    Works,
    /// It does not.
    Fails,
    /// It was not tried, or can't be told.
    Untried,
}

/// One door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) door: &'static str,
    /// Whether it works.
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) evidence: String,
}

impl Finding {
    pub(super) fn works(door: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(door, Verdict::Works, evidence)
    }

    pub(super) fn fails(door: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(door, Verdict::Fails, evidence)
    }

    pub(super) fn untried(door: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(door, Verdict::Untried, evidence)
    }

    fn new(door: &'static str, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self {
            door,
            verdict,
            evidence: evidence.into(),
        }
    }
}

/// Everything that was found of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// The program.
    pub(crate) program: String,
    /// Its version, if it says one.
    pub(crate) version: Option<String>,
    /// The doors.
    pub(crate) doors: Vec<Finding>,
    /// What a team needs and does not have, in words.
    pub(crate) missing: Vec<String>,
    /// What to run.
    pub(crate) hints: Vec<String>,
}

impl Report {
    pub(super) fn new(program: &str, version: Option<String>) -> Self {
        Self {
            program: program.to_owned(),
            version,
            doors: Vec::new(),
            missing: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// The probe itself did not get through.
    pub(super) fn broken(subject: &Subject, error: &CommandError) -> Self {
        let mut report = Self::new(&subject.program.name, subject.version.clone());
        let mut words = vec![error.message.clone()];
        words.extend(error.causes.clone());
        report.push(Finding::fails("start", words.join(": ")));
        report.missing.push("it could not be probed".to_owned());
        report.hints.clone_from(&error.hints);
        report
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.doors.push(finding);
    }

    /// Whether nothing is missing that a team needs.
    pub(super) fn is_well(&self) -> bool {
        self.missing.is_empty()
    }

    /// How a door came out; `None`: it was not looked at.
    pub(super) fn verdict(&self, door: &str) -> Option<Verdict> {
        let found = self.doors.iter().find(|finding| finding.door == door);
        found.map(|finding| finding.verdict)
    }

    /// The program did not come up: because of this, or with a dialog that only a person answers.
    pub(super) fn not_up(
        &mut self,
        program: &AgentProgram,
        why: String,
        dialog: &Option<QuestionView>,
        folder: &Folder,
    ) {
        self.doors.retain(|finding| finding.door != "start");
        let Some(dialog) = dialog else {
            self.push(Finding::fails("start", why));
            self.missing.push("it does not start".to_owned());
            if let Some(install) = &program.install {
                self.hints.push(install.command.clone());
            }
            return;
        };
        let text = dialog.dialog.as_deref().unwrap_or(&dialog.text);
        let text: Vec<&str> = text.split_whitespace().collect();
        let rows = dialog.rows.join(" | ");
        let kind = dialog.kind.as_str();
        let evidence = format!(
            "a {kind} dialog stands in the way, nothing was answered: {} [{rows}]",
            text.join(" ")
        );
        self.push(Finding::fails("start", evidence));
        self.missing
            .push("it does not come to its prompt by itself".to_owned());
        let command = program.install.as_ref().map_or("torch", |it| &it.command);
        self.hints.push(match dialog.kind {
            // The same folders are used by the next probe.
            DialogKind::Trust => {
                let trusted = match program.doors.trusts {
                    Trusts::Folder => folder.root(),
                    Trusts::Repository => folder.kept_project(),
                };
                let trusted = quote::shell(trusted);
                format!("cd {trusted} && {command}    # trust it once, then leave")
            }
            _ => format!("{command}    # answer it once, then leave"),
        });
        self.hints
            .push(format!("torch doctor --probe {}", self.program));
    }
}
