//! From accept to proof: messages to idle demo agents, one at a time, and where the time goes by the journal.

use std::time::Instant;

use anyhow::bail;
use torch_api::view::JournalView;
use torch_api::{Client, Request, Response};
use torch_core::DeliveryState;

use crate::distribution::{Distribution, Figure, Unit};
use crate::send::{self, Letter};
use crate::world::ROLES;
use crate::{Effort, Setting};

/// The journal's entries of a message on the straight way. An idle agent's message never stands in `queued`: it is
/// claimed in the transaction that accepts it.
const STEPS: [&str; 8] = [
    "message.accepted",
    "delivery.claimed",
    "delivery.pasting",
    "delivery.pasted",
    "delivery.entering",
    "delivery.entered",
    "delivery.accepted",
    "delivery.consumed",
];

/// Five idle agents in turn; the next message goes out when the turn of the one before is over.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut world = setting.world()?;
    let project = world.project("delivery")?;
    world.raise(&project, 5)?;
    let rounds = match setting.effort {
        Effort::Full => 60,
        Effort::Quick => 6,
    };
    let mut client = world.client()?;
    let mut trace = Steps::default();
    let (mut accepted, mut consumed) = (Distribution::default(), Distribution::default());
    for _ in 0..rounds {
        for role in &ROLES[..5] {
            for (state, times) in [
                (DeliveryState::Accepted, &mut accepted),
                (DeliveryState::Consumed, &mut consumed),
            ] {
                let letter = Letter::new(role, &project).until(state);
                let started = Instant::now();
                send::send(&mut client, &letter)?;
                times.push_time(started.elapsed());
                let message = send::await_turn(&mut client, &letter)?;
                trace.take(&events(&mut client, &message.id)?);
            }
        }
    }
    drop(client);
    world.close()?;
    let mut figures = vec![
        Figure::new(
            "request sent → accepted (submitted and proven)",
            Unit::Millis,
            accepted,
        )
        .goal(50, 15.0)
        .goal(99, 60.0),
        Figure::new(
            "request sent → consumed (in the conversation)",
            Unit::Millis,
            consumed,
        ),
    ];
    figures.extend(trace.figures());
    Ok(figures)
}

fn events(client: &mut Client, id: &str) -> anyhow::Result<Vec<JournalView>> {
    match client.call(&Request::Trace { id: id.to_owned() })? {
        Response::Trace { events, .. } => Ok(events),
        other => bail!("the trace of {id} was answered by {other:?}"),
    }
}

/// The times between steps, over many messages; the journal's clock counts milliseconds.
#[derive(Debug, Default)]
struct Steps {
    between: [Distribution; STEPS.len() - 1],
    to_accepted: Distribution,
    to_consumed: Distribution,
    /// Messages that took another way than the straight one.
    detours: u32,
}

impl Steps {
    /// Takes one message's journal in.
    fn take(&mut self, events: &[JournalView]) {
        if !events.iter().map(|event| event.kind.as_str()).eq(STEPS) {
            self.detours += 1;
            return;
        }
        for (times, pair) in self.between.iter_mut().zip(events.windows(2)) {
            times.push_time(pair[1].at.since(pair[0].at));
        }
        self.to_accepted.push_time(events[6].at.since(events[0].at));
        self.to_consumed.push_time(events[7].at.since(events[0].at));
    }

    fn figures(self) -> Vec<Figure> {
        let name = |at: usize| format!("journal: {} → {}", STEPS[at], STEPS[at + 1]);
        let between = self.between.into_iter().enumerate();
        let mut figures = vec![
            Figure::new("journal: accept → accepted", Unit::Millis, self.to_accepted)
                .goal(50, 15.0)
                .goal(99, 60.0),
            Figure::new("journal: accept → consumed", Unit::Millis, self.to_consumed),
        ];
        figures.extend(between.map(|(at, times)| Figure::new(name(at), Unit::Millis, times)));
        let detours = [f64::from(self.detours)].into_iter().collect();
        figures.push(Figure::new(
            "messages that were deferred or repeated, of all",
            Unit::Count,
            detours,
        ));
        figures
    }
}
