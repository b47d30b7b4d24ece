//! One row of a pane listing: the format that asks for it and the reader of the answer.
//!
//! Numbers come first. Every text (names, pane options, which anybody may set to anything) follows with its length
//! before it, so that no separator, newline or format in it can shift a field. Each row begins with a nonce, so that
//! a row that can't be read costs no other row.

use torch_core::{PaneAddress, PaneId};

/// The pane option that holds the launch while its program lives.
pub(crate) const LIVE: &str = "@torch_live";
/// The pane option that holds the agent.
pub(crate) const AGENT: &str = "@torch_agent";
/// The pane option that says what the pane is for.
pub(crate) const KIND: &str = "@torch_kind";

/// One pane as tmux describes it. A pane whose window is linked into several sessions has a row for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneRow {
    /// Where it is.
    pub address: PaneAddress,
    /// The session's name.
    pub session_name: String,
    /// The window's name, invalid UTF-8 replaced.
    pub window_name: String,
    /// The window's index in the session.
    pub window_index: u32,
    /// The pane's index in the window.
    pub pane_index: u32,
    /// Whether its first process has ended and the pane stays (`remain-on-exit`).
    pub dead: bool,
    /// The exit status of a dead pane's first process. Absent if a signal ended it, for a moment after `dead` (the
    /// terminal closes before tmux has the status), and in about one of six ends until another child of tmux ends:
    /// tmux 3.3a overlooks them (measured; the process stays a zombie). A hint only; `dead` itself is reliable.
    pub dead_status: Option<i32>,
    /// Whether a person is in copy mode, a tree or a clock: keys then go to that mode.
    pub in_mode: bool,
    /// Whether input is switched off (`select-pane -d`).
    pub input_off: bool,
    /// Whether keys are repeated to all panes of the window.
    pub synchronized: bool,
    /// How many clients are attached to the session.
    pub attached: u32,
    /// The pane option `@torch_live`: the launch whose program lives.
    pub live: Option<String>,
    /// The pane option `@torch_agent`: the agent's id.
    pub agent: Option<String>,
    /// The pane option `@torch_kind`, e.g. `agent` or `shell`.
    pub kind: Option<String>,
    /// The title that the program set; any text.
    pub title: String,
    /// Columns.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Whether its first process was started as torch's wrapper: what a person respawned in it was not.
    pub wrapper: bool,
    /// The window's last output, in seconds since the epoch.
    pub activity: u64,
    /// When a client last sent a key to the session or was attached to it, in seconds since the epoch.
    pub input: u64,
}

/// The texts of a row, in order.
const TEXTS: [&str; 7] = [
    "session_name",
    "window_name",
    "pane_dead_status",
    LIVE,
    AGENT,
    KIND,
    "pane_title",
];

/// The format of a row. `pane_current_command` is not in it: it alone costs 7 us a pane, the others 0.5 us (measured).
pub(crate) fn format(nonce: &str) -> String {
    let mut format = format!(
        "{nonce} #{{session_id}} #{{window_id}} #{{pane_id}} #{{pane_pid}} #{{window_index}} #{{pane_index}} \
         #{{pane_dead}} #{{pane_in_mode}} #{{pane_input_off}} #{{pane_synchronized}} #{{session_attached}} \
         #{{pane_width}} #{{pane_height}} #{{window_activity}} #{{session_activity}} \
         #{{m:* agent-run *,#{{pane_start_command}}}}"
    );
    for text in TEXTS {
        format.push_str(&format!(" #{{n:{text}}} #{{{text}}}"));
    }
    format
}

/// A filter that only one pane passes.
pub(crate) fn only(pane: PaneId) -> String {
    format!("#{{==:#{{pane_id}},{pane}}}")
}

/// Reads the answer to [`format`]. Rows that can't be read are left out, with a warning.
pub(crate) fn read(nonce: &str, data: &[u8]) -> Vec<PaneRow> {
    rows(nonce.as_bytes(), data)
        .into_iter()
        .filter_map(|row| {
            let read = read_row(row);
            if read.is_none() {
                let row = String::from_utf8_lossy(row);
                tracing::warn!(%row, "unreadable row of a pane listing");
            }
            read
        })
        .collect()
}

/// Cuts the data at the lines that begin with the nonce; what stands between belongs to the row before.
fn rows<'a>(nonce: &[u8], data: &'a [u8]) -> Vec<&'a [u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        if line
            .strip_prefix(nonce)
            .is_some_and(|rest| rest.starts_with(b" "))
        {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([data.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(&start, end)| data.get(start + nonce.len() + 1..end))
        .collect()
}

fn read_row(row: &[u8]) -> Option<PaneRow> {
    let mut rest = Fields(row.strip_suffix(b"\n").unwrap_or(row));
    let address = PaneAddress {
        session: rest.word()?,
        window: rest.word()?,
        pane: rest.word()?,
        pid: rest.word()?,
    };
    let (window_index, pane_index) = (rest.word()?, rest.word()?);
    let (dead, in_mode) = (rest.flag()?, rest.flag()?);
    let (input_off, synchronized) = (rest.flag()?, rest.flag()?);
    let (attached, width, height) = (rest.word()?, rest.word()?, rest.word()?);
    let (activity, input) = (rest.word()?, rest.word()?);
    let wrapper = rest.flag()?;
    let row = PaneRow {
        address,
        window_index,
        pane_index,
        dead,
        in_mode,
        input_off,
        synchronized,
        attached,
        width,
        height,
        activity,
        input,
        wrapper,
        session_name: rest.text()?.unwrap_or_default(),
        window_name: rest.text()?.unwrap_or_default(),
        dead_status: rest.text()?.and_then(|status| status.parse().ok()),
        live: rest.text()?,
        agent: rest.text()?,
        kind: rest.text()?,
        title: rest.text()?.unwrap_or_default(),
    };
    rest.0.is_empty().then_some(row)
}

/// What is left of a row.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|&byte| byte == b' ')?;
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.get(1..)?;
        Some(word)
    }

    fn word<T: std::str::FromStr>(&mut self) -> Option<T> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }

    /// 0 is false; modes are counted.
    fn flag(&mut self) -> Option<bool> {
        self.word::<u32>().map(|count| count != 0)
    }

    /// "length text", and the space after it unless it is the last; `Some(None)` when it is empty.
    fn text(&mut self) -> Option<Option<String>> {
        let length: usize = self.word()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = match rest {
            [] => rest,
            [b' ', rest @ ..] => rest,
            _ => return None,
        };
        Some((length > 0).then(|| String::from_utf8_lossy(text).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::{SessionId, WindowId};

    const PLAIN: &str = "n $1 @2 %3 44 5 0 1 2 0 1 3 200 50 1795229050 1795229040 1 4 team 3 dev 1 7 2 01 0  5 shell 8 ✳ work\n";

    #[test]
    fn a_row_is_read() {
        let rows = read("n", PLAIN.as_bytes());
        let row = rows.first().expect("a row");
        assert_eq!(
            row.address,
            PaneAddress {
                session: SessionId(1),
                window: WindowId(2),
                pane: PaneId(3),
                pid: 44
            }
        );
        assert_eq!((row.window_index, row.pane_index), (5, 0));
        assert_eq!((row.dead, row.in_mode), (true, true));
        assert_eq!((row.input_off, row.synchronized), (false, true));
        assert_eq!((row.attached, row.width, row.height), (3, 200, 50));
        assert_eq!((row.activity, row.input), (1_795_229_050, 1_795_229_040));
        assert_eq!(row.dead_status, Some(7));
        assert_eq!(
            (row.live.as_deref(), row.agent.as_deref()),
            (Some("01"), None)
        );
        assert_eq!(row.kind.as_deref(), Some("shell"));
        assert_eq!(row.title, "✳ work");
        assert_eq!(
            (row.session_name.as_str(), row.window_name.as_str()),
            ("team", "dev")
        );
    }

    #[test]
    fn hostile_texts_shift_nothing() {
        let name = "a\t|b #(touch x)\nm $1 0";
        let kind = "x\n\ny ";
        let row = format!(
            "n $1 @2 %3 44 5 0 0 0 0 0 0 200 50 1 1 0 4 team {} {name} 0  0  0  {} {kind} 0 \n",
            name.len(),
            kind.len()
        );
        let data = format!("{row}{PLAIN}");
        let rows = read("n", data.as_bytes());
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].window_name, name);
        assert_eq!(rows[0].kind.as_deref(), Some(kind));
        assert_eq!(rows[1].window_name, "dev");
    }

    #[test]
    fn an_unreadable_row_costs_no_other() {
        let data = format!(
            "n $1 @2 broken\nn \nxx\n{PLAIN}n $1 @2 %3 44 5 0 0 0 0 0 0 2 5 1 1 0 99 team\n"
        );
        assert_eq!(read("n", data.as_bytes()).len(), 1);
        assert!(read("n", b"").is_empty());
    }
}
