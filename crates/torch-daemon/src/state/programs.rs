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
            let hooks = SignalRules::compile(name, "hooks", &hooks.rules, &hooks.values)?;
            Ok((data.name.clone(), Program { data, rules, hooks }))
        });
        Ok(Self(Arc::new(compiled.collect::<Result<_, RuleError>>()?)))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Program> {
        self.0.get(name)
    }

    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}
