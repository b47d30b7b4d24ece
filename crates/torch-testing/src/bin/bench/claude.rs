//! `torch auto` with five real Claude Code agents until every role is briefed, beside what five of them need for their
//! own start in bare panes. They speak to a fake model server on this machine; without Claude Code nothing is measured.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use torch_api::wire::Stage;
use torch_testing::model::FakeModel;
use torch_testing::program::{Kind, RealProgram, Seed};

use crate::alone::{Alone, First, Start};
use crate::distribution::{Distribution, Figure, Unit};
use crate::raise::{auto, raise_by_request};
use crate::report::Report;
use crate::world::{ROLES, World};
use crate::{Effort, Setting};

/// The core team's size.
const AGENTS: usize = 5;

/// What torch may take beyond the slowest agent's own start, in milliseconds.
const EXCESS: f64 = 1000.0;

/// A first prompt about as long as what torch types of a briefing.
const PROMPT: &str = "[a note, which a person would paste] Read the file notes.md in this folder, then act on it: it holds what is to be \
    done today, in some fifty lines, with all that is known of it so far and what was agreed on. It begins: what is to be done [end-of-note]";

/// What a seed says of a user's home that the world says already.
const OF_THE_WORLD: [&str; 4] = ["HOME", "PATH", "SHELL", "GIT_CONFIG_GLOBAL"];

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Report> {
    match RealProgram::find("claude") {
        Ok(program) => figures(setting, &program),
        Err(missing) => Ok(Report {
            text: format!("Skipped: {missing}"),
            failed: Vec::new(),
        }),
    }
}

/// The times of all rounds.
#[derive(Debug, Default)]
struct Times {
    /// One agent alone, to its prompt.
    one: Distribution,
    /// Five in bare panes, to the last SessionStart hook.
    hook: Distribution,
    /// Five in bare panes, to the last prompt.
    drawn: Distribution,
    /// Five in bare panes, to the last hook of a first prompt that is typed as torch's briefing is.
    taken: Distribution,
    /// The same with the first prompt as the last argument of the launch.
    argued: Distribution,
    /// `torch auto`.
    torch: Distribution,
    /// The same less the five's own start in the round before it.
    excess: Distribution,
    /// The last one's stages, counted from the request.
    stages: [Distribution; STAGES.len()],
}

/// How agents start in bare panes.
#[derive(Debug)]
struct Starts {
    /// One of them.
    one: Start,
    /// Five of them.
    five: Start,
    /// Five whose first prompt is pasted.
    pasted: Start,
    /// Five whose first prompt is an argument.
    argued: Start,
}

impl Starts {
    fn of(program: &RealProgram, folders: Vec<PathBuf>) -> Self {
        let argv = [
            program.executable.as_os_str(),
            "--permission-mode".as_ref(),
            "auto".as_ref(),
        ];
        let argv = argv.map(OsStr::to_owned).to_vec();
        let five = Start {
            argv,
            folders,
            first: First::Nothing,
        };
        Self {
            one: Start {
                folders: five.folders[..1].to_vec(),
                ..five.clone()
            },
            pasted: Start {
                first: First::Pasted(PROMPT.to_owned()),
                ..five.clone()
            },
            argued: Start {
                first: First::Argument(PROMPT.to_owned()),
                ..five.clone()
            },
            five,
        }
    }
}

/// The stages that are told, each with its row.
const STAGES: [(Stage, &str); 4] = [
    (Stage::Worktree, "last worktree stands"),
    (Stage::Window, "last window is open"),
    (Stage::Ready, "last agent is ready"),
    (Stage::Briefed, "last agent is briefed"),
];

fn figures(setting: &Setting, program: &RealProgram) -> anyhow::Result<Report> {
    let rounds: u32 = match setting.effort {
        Effort::Full => 10,
        Effort::Quick => 2,
    };
    let model = FakeModel::start();
    let mut world = setting.world()?;
    let make = |name: &str, count: u32| {
        let projects = (0..count).map(|n| world.project(&format!("{name}-{n}")));
        projects.collect::<anyhow::Result<Vec<_>>>()
    };
    let (folders, raised) = (make("own", 5)?, make("raised", rounds)?);
    let staged = make("staged", rounds.div_ceil(2))?;
    seed(
        &mut world,
        program,
        &model,
        &[&folders[..], &raised, &staged].concat(),
    )?;
    // A neighbour that stays: without any team the daemon would end its tmux server after each round.
    let neighbour = world.project("neighbour")?;
    world.raise(&neighbour, 1)?;
    let alone = Alone::start(world.dir(), world.env())?;
    let starts = Starts::of(program, folders);
    let prompt = |screen: &str| Kind::Claude.is_ready(screen);
    // The first start of all reads the program from the disk.
    alone.agents(&starts.five, prompt)?;
    let mut times = Times::default();
    for project in &raised {
        times
            .one
            .push_time(alone.agents(&starts.one, prompt)?.drawn);
        let own = alone.agents(&starts.five, prompt)?;
        times.hook.push_time(own.hook);
        times.drawn.push_time(own.drawn);
        if let Some(taken) = alone.agents(&starts.pasted, prompt)?.taken {
            times.taken.push_time(taken);
        }
        if let Some(taken) = alone.agents(&starts.argued, |_| true)?.taken {
            times.argued.push_time(taken);
        }
        let took = world.raise_with(project, AGENTS, "claude")?;
        times.torch.push_time(took);
        times.excess.push(millis(took) - millis(own.drawn));
        world.stop(project)?;
    }
    for project in &staged {
        let mut request = auto(&world, project, &ROLES[..AGENTS], "claude");
        // As the client does it: what a program's file names as secret goes apart.
        (request.secrets, request.env) = world
            .whole_env()
            .into_iter()
            .partition(|(name, _)| name == "ANTHROPIC_API_KEY");
        let (seen, _) = raise_by_request(&world, request, STAGES.map(|(stage, _)| stage))?;
        for (times, time) in times.stages.iter_mut().zip(seen) {
            time.into_iter().for_each(|time| times.push_time(time));
        }
        world.stop(project)?;
    }
    drop(alone);
    world.close()?;
    let mut report = Report::of(times.figures());
    report
        .text
        .push_str(&format!("\n\n- Claude Code {}", program.version));
    Ok(report)
}

impl Times {
    fn figures(self) -> Vec<Figure> {
        let figure = |name: &str, times| Figure::new(name, Unit::Millis, times);
        let mut figures = vec![
            figure("one Claude Code in a bare pane, to its prompt", self.one),
            figure(
                "5 in bare panes at once, to the last SessionStart hook",
                self.hook,
            ),
            figure(
                "5 in bare panes at once, to the last prompt: their own start",
                self.drawn,
            ),
            figure(
                "the same, and a first prompt pasted and submitted: to the last hook that tells of it",
                self.taken,
            ),
            figure(
                "5 in bare panes at once with a first prompt as an argument: to the last hook that tells of it",
                self.argued,
            ),
            figure("`torch auto`, 5 roles, all briefed with proof", self.torch),
            figure("the same less the own start, round by round", self.excess)
                .goal(50, EXCESS)
                .goal(100, EXCESS),
        ];
        for ((_, name), times) in STAGES.iter().zip(self.stages) {
            figures.push(figure(&format!("5 roles: {name}"), times));
        }
        figures
    }
}

/// Gives the world's user a login for Claude Code, and trust in these projects.
fn seed(
    world: &mut World,
    program: &RealProgram,
    model: &FakeModel,
    projects: &[PathBuf],
) -> anyhow::Result<()> {
    let home = world.dir().join("claude-home");
    let seed = Seed::new(program, &home, world.dir(), &model.url()).also(projects);
    let launch = seed.write().context("failed to write Claude Code's home")?;
    for (name, value) in launch.env {
        if !OF_THE_WORLD.contains(&name.as_str()) && !name.starts_with("XDG_") {
            world.set(&name, OsStr::new(&value));
        }
    }
    let place = program
        .executable
        .parent()
        .context("the program lies in a folder")?;
    let path = world
        .env()
        .get(OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    let path = std::iter::once(place.to_owned()).chain(std::env::split_paths(&path));
    let path: OsString = std::env::join_paths(path)?;
    world.set("PATH", &path);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
