//! Durable accept: from the start of `scm` to its exit with 0, what of it is the program's own start, what the request
//! itself takes, and what the disk takes for one commit's worth of bytes.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use crate::distribution::{Distribution, Figure, Unit};
use crate::send::{self, Letter};
use crate::{Effort, Setting};

/// Five idle agents; a message at a time, and nothing until its turn is over.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let mut world = setting.world()?;
    let project = world.project("accept")?;
    world.raise(&project, 5)?;
    let rounds = match setting.effort {
        Effort::Full => 200,
        Effort::Quick => 20,
    };

    let (mut version, mut scm, mut request) = (
        Distribution::default(),
        Distribution::default(),
        Distribution::default(),
    );
    let mut client = world.client()?;
    for _ in 0..rounds {
        version.push_time(world.timed("scm", &["--version"], &project)?.0);
        let letter = Letter::new("developer", &project);
        let args = ["developer", send::TEXT, "--key", letter.key()];
        scm.push_time(world.timed("scm", &args, &project)?.0);
        send::await_turn(&mut client, &letter)?;

        let letter = Letter::new("developer", &project);
        let started = Instant::now();
        send::send(&mut client, &letter)?;
        request.push_time(started.elapsed());
        send::await_turn(&mut client, &letter)?;
    }
    let sync = disk(&world.registry(), rounds)?;
    drop(client);
    world.close()?;
    Ok(vec![
        Figure::new("`scm`: process start to exit 0, durable", Unit::Millis, scm).goal(99, 20.0),
        Figure::new(
            "`scm --version`: the program's start alone",
            Unit::Millis,
            version,
        ),
        Figure::new(
            "the request alone, on an open connection",
            Unit::Millis,
            request,
        ),
        Figure::new(
            "for comparison: append 4 kB and `fdatasync`",
            Unit::Millis,
            sync,
        ),
    ])
}

/// What one durable write costs here, without any of torch.
fn disk(dir: &std::path::Path, rounds: usize) -> anyhow::Result<Distribution> {
    let path = dir.join("fsync.probe");
    let mut file = File::create(&path)?;
    let mut times = Distribution::default();
    for _ in 0..rounds {
        let started = Instant::now();
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
        times.push_time(started.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(times)
}
