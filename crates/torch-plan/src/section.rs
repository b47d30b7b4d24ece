//! What a heading announces: work, things to deliver, criteria, or what is no task.

/// What the items under a heading are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Nothing says so: its items are tasks.
    Plain,
    /// Work to be done.
    Work,
    /// Things that must be there at the end.
    Deliverables,
    /// When the whole, or the task or phase above, is done.
    Criteria,
    /// What everybody keeps to: its items are no tasks.
    Constraints,
    /// What is not to be done.
    NonGoals,
    /// When what is to be there: its items are phases.
    Timeline,
    /// Background: its items are no tasks.
    Aside,
}

impl Section {
    /// Whether what stands below is no task, whatever it looks like.
    pub(crate) fn has_no_tasks(self) -> bool {
        matches!(
            self,
            Self::Criteria | Self::Constraints | Self::NonGoals | Self::Aside
        )
    }
}

/// Headings by what they announce, in lower case.
const WORK: &[&str] = &[
    "requirements",
    "functional requirements",
    "non-functional requirements",
    "requirement",
    "features",
    "user stories",
    "stories",
    "tasks",
    "task list",
    "todo",
    "to do",
    "todos",
    "work items",
    "what to build",
    "implementation",
    "implementation plan",
    "backlog",
    "work",
    "steps",
    "must have",
    "should have",
    "could have",
    "functionality",
    "use cases",
    "anforderungen",
    "funktionale anforderungen",
    "aufgaben",
    "funktionen",
    "umfang",
    "arbeitspakete",
    "exigences",
    "fonctionnalités",
    "tâches",
    "requisitos",
    "funcionalidades",
    "tareas",
    "requisiti",
    "attività",
];
const DELIVERABLES: &[&str] = &[
    "deliverables",
    "deliverable",
    "outputs",
    "results",
    "artifacts",
    "artefacts",
    "what is delivered",
    "lieferungen",
    "lieferumfang",
    "liefergegenstände",
    "ergebnisse",
    "livrables",
    "entregables",
    "consegne",
];
const CRITERIA: &[&str] = &[
    "acceptance criteria",
    "acceptance",
    "acceptance tests",
    "success criteria",
    "success metrics",
    "criteria",
    "definition of done",
    "done when",
    "done criteria",
    "exit criteria",
    "quality gates",
    "akzeptanzkriterien",
    "abnahmekriterien",
    "abnahme",
    "erfolgskriterien",
    "fertig wenn",
    "critères d'acceptation",
    "criterios de aceptación",
    "criteri di accettazione",
];
const CONSTRAINTS: &[&str] = &[
    "constraints",
    "constraint",
    "technical constraints",
    "limitations",
    "restrictions",
    "ground rules",
    "coding standards",
    "coding guidelines",
    "code style",
    "conventions",
    "testing strategy",
    "test strategy",
    "randbedingungen",
    "rahmenbedingungen",
    "einschränkungen",
    "vorgaben",
    "contraintes",
    "restricciones",
    "vincoli",
];
const NON_GOALS: &[&str] = &[
    "non-goals",
    "non goals",
    "nongoals",
    "out of scope",
    "not in scope",
    "won't have",
    "wont have",
    "nicht-ziele",
    "nichtziele",
    "nicht im umfang",
    "hors périmètre",
    "fuera de alcance",
];
const TIMELINE: &[&str] = &[
    "timeline",
    "time line",
    "schedule",
    "calendar",
    "zeitplan",
    "terminplan",
    "calendrier",
    "cronograma",
    "calendario",
];
const ASIDE: &[&str] = &[
    "background",
    "context",
    "overview",
    "introduction",
    "summary",
    "motivation",
    "notes",
    "note",
    "references",
    "links",
    "further reading",
    "glossary",
    "assumptions",
    "risks",
    "tech stack",
    "technology",
    "technologies",
    "stack",
    "open questions",
    "questions",
    "history",
    "changelog",
    "contacts",
    "team",
    "stakeholders",
    "appendix",
    "examples",
    "example",
    "table of contents",
    "contents",
    "faq",
    "hintergrund",
    "kontext",
    "überblick",
    "einleitung",
    "annahmen",
    "risiken",
    "offene fragen",
    "hinweise",
    "contexte",
    "contexto",
    "glossar",
    "inhaltsverzeichnis",
];

/// What a heading or a label announces.
pub(crate) fn section(title: &str) -> Section {
    let name = bare(title);
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(WORK) {
        return Section::Work;
    }
    if is(DELIVERABLES) {
        return Section::Deliverables;
    }
    if is(CRITERIA) {
        return Section::Criteria;
    }
    if is(CONSTRAINTS) {
        return Section::Constraints;
    }
    if is(NON_GOALS) {
        return Section::NonGoals;
    }
    if is(TIMELINE) {
        return Section::Timeline;
    }
    if is(ASIDE) {
        return Section::Aside;
    }
    // "Acceptance criteria for the parser", "Out of scope (for now)".
    let starts = |names: &[&str]| {
        names
            .iter()
            .filter(|it| it.contains([' ', '-']) || it.len() > 9)
            .any(|it| {
                name.strip_prefix(it)
                    .is_some_and(|rest| rest.starts_with(' '))
            })
    };
    if starts(CRITERIA) {
        Section::Criteria
    } else if starts(NON_GOALS) {
        Section::NonGoals
    } else if starts(CONSTRAINTS) {
        Section::Constraints
    } else if starts(ASIDE) {
        Section::Aside
    } else if starts(DELIVERABLES) {
        Section::Deliverables
    } else if starts(WORK) {
        Section::Work
    } else {
        Section::Plain
    }
}

/// A title in lower case without its number, its emojis, its colon and what stands in brackets behind it.
pub(crate) fn bare(title: &str) -> String {
    let lower = title.to_lowercase();
    let text = lower.trim_start_matches(|c: char| !c.is_alphabetic());
    let text = text.split_once('(').map_or(text, |(before, _)| before);
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
