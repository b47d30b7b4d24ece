//! The agent programs with their rules compiled: once per process, however many states are made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use torch_core::program::AgentProgram;
use torch_monitor::{RuleError, Rules, SignalRules};

/// An agent program with its rules compiled.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) data: AgentProgram,
    pub(crate) rules: Rules,
    /// What its hooks mean.
    pub(crate) hooks: SignalRules,
    /// What its transcript means.
    pub(crate) transcript: SignalRules,
    /// What it tells a status line.
    pub(crate) status_line: SignalRules,
}

/// The agent programs by name; cheap to clone.
#[derive(Debug, Clone)]
pub struct Programs(Arc<BTreeMap<String, Program>>);

impl Programs {
    /// Compiles the programs' rules.
    ///
    /// # Errors
    /// [`RuleError`] when a program's rules are broken.
    pub fn compile(programs: Vec<AgentProgram>) -> Result<Self, RuleError> {
        let compiled = programs.into_iter().map(|data| {
            let rules = Rules::compile(&data.name, &data.screen)?;
            let (name, hooks) = (&data.name, &data.hooks);
            let hooks = SignalRules::compile(name, "hooks", &hooks.rules, &hooks.values)?
                .unwrapping(name, "hooks", &data.hooks.unwrap)?
                .refusing(name, &data.hooks.no_login)?;
            let rules_of = &data.transcript;
            let transcript =
                SignalRules::compile(name, "transcript", &rules_of.rules, &rules_of.values)?
                    .unwrapping(name, "transcript", &rules_of.unwrap)?
                    .refusing(name, &data.hooks.no_login)?;
            let status_line =
                SignalRules::compile(name, "status_line", &[], &data.status_line.values)?;
            let program = Program {
                rules,
                hooks,
                transcript,
                status_line,
                data,
            };
            Ok((program.data.name.clone(), program))
        });
        Ok(Self(Arc::new(compiled.collect::<Result<_, RuleError>>()?)))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Program> {
        self.0.get(name)
    }

    /// The names of the programs that are to be found on this `PATH`; what is built in is always there.
    pub(crate) fn installed(&self, path: Option<&String>) -> Vec<String> {
        let found = |program: &Program| match &program.data.install {
            None => true,
            Some(install) => path.is_some_and(|path| {
                torch_process::search::on(path.as_ref(), &install.command).is_some()
            }),
        };
        let there = self.0.iter().filter(|(_, program)| found(program));
        there.map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
