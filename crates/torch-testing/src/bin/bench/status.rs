//! `torch status` with twenty agents in several teams.

use std::time::Instant;

use torch_api::{Request, Response};

use crate::distribution::{Distribution, Figure, Unit};
use crate::{Effort, Setting};

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut world = setting.world()?;
    for (number, size) in [5, 5, 10].into_iter().enumerate() {
        let project = world.project(&format!("status-{number}"))?;
        world.raise(&project, size)?;
    }
    let rounds = match setting.effort {
        Effort::Full => 200,
        Effort::Quick => 20,
    };
    let (mut process, mut connection, mut request) = (
        Distribution::default(),
        Distribution::default(),
        Distribution::default(),
    );
    let mut client = world.client()?;
    for _ in 0..rounds {
        process.push_time(world.timed("torch", &["status"], world.dir())?.0);
        let started = Instant::now();
        world.status()?;
        connection.push_time(started.elapsed());
        let started = Instant::now();
        let response = client.call(&Request::Status { team: None })?;
        request.push_time(started.elapsed());
        anyhow::ensure!(
            matches!(&response, Response::Status { teams, .. } if teams.len() == 3),
            "status was answered by {response:?}"
        );
    }
    drop(client);
    world.close()?;
    Ok(vec![
        Figure::new(
            "`torch status`, 20 agents in 3 teams: process start to exit",
            Unit::Millis,
            process,
        )
        .goal(50, 10.0),
        Figure::new("the request on a new connection", Unit::Millis, connection),
        Figure::new("the request on an open connection", Unit::Millis, request),
    ])
}
