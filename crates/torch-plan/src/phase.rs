//! Titles that name a part of the work by number or letter: "Phase 2: Storage", "Milestone A".

/// The words that a phase's title begins with.
const WORDS: &[&str] = &[
    "phase",
    "milestone",
    "stage",
    "sprint",
    "iteration",
    "step",
    "part",
    "wave",
    "epic",
    "week",
    "month",
    "quarter",
    "woche",
    "monat",
    "quartal",
    "meilenstein",
    "etappe",
    "abschnitt",
    "schritt",
    "teil",
    "étape",
    "etape",
    "fase",
    "etapa",
    "hito",
];

/// A phase's title, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The first word in lower case: `phase`.
    pub(crate) word: String,
    /// Its number or letter in lower case: `2`, `a`.
    pub(crate) mark: String,
    /// Whether something follows that can be a name of its own.
    pub(crate) has_name: bool,
}

/// The phase that a title names.
pub(crate) fn named(title: &str) -> Option<Named> {
    let mut words = title.split_whitespace();
    let word = words.next()?.to_lowercase();
    if !is_word(&word) {
        return None;
    }
    let second = words.next()?;
    let mark = second.trim_end_matches([':', '.', ')', ',', '-', '–', '—']);
    let mark = mark.trim_start_matches(['#', '(']).to_lowercase();
    let separated = second.len() > mark.len();
    let third = words.next();
    let dashed = third.is_some_and(|word| matches!(word, "-" | "–" | "—" | ":" | "|"));
    let number = !mark.is_empty() && mark.len() <= 3 && mark.chars().all(|c| c.is_ascii_digit());
    let roman = !mark.is_empty() && mark.len() <= 4 && mark.chars().all(|c| "ivx".contains(c));
    let letter = mark.chars().count() == 1 && mark.chars().all(char::is_alphabetic);
    // "Step a function" is no phase; "Step A: …" is one.
    let fits = number || ((roman || letter) && (separated || dashed || third.is_none()));
    fits.then_some(Named {
        word,
        mark,
        has_name: third.is_some(),
    })
}

/// Whether a phase's word names a part of the time, and not of the work.
pub(crate) fn is_time(word: &str) -> bool {
    matches!(
        word,
        "week" | "month" | "quarter" | "woche" | "monat" | "quartal"
    )
}

/// Whether a word in lower case can begin a phase's title.
pub(crate) fn is_word(word: &str) -> bool {
    WORDS.contains(&word)
}
