//! Tests of the arguments and of the exit codes.

use clap::Parser as _;

use super::*;
use crate::cli::Scm;
use crate::render::tests::a_message;

fn parsed(args: &[&str]) -> Result<SendArgs, clap::Error> {
    let args = std::iter::once(&"scm").chain(args);
    Scm::try_parse_from(args).map(|scm| scm.send)
}

#[test]
fn a_message_may_begin_with_a_dash() {
    for args in [
        ["dev", "-x"].as_slice(),
        &["dev", "-xyz"],
        &["dev", "--", "-x"],
        &["dev", "--looks like an option"],
        &["dev", "- a list item"],
        &["dev", "--- a diff"],
        &["dev", "--", "--wait"],
        &["--wait", "dev", "-x"],
        &["dev", "-x", "--wait"],
    ] {
        let parsed = parsed(args).expect("parses");
        assert_eq!(parsed.target, "dev", "{args:?}");
        assert!(
            parsed.message.is_some_and(|text| text.starts_with('-')),
            "{args:?}"
        );
    }
}

#[test]
fn wait_has_a_default_and_does_not_eat_the_target() {
    let args = parsed(&["--wait", "dev", "hi"]).expect("parses");
    assert_eq!(
        (args.wait, args.target.as_str()),
        (Some(DeliveryState::Consumed), "dev")
    );
    let args = parsed(&["dev", "hi", "--wait=acked", "--timeout", "5"]).expect("parses");
    assert_eq!((args.wait, args.timeout), (Some(DeliveryState::Acked), 5));
    assert!(parsed(&["dev", "hi", "--wait=pasted"]).is_err());
    assert_eq!(parsed(&["dev", "hi"]).expect("parses").wait, None);
    assert_eq!(
        parsed(&["dev", "hi", "--reply"]).expect("parses").reply,
        Some(50)
    );
}

#[test]
fn one_source_of_the_message_only() {
    assert!(parsed(&["dev", "--stdin"]).expect("parses").stdin);
    assert!(parsed(&["dev", "hi", "--stdin"]).is_err());
    assert!(parsed(&["dev", "--file", "x", "--stdin"]).is_err());
    assert!(parsed(&["dev", "two", "words"]).is_err());
}

fn exit_of(message: &MessageView, reached: bool, wait: Option<DeliveryState>) -> u8 {
    verdict(message, reached, wait, 60).map_or_else(|error| error.kind.exit_code(), |()| exit::OK)
}

#[test]
fn the_exit_code_is_the_truth() {
    let mut message = a_message();
    let consumed = Some(DeliveryState::Consumed);
    message.state = DeliveryState::Queued;
    assert_eq!(exit_of(&message, true, None), exit::OK);
    assert_eq!(exit_of(&message, false, consumed), exit::TIMEOUT);
    message.state = DeliveryState::Consumed;
    assert_eq!(exit_of(&message, true, consumed), exit::OK);
    assert_eq!(
        exit_of(&message, false, Some(DeliveryState::Acked)),
        exit::TIMEOUT
    );
    message.state = DeliveryState::Expired;
    assert_eq!(exit_of(&message, false, consumed), exit::FAILURE);
    message.state = DeliveryState::Refused;
    assert_eq!(exit_of(&message, true, None), exit::REFUSED);
}
