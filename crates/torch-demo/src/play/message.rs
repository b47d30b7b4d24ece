//! A prompt as a message: `[torch m-7k3f9q2a #17 from=pm to=developer try=1] body [/m-7k3f9q2a]`.

use std::path::PathBuf;

/// A prompt, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The message's id with its `m-`; `None` for a prompt that torch did not write.
    pub id: Option<String>,
    /// Who it is from.
    pub from: Option<String>,
    /// Which try it is.
    pub attempt: u32,
    /// What is between the tags, or the whole prompt.
    pub body: String,
    /// What stands for the id where there is none: unique in this conversation.
    pub local: String,
}

impl Message {
    /// Reads a prompt. A tag counts only at the very beginning and only with its closing tag at the very end.
    pub(crate) fn parse(prompt: &str, local: &str) -> Self {
        tagged(prompt.trim()).unwrap_or_else(|| Self {
            body: prompt.trim().to_owned(),
            attempt: 1,
            local: local.to_owned(),
            ..Self::default()
        })
    }

    /// The file that holds the body, where this message only points to it: `Read the file .torch/inbox/… in …`.
    pub(crate) fn body_file(&self) -> Option<PathBuf> {
        self.id.as_ref()?;
        let path = first_word(self.body.strip_prefix("Read the file ")?);
        path.contains(".torch/inbox/").then(|| PathBuf::from(path))
    }
}

fn tagged(prompt: &str) -> Option<Message> {
    let (head, rest) = prompt.strip_prefix("[torch ")?.split_once(']')?;
    let mut words = head.split_whitespace();
    let id = words.next().filter(|id| id.starts_with("m-"))?.to_owned();
    let body = rest.trim_end().strip_suffix(&format!("[/{id}]"))?;
    let mut message = Message {
        body: body.trim().to_owned(),
        attempt: 1,
        id: Some(id),
        ..Message::default()
    };
    for word in words {
        match word.split_once('=') {
            Some(("from", from)) => message.from = Some(from.to_owned()),
            Some(("try", attempt)) => message.attempt = attempt.parse().unwrap_or(1),
            _ => {}
        }
    }
    Some(message)
}

/// The value of a line `name: value` in a body.
pub(crate) fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.lines().find_map(|line| {
        let value = line.trim().strip_prefix(name)?.strip_prefix(':')?;
        Some(value.trim()).filter(|value| !value.is_empty())
    })
}

/// The branch that a text begins with, or the directory, whose name may have blanks; a count in brackets may follow.
pub(crate) fn place(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or("");
    match line.starts_with('/') {
        true => line
            .rsplit_once(" (")
            .map_or(line, |(path, _)| path)
            .trim_end(),
        false => first_word(line),
    }
}

/// The first word of a text, or the empty text.
pub(crate) fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tagged_prompt_is_read() {
        let message = Message::parse(
            "[torch m-7k3f9q2a #17 from=project_manager to=developer try=2] TASK 1: a [b] c [/m-7k3f9q2a]",
            "p1",
        );
        assert_eq!(message.id.as_deref(), Some("m-7k3f9q2a"));
        assert_eq!(message.from.as_deref(), Some("project_manager"));
        assert_eq!(message.attempt, 2);
        assert_eq!(message.body, "TASK 1: a [b] c");
    }

    #[test]
    fn anything_else_is_plain_text() {
        for prompt in [
            "hello",
            "x [torch m-7k3f9q2a #1 from=a to=b try=1] body [/m-7k3f9q2a]",
            "[torch m-7k3f9q2a #1 from=a to=b try=1] cut",
            "[torch m-7k3f9q2a #1 from=a to=b try=1] body [/m-00000000]",
        ] {
            let message = Message::parse(prompt, "p1");
            assert_eq!(message.id, None, "{prompt}");
            assert_eq!(message.body, prompt);
        }
    }

    #[test]
    fn a_pointer_names_its_file() {
        let with = |body: &str| Message {
            id: Some("m-1".to_owned()),
            body: body.to_owned(),
            ..Message::default()
        };
        let pointer = "Read the file .torch/inbox/m-1.md in your worktree, then act on it: … It begins: BRIEFING…";
        assert_eq!(
            with(pointer).body_file(),
            Some(".torch/inbox/m-1.md".into())
        );
        for body in ["see .torch/inbox/m-1.md", "Read the file /etc/hosts"] {
            assert_eq!(with(body).body_file(), None);
        }
        assert_eq!(field("DONE 1\nbranch: a/b ", "branch"), Some("a/b"));
    }
}
