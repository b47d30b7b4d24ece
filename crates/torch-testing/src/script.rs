//! Commands that an agent itself runs: a message tells the demo agent to run a script that the test wrote.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::wait::DEADLINE;
use crate::{Ran, World};

/// What makes a demo agent run the script of its role.
const ORDER: &str = "run your script";

/// A scenario of agents that say "Noted." to everything, and run what [`World::run_as`] gives them. A test's own
/// rules can stand behind it.
pub const SCRIPTED: &str = r#"
play = false
[[on]]
match = "run your script"
steps = [{ shell = { command = "sh \"$TORCH_HOME/../scripts/$TORCH_ROLE.sh\"" } }]
"#;

impl World {
    /// Lets an agent of a [`SCRIPTED`] team run `sh -c script` in its worktree, as its program would run a tool, and
    /// waits for the end. An agent of another team than that of the project is `team:role`.
    #[track_caller]
    pub fn run_as(&self, agent: &str, script: &str) -> Ran {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder().join("scripts");
        fs::create_dir_all(&folder).expect("a folder for scripts");
        let role = agent.rsplit(':').next().unwrap_or(agent);
        let file = |ending: &str| folder.join(format!("{role}.{number}.{ending}"));
        let [inner, out, err, code] = ["sh", "out", "err", "code"].map(file);
        fs::write(&inner, script).expect("a file for the script");
        let wrapper = format!(
            "sh '{}' > '{}' 2> '{}'\necho $? > '{}.new'\nmv '{}.new' '{}'\n",
            inner.display(),
            out.display(),
            err.display(),
            code.display(),
            code.display(),
            code.display()
        );
        fs::write(folder.join(format!("{role}.sh")), wrapper).expect("a file for the script");
        self.deliver(agent, ORDER);
        let ended = self.wait_for(DEADLINE, &format!("{agent} to run `{script}`"), || {
            fs::read_to_string(&code).ok()
        });
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        Ran {
            command: format!("{script} (run by {agent})"),
            code: ended.trim().parse().expect("an exit code"),
            stdout: text(out),
            stderr: text(err),
        }
    }
}
