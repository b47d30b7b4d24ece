//! Which of two rules asks for more: whether whoever keeps the one keeps the other, too.

use torch_core::project_rules::{DayMinute, RuleKind, Who};

/// Whether a rule opens what would be closed without it, where all others close.
pub(super) fn opens(ask: &RuleKind) -> bool {
    matches!(ask, RuleKind::MayWrite { .. })
}

/// Whether `one` asks for all that `other` asks for; for two that open: whether it opens all that the other opens. Rules of
/// different kinds never do, which is the careful answer.
pub(super) fn covers(one: &RuleKind, other: &RuleKind) -> bool {
    use RuleKind as Kind;
    match (one, other) {
        (Kind::MayNotWrite { from, to }, Kind::MayNotWrite { from: f, to: t }) => {
            bars(from, f) && bars(to, t)
        }
        (Kind::MayWrite { from, to }, Kind::MayWrite { from: f, to: t }) => {
            has(from, f) && has(to, t)
        }
        (Kind::WritesOnlyTo { from, to }, Kind::WritesOnlyTo { from: f, to: t }) => {
            bars(from, f) && has(t, to)
        }
        (Kind::HearsOnly { to, from }, Kind::HearsOnly { to: t, from: f })
        | (Kind::ReportsTo { from: to, to: from }, Kind::ReportsTo { from: t, to: f }) => {
            has(to, t) && has(f, from)
        }
        (Kind::CriticalWords { words }, Kind::CriticalWords { words: w }) => within(w, words),
        (
            Kind::Form { from, form },
            Kind::Form {
                from: f,
                form: other,
            },
        ) => form == other && has(from, f),
        (Kind::ForbiddenWords { from, words }, Kind::ForbiddenWords { from: f, words: w }) => {
            has(from, f) && within(w, words)
        }
        (
            Kind::RequiredWords {
                from,
                to,
                words,
                first,
            },
            Kind::RequiredWords {
                from: f,
                to: t,
                words: w,
                first: other,
            },
        ) => first == other && has(from, f) && has(to, t) && within(words, w),
        (
            Kind::BranchNames { from, patterns },
            Kind::BranchNames {
                from: f,
                patterns: p,
            },
        ) => has(from, f) && patterns.iter().all(|pattern| p.contains(pattern)),
        (Kind::NoBroadcast { from }, Kind::NoBroadcast { from: f }) => has(from, f),
        (
            Kind::QuietHours { from, begin, end },
            Kind::QuietHours {
                from: f,
                begin: b,
                end: e,
            },
        ) => has(from, f) && lasts((*begin, *end), (*b, *e)),
        _ => counts(one, other),
    }
}

/// [`covers`] for rules that name a number: the lower one asks for more.
fn counts(one: &RuleKind, other: &RuleKind) -> bool {
    use RuleKind as Kind;
    match (one, other) {
        (Kind::MaxExchanges { count }, Kind::MaxExchanges { count: c }) => count <= c,
        (Kind::BlockedAfter { seconds }, Kind::BlockedAfter { seconds: s }) => seconds <= s,
        (
            Kind::MaxMessages {
                from,
                count,
                seconds,
            },
            Kind::MaxMessages {
                from: f,
                count: c,
                seconds: s,
            },
        ) => has(from, f) && count <= c && seconds >= s,
        (
            Kind::MaxLength { from, characters },
            Kind::MaxLength {
                from: f,
                characters: c,
            },
        ) => has(from, f) && characters <= c,
        (
            Kind::CommitEvery { from, seconds },
            Kind::CommitEvery {
                from: f,
                seconds: s,
            },
        )
        | (
            Kind::PushWithin { from, seconds },
            Kind::PushWithin {
                from: f,
                seconds: s,
            },
        )
        | (
            Kind::AckWithin { from, seconds },
            Kind::AckWithin {
                from: f,
                seconds: s,
            },
        ) => has(from, f) && seconds <= s,
        _ => false,
    }
}

/// Whether two rules give different answers to one question, so that nobody could keep both: a new one of these takes the
/// place of the old one, and does not come on top.
pub(super) fn replaces(one: &RuleKind, other: &RuleKind) -> bool {
    use RuleKind as Kind;
    match (one, other) {
        (Kind::ReportsTo { from, .. }, Kind::ReportsTo { from: f, .. })
        | (Kind::BranchNames { from, .. }, Kind::BranchNames { from: f, .. }) => meet(from, f),
        _ => false,
    }
}

/// Whether `one` means every role that `other` means.
pub(super) fn has(one: &Who, other: &Who) -> bool {
    match (one, other) {
        (Who::Everyone, _) => true,
        (Who::Roles(_), Who::Everyone) => false,
        (Who::Roles(_), Who::Roles(roles)) => roles.iter().all(|role| one.takes(role)),
    }
}

/// The same where a rule forbids: "everyone" does not mean the project manager then, its name does.
fn bars(one: &Who, other: &Who) -> bool {
    let named = match other {
        Who::Everyone => false,
        Who::Roles(roles) => roles.iter().any(torch_core::RoleName::is_sub_hub),
    };
    has(one, other) && !(named && *one == Who::Everyone)
}

/// Whether a role is meant by both.
pub(super) fn meet(one: &Who, other: &Who) -> bool {
    match (one, other) {
        (Who::Everyone, _) | (_, Who::Everyone) => true,
        (Who::Roles(of_one), Who::Roles(of_other)) => {
            of_one.iter().any(|role| other.takes(role))
                || of_other.iter().any(|role| one.takes(role))
        }
    }
}

/// Whether each of `few` is among `many`, in any case.
pub(super) fn within(few: &[String], many: &[String]) -> bool {
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    few.iter()
        .all(|one| many.iter().any(|other| same(one, other)))
}

/// Whether the hours of `one` have those of `other` in them; both may go past midnight.
fn lasts(one: (DayMinute, DayMinute), other: (DayMinute, DayMinute)) -> bool {
    const DAY: u16 = 24 * 60;
    let after = |from: DayMinute, to: DayMinute| (to.minutes() + DAY - from.minutes()) % DAY;
    let late = after(one.0, other.0);
    late + after(other.0, other.1) <= after(one.0, one.1)
}
