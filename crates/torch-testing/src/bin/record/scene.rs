//! A program on its stage, and the recording of what it shows.

use std::time::Duration;

use torch_testing::model::{FakeModel, Outcome, Scenario};
use torch_testing::poll;
use torch_testing::program::{Kind, Stage};

use crate::fixture::{Dialog, Expected, Fixture, plain, stable};
use crate::recorder::Recorder;

/// A screen that stays the same for so long does not change by itself.
pub(crate) const CALM: Duration = Duration::from_millis(900);

/// How long a turn may take, retries included.
const TURN: Duration = Duration::from_secs(60);

/// A running program.
pub(crate) struct Scene<'a> {
    recorder: &'a Recorder,
    pub(crate) stage: Stage,
    pub(crate) model: FakeModel,
}

/// What a screen is expected to show besides its kind.
#[derive(Default)]
pub(crate) struct Beside<'a> {
    pub(crate) dialog: Option<Dialog>,
    pub(crate) draft: Option<&'a str>,
    pub(crate) scenario: Option<&'a str>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(recorder: &'a Recorder, stage: Stage, model: FakeModel) -> Self {
        Self {
            recorder,
            stage,
            model,
        }
    }

    /// Waits until the program takes input.
    #[track_caller]
    pub(crate) fn ready(self) -> Self {
        let kind = self.recorder.program.kind;
        self.stage
            .settle("the prompt", CALM, |screen| kind.is_ready(screen));
        self
    }

    /// Types a text, presses Enter and waits until the model is asked.
    #[track_caller]
    pub(crate) fn say(&self, text: &str) {
        let count = self.count();
        self.stage.submit(text);
        self.asked(count + 1);
    }

    /// Says something to which the model does this.
    #[track_caller]
    pub(crate) fn play(&self, scenario: &str) {
        self.model.next([scenario_of(scenario)]);
        self.say("please go on");
    }

    /// Says something to which the model does these, one for each try, and lets the program wait for the next answer when it tries again.
    #[track_caller]
    pub(crate) fn fail(&self, scenarios: &[&str]) {
        let failures = scenarios.iter().map(|text| scenario_of(text));
        self.model.next(failures.chain([scenario_of("stall 30")]));
        self.say("please go on");
    }

    /// Makes every answer this one; `None` ends that.
    #[track_caller]
    pub(crate) fn always(&self, scenario: Option<&str>) {
        self.model.sticky(scenario.map(scenario_of));
    }

    /// Waits until the model was asked for the `count`th time in the conversation and then for `while_open` longer.
    #[track_caller]
    pub(crate) fn asked(&self, count: usize) {
        let asked = self.model.wait_for(TURN, |requests| {
            let main = requests.iter().filter(|request| request.is_main());
            (main.count() >= count).then_some(())
        });
        assert!(
            asked.is_some(),
            "the model was not asked {count} times\n{}{}",
            self.model.picture(),
            self.stage.screen()
        );
    }

    /// How often the model was asked in the conversation so far.
    pub(crate) fn count(&self) -> usize {
        let requests = self.model.requests();
        requests.iter().filter(|request| request.is_main()).count()
    }

    /// Waits until no answer is under way and the screen is calm.
    #[track_caller]
    pub(crate) fn idle(&self) {
        self.linger(300);
        let answered = self.model.wait_for(TURN, |requests| {
            let open = requests
                .iter()
                .any(|request| matches!(request.outcome, Outcome::Open | Outcome::AtGate));
            (!open).then_some(())
        });
        assert!(answered.is_some(), "{}", self.model.picture());
        let kind = self.recorder.program.kind;
        self.stage.settle("a calm screen", CALM, |screen| {
            // What moves in it there is only colours.
            kind != Kind::Opencode || !screen.contains("esc interrupt")
        });
    }

    /// Waits until the screen holds one of these texts and is calm.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        self.stage.settle(&format!("{texts:?}"), CALM, |screen| {
            texts.iter().any(|text| screen.contains(text))
        });
    }

    /// Waits until the screen holds one of these texts, calm or not.
    #[track_caller]
    pub(crate) fn appears(&self, texts: &[&str]) {
        self.stage.wait(&format!("{texts:?}"), |screen| {
            texts.iter().any(|text| screen.contains(text))
        });
    }

    /// Lets so many milliseconds pass: what is to be recorded moves, and has no end to wait for.
    pub(crate) fn linger(&self, millis: u64) {
        poll(Duration::from_millis(millis), || None::<()>);
    }

    /// Presses keys.
    #[track_caller]
    pub(crate) fn keys(&self, keys: &[&str]) {
        self.stage.keys(keys);
    }

    /// Presses keys and waits until the screen is calm.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[&str]) {
        self.stage.keys(keys);
        self.linger(200);
        self.stage.settle("a calm screen", CALM, |_| true);
    }

    /// Records the screen as it is.
    #[track_caller]
    pub(crate) fn save(&self, state: &str, expected: Expected) {
        self.save_with(state, expected, &Beside::default());
    }

    /// Records the first screen that holds one of these texts: it may pass in a moment.
    #[track_caller]
    pub(crate) fn catch(&self, state: &str, expected: Expected, scenario: &str, texts: &[&str]) {
        let caught = poll(TURN, || {
            let ansi = self.stage.ansi();
            let shown = plain(&ansi);
            texts
                .iter()
                .any(|text| shown.contains(text))
                .then_some(ansi)
        });
        let Some(ansi) = caught else {
            panic!("{texts:?} did not come\n{}", self.stage.screen());
        };
        let beside = Beside {
            scenario: Some(scenario),
            ..Beside::default()
        };
        self.write(state, expected, &beside, &ansi);
    }

    /// Records the screen with what is known besides.
    #[track_caller]
    pub(crate) fn save_with(&self, state: &str, expected: Expected, beside: &Beside<'_>) {
        self.write(state, expected, beside, &self.stage.ansi());
    }

    #[track_caller]
    fn write(&self, state: &str, expected: Expected, beside: &Beside<'_>, ansi: &str) {
        if !self.recorder.wants(state) {
            return;
        }
        let port = self.model.port();
        let number = |format: &str| self.stage.format(format).parse().unwrap_or(0);
        let fixture = Fixture {
            program: self.recorder.program.kind.name().to_owned(),
            version: self.recorder.program.version.clone(),
            columns: self.recorder.size.columns,
            rows: self.recorder.size.rows,
            title: self.title(port),
            cursor: [number("#{cursor_x}"), number("#{cursor_y}")],
            alternate: self.stage.format("#{alternate_on}") == "1",
            expected,
            dialog: beside.dialog,
            draft: beside.draft.map(str::to_owned),
            scenario: beside.scenario.map(str::to_owned),
        };
        let ansi = stable(ansi, port);
        let written = fixture.write(self.recorder.folder(), state, &ansi);
        written.expect("a fixture can be written");
        self.recorder
            .say(state)
            .expect("the standard output is there");
    }

    /// The pane's title; where the program sets none it is the machine's name, which is nobody's business.
    fn title(&self, port: u16) -> String {
        let title = self.stage.format("#{pane_title}");
        match title == self.stage.format("#{host}") {
            true => "host".to_owned(),
            false => stable(&title, port),
        }
    }

    /// Records a screen with a dialog.
    #[track_caller]
    pub(crate) fn save_dialog(&self, state: &str, dialog: Dialog, scenario: Option<&str>) {
        let expected = match dialog {
            Dialog::LimitMenu => Expected::Limited,
            _ => Expected::Asking,
        };
        let beside = Beside {
            dialog: Some(dialog),
            scenario,
            ..Beside::default()
        };
        self.save_with(state, expected, &beside);
    }

    /// Records a screen that a scenario led to.
    #[track_caller]
    pub(crate) fn save_after(&self, state: &str, expected: Expected, scenario: &str) {
        let beside = Beside {
            scenario: Some(scenario),
            ..Beside::default()
        };
        self.save_with(state, expected, &beside);
    }

    /// Records a screen with this draft in the composer.
    #[track_caller]
    pub(crate) fn save_draft(&self, state: &str, draft: &str) {
        let beside = Beside {
            draft: Some(draft),
            ..Beside::default()
        };
        self.save_with(state, Expected::Prompt, &beside);
    }
}

#[track_caller]
fn scenario_of(text: &str) -> Scenario {
    match text.parse() {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error}"),
    }
}
