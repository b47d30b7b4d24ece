//! torch's messages in the texts that a model is given.

/// One message of torch, taken from the text around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// `m-7k3f9q2a`.
    pub id: String,
    /// Its number on this pair.
    pub pair_seq: u64,
    /// The sender's label.
    pub from: String,
    /// The recipient's label.
    pub to: String,
    /// Which try.
    pub attempt: u32,
    /// What stands between the tags.
    pub body: String,
}

/// The messages in `text` that stand there whole, in order.
pub fn tagged(text: &str) -> Vec<Tagged> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("[torch m-") {
        rest = &rest[at + "[torch ".len()..];
        if let Some((message, after)) = message(rest) {
            found.push(message);
            rest = after;
        }
    }
    found
}

/// The message whose tag `text` begins behind, and what follows it.
fn message(text: &str) -> Option<(Tagged, &str)> {
    let (tag, rest) = text.split_once("] ")?;
    let mut words = tag.split(' ');
    let id = words.next()?.to_owned();
    let pair_seq = words.next()?.strip_prefix('#')?.parse().ok()?;
    let mut field = |name: &str| {
        Some(
            words
                .next()?
                .strip_prefix(name)?
                .strip_prefix('=')?
                .to_owned(),
        )
    };
    let (from, to, attempt) = (field("from")?, field("to")?, field("try")?.parse().ok()?);
    let (body, after) = rest.split_once(&format!(" [/{id}]"))?;
    let body = body.to_owned();
    Some((
        Tagged {
            id,
            pair_seq,
            from,
            to,
            attempt,
            body,
        },
        after,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_whatever_stands_around_them() {
        let text = "x [torch m-a #1 from=pm to=dev try=1] one\ntwo \\ [/m-a]\n<y>\n\
                    [torch m-b #2 from=torch to=dev try=2] [torch m-c] cut [/m-b]";
        let found = tagged(text);
        let bodies: Vec<&str> = found.iter().map(|it| it.body.as_str()).collect();
        assert_eq!(bodies, ["one\ntwo \\", "[torch m-c] cut"]);
        assert_eq!((found[0].pair_seq, found[1].attempt), (1, 2));
        assert_eq!(
            (found[0].from.as_str(), found[0].to.as_str()),
            ("pm", "dev")
        );
    }

    #[test]
    fn a_message_that_was_cut_is_none() {
        assert_eq!(tagged("[torch m-a #1 from=pm to=dev try=1] half"), []);
    }
}
