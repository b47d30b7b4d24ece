//! Progress: one calm block on a terminal, plain lines elsewhere.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use torch_api::wire::Stage;

use crate::output;
use crate::render::progress::{cell, line};

/// How often the block may be redrawn each second.
const REDRAWS: u8 = 15;

/// Where progress goes.
pub(super) enum Progress {
    /// A line per role, redrawn in place.
    Block {
        /// The block.
        block: MultiProgress,
        /// Its lines, in the order in which the roles came.
        lines: Vec<(String, ProgressBar)>,
    },
    /// A line per step, on standard error.
    Lines,
    /// Nothing: each answer is JSON on standard output.
    Json,
}

impl Progress {
    /// The way that fits standard error.
    pub(super) fn new(json: bool) -> Self {
        if json {
            Self::Json
        } else if output::can_redraw() {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
            let block = MultiProgress::with_draw_target(target);
            // Lines are written over, not cleared first, which would flicker; roles only ever join.
            block.set_move_cursor(true);
            Self::Block {
                block,
                lines: Vec::new(),
            }
        } else {
            Self::Lines
        }
    }

    /// A role came a step further.
    pub(super) fn step(&mut self, role: &str, stage: Stage, detail: &str) {
        match self {
            Self::Block { block, lines } => {
                let found = lines.iter().position(|(name, _)| name == role);
                let bar = match found.and_then(|index| lines.get(index)) {
                    Some((_, bar)) => bar.clone(),
                    None => {
                        let bar = block.add(new_line(role));
                        lines.push((role.to_owned(), bar.clone()));
                        bar
                    }
                };
                bar.set_message(styled(&cell(stage, detail)));
            }
            Self::Lines => output::notice(&line(role, stage, detail)),
            Self::Json => {}
        }
    }

    /// Leaves the block as it stands; what is printed next comes below it.
    pub(super) fn end(&mut self) {
        if let Self::Block { lines, .. } = self {
            for (_, bar) in lines.drain(..) {
                bar.abandon();
            }
        }
    }
}

fn new_line(role: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("  {prefix:<22} {wide_msg}");
    let bar = ProgressBar::new_spinner().with_prefix(crate::render::first_line(role, 32));
    // The template is fixed, so it is valid; without it the bar would still show the message.
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The text as standard error takes it: without colours where there are none.
fn styled(text: &str) -> String {
    match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}
