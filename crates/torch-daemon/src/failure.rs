//! Failures as clients get them: what was tried, why it failed, what to run.

use torch_api::Failure;
use torch_api::wire::FailureKind;

fn failure(kind: FailureKind, error: &str, cause: &str, hint: Option<&str>) -> Failure {
    let causes = if cause.is_empty() {
        Vec::new()
    } else {
        vec![cause.to_owned()]
    };
    Failure {
        kind,
        error: error.to_owned(),
        causes,
        hint: hint.map(str::to_owned),
    }
}

/// Bad arguments, or no such target.
pub(crate) fn usage(error: &str, cause: &str, hint: Option<&str>) -> Failure {
    failure(FailureKind::Usage, error, cause, hint)
}

/// Against the policy; `cause` names the rule.
pub(crate) fn refused(error: &str, cause: &str, hint: Option<&str>) -> Failure {
    failure(FailureKind::Refused, error, cause, hint)
}

/// Anything else.
pub(crate) fn other(error: &str, cause: &str, hint: Option<&str>) -> Failure {
    failure(FailureKind::Other, error, cause, hint)
}

/// Not reached in time.
pub(crate) fn timeout(error: &str, hint: &str) -> Failure {
    failure(FailureKind::Timeout, error, "", Some(hint))
}

/// A message that settled without beginning a turn.
pub(crate) fn no_turn(id: &str, state: torch_core::DeliveryState) -> Failure {
    other(
        &format!("{id} began no turn"),
        &format!("it is {state}"),
        Some(&format!("torch msg trace {id}")),
    )
}

/// An error with its sources, outermost first.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(error) = source {
        causes.push(error.to_string());
        source = error.source();
    }
    causes
}

/// A failure from a typed error and its hint.
pub(crate) fn from_error(
    kind: FailureKind,
    error: &dyn std::error::Error,
    hint: Option<String>,
) -> Failure {
    Failure {
        kind,
        error: error.to_string(),
        causes: causes(error),
        hint,
    }
}
