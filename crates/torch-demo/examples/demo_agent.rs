//! The demo agent as a program of its own, for the tests: `demo_agent --settings FILE --session-id ID …`.

use std::process::ExitCode;

use torch_demo::Options;

fn main() -> ExitCode {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (args.next(), args.next()) {
        match name.as_str() {
            "--settings" => options.settings = Some(value.into()),
            "--session-id" => options.conversation = value,
            "--scenario" => options.scenario = Some(value.into()),
            "--ledger" => options.ledger = Some(value.into()),
            "--transcript" => options.transcript = Some(value.into()),
            _ => return ExitCode::from(2),
        }
    }
    ExitCode::from(torch_demo::run(&options))
}
