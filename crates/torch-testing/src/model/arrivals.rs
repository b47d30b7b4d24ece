//! Which of the users' texts really arrived, and how often, however often a program sent its conversation.

use super::request::ModelRequest;

/// The users' texts of the main requests, in order, each as often as it was said. A request carries the whole
/// conversation again: what an earlier one had at its beginning is no news, whether that one was answered, failed or
/// was given up. A conversation that begins anew (`/clear`, a compaction) counts anew.
pub fn arrived(requests: &[ModelRequest]) -> Vec<String> {
    let main: Vec<&ModelRequest> = requests.iter().filter(|it| it.is_main()).collect();
    let mut texts = Vec::new();
    for (index, request) in main.iter().enumerate() {
        let known = main[..index]
            .iter()
            .map(|earlier| common(&earlier.all_user, &request.all_user))
            .max();
        texts.extend_from_slice(&request.all_user[known.unwrap_or(0)..]);
    }
    texts
}

/// How many texts two conversations share at their beginning. aider adds its instructions to the newest text only.
fn common(earlier: &[String], later: &[String]) -> usize {
    let same = |(earlier, later): &(&String, &String)| {
        earlier == later
            || (!later.is_empty() && earlier.starts_with(later.as_str()))
            || (!earlier.is_empty() && later.starts_with(earlier.as_str()))
    };
    earlier.iter().zip(later).take_while(same).count()
}

#[cfg(test)]
mod tests {
    use torch_core::Timestamp;

    use super::*;
    use crate::model::request::{Api, Outcome, Role};

    fn request(role: Role, texts: &[&str]) -> ModelRequest {
        ModelRequest {
            n: 1,
            at: Timestamp(0),
            api: Api::Messages,
            path: String::new(),
            role,
            model: String::new(),
            user: Vec::new(),
            tool_results: Vec::new(),
            injected: Vec::new(),
            all_user: texts.iter().map(|&text| text.to_owned()).collect(),
            answers: 0,
            system: String::new(),
            tools: Vec::new(),
            streamed: true,
            retry: 0,
            bytes: 0,
            scenario: None,
            outcome: Outcome::Open,
        }
    }

    #[test]
    fn a_text_counts_once_however_often_it_is_sent() {
        let check = |conversations: &[&[&str]], expected: &[&str]| {
            let requests = conversations.iter();
            let requests: Vec<_> = requests.map(|texts| request(Role::Main, texts)).collect();
            assert_eq!(arrived(&requests), expected, "{conversations:?}");
        };
        check(&[&["a"]], &["a"]);
        // A retry, a tool's result, the next turn.
        check(&[&["a"], &["a"], &["a"], &["a", "b"]], &["a", "b"]);
        // Interrupted, and then something else; the same said twice.
        check(&[&["a"], &["a", "b"], &["a", "b", "b"]], &["a", "b", "b"]);
        // Another conversation in between, and one that begins anew.
        check(
            &[&["a"], &["sub"], &["a", "b"], &["c"]],
            &["a", "sub", "b", "c"],
        );
        // Instructions that only the newest text has.
        check(
            &[&["a\n\nrules"], &["a", "b\n\nrules"]],
            &["a\n\nrules", "b\n\nrules"],
        );
    }

    #[test]
    fn side_calls_bring_no_texts() {
        let requests = [request(Role::Side, &["a title, please"])];
        assert_eq!(arrived(&requests), [""; 0]);
    }
}
