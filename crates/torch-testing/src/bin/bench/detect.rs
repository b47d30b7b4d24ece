//! `torch detect` on small and large trees.

use std::fs;
use std::path::Path;

use crate::distribution::{Distribution, Figure, Unit};
use crate::world::World;
use crate::{Effort, Setting};

/// Files of one folder of the trees.
const FOLDER: usize = 100;

/// Folders with a manifest of their own.
const PACKAGES: usize = 1_000;

pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let world = setting.world()?;
    let (large, rounds) = match setting.effort {
        Effort::Full => (100_000, 10),
        Effort::Quick => (10_000, 3),
    };
    let mut figures = Vec::new();
    for files in [1_000, large] {
        let tree = world.dir().join(format!("tree-{files}"));
        make(&tree, files)?;
        let times = times(&world, &tree, rounds)?;
        let name = format!("`torch detect` of a tree of {files} files: process start to exit");
        let figure = Figure::new(name, Unit::Millis, times);
        figures.push(match files {
            100_000 => figure.goal(50, 1000.0),
            _ => figure,
        });
        fs::remove_dir_all(&tree)?;
    }
    figures.push(packages(&world, rounds)?);
    world.close()?;
    Ok(figures)
}

/// A repository of many packages, each with a manifest of its own.
fn packages(world: &World, rounds: usize) -> anyhow::Result<Figure> {
    let tree = world.dir().join("packages");
    for package in 0..PACKAGES {
        let folder = tree.join(format!("packages/m{package}"));
        fs::create_dir_all(&folder)?;
        fs::write(
            folder.join("package.json"),
            "{\"dependencies\": {\"react\": \"18\"}}\n",
        )?;
        for file in 0..20 {
            fs::write(folder.join(format!("file{file}.tsx")), "text\n")?;
        }
    }
    let times = times(world, &tree, rounds)?;
    fs::remove_dir_all(&tree)?;
    let name = format!(
        "`torch detect` of a tree of {PACKAGES} packages with 20 files each: process start to exit"
    );
    Ok(Figure::new(name, Unit::Millis, times).goal(50, 1000.0))
}

/// A web application, each hundred files in a folder, every tenth folder with rules of what is ignored.
fn make(tree: &Path, files: usize) -> anyhow::Result<()> {
    const KINDS: [&str; 8] = ["ts", "tsx", "py", "css", "json", "png", "md", "html"];
    for number in 0..files.div_ceil(FOLDER) {
        let folder = tree.join(format!("src/area{}/part{number}", number % 37));
        fs::create_dir_all(&folder)?;
        if number % 10 == 0 {
            fs::write(folder.join(".gitignore"), "*.log\nbuild/\n!keep.log\n")?;
        }
        for file in 0..FOLDER {
            let kind = KINDS[file % KINDS.len()];
            fs::write(folder.join(format!("file{file}.{kind}")), "text\n")?;
        }
    }
    fs::write(
        tree.join("package.json"),
        "{\"dependencies\": {\"react\": \"18\"}}\n",
    )?;
    Ok(())
}

fn times(world: &World, tree: &Path, rounds: usize) -> anyhow::Result<Distribution> {
    let mut times = Distribution::default();
    for _ in 0..rounds {
        let (time, output) = world.timed("torch", &["detect", "--json"], tree)?;
        let found: serde_json::Value = serde_json::from_str(output.text().trim())?;
        anyhow::ensure!(
            found["detection"]["template"] == "web_application",
            "it was taken for {}",
            found["detection"]["template"]
        );
        anyhow::ensure!(
            found["detection"]["cut"].is_null(),
            "not all of it was seen"
        );
        times.push_time(time);
    }
    Ok(times)
}
