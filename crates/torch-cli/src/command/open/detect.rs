//! How a project's development server is started, where its files leave no doubt (S2-047, S2-048).

/// What can be seen of a project.
pub(super) trait Files {
    /// A file's text, if it is there and is text of a usual size.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether anything of that name is there.
    fn has(&self, path: &str) -> bool;
}

/// A server's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The program and its arguments.
    pub(super) argv: Vec<String>,
    /// What made it out, in words.
    pub(super) why: String,
    /// What installs what it needs, where that seems to be missing.
    pub(super) install: Option<Vec<String>>,
}

impl Command {
    fn of(words: &str, why: &str) -> Self {
        Self {
            argv: split(words),
            why: why.to_owned(),
            install: None,
        }
    }
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// The server's command; `None` where the files don't say, which is no fault.
pub(super) fn server(files: &dyn Files) -> Option<Command> {
    node(files)
        .or_else(|| python(files))
        .or_else(|| rails(files))
        .or_else(|| rust(files))
        .or_else(|| go(files))
}

/// A script `dev` or `start`, with the package manager whose lock file is there.
fn node(files: &dyn Files) -> Option<Command> {
    let package: serde_json::Value = serde_json::from_str(&files.text("package.json")?).ok()?;
    let script = ["dev", "start"]
        .into_iter()
        .find(|name| package["scripts"][name].is_string())?;
    let locks = [
        ("pnpm-lock.yaml", "pnpm"),
        ("yarn.lock", "yarn"),
        ("bun.lock", "bun"),
        ("bun.lockb", "bun"),
        ("package-lock.json", "npm"),
    ];
    let locked = locks.into_iter().find(|(lock, _)| files.has(lock));
    let (lock, manager) = locked.unwrap_or(("no lock file", "npm"));
    let why = format!("package.json has a script `{script}`, and {lock} means {manager}");
    let mut command = Command::of(&format!("{manager} run {script}"), &why);
    if !files.has("node_modules") {
        command.install = Some(split(&format!("{manager} install")));
    }
    Some(command)
}

fn python(files: &dyn Files) -> Option<Command> {
    let venv = [".venv", "venv"]
        .into_iter()
        .find(|folder| files.has(&format!("{folder}/bin/python")));
    let python = venv.map_or_else(|| "python3".to_owned(), |venv| format!("{venv}/bin/python"));
    let mut command = django(files, &python).or_else(|| application(files, &python))?;
    if venv.is_none() && files.has("requirements.txt") {
        // Into an environment of its own, never into the system's.
        let install =
            "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt";
        command.install = Some(["/bin/sh", "-c", install].map(str::to_owned).to_vec());
    }
    Some(command)
}

fn django(files: &dyn Files, python: &str) -> Option<Command> {
    let manage = files.text("manage.py")?;
    manage.contains("django").then(|| {
        let why = "manage.py is Django's";
        Command::of(&format!("{python} manage.py runserver"), why)
    })
}

/// FastAPI or Flask: the file and the name of the application that it makes.
fn application(files: &dyn Files, python: &str) -> Option<Command> {
    let places = ["main.py", "app.py", "app/main.py", "src/main.py", "wsgi.py"];
    for place in places {
        let Some(text) = files.text(place) else {
            continue;
        };
        let module = place.trim_end_matches(".py").replace('/', ".");
        if let Some(name) = made_by(&text, "FastAPI(") {
            let words = format!("{python} -m uvicorn {module}:{name} --reload");
            return Some(Command::of(
                &words,
                &format!("{place} makes a FastAPI application"),
            ));
        }
        if let Some(name) = made_by(&text, "Flask(") {
            let words = format!("{python} -m flask --app {module}:{name} run --debug");
            return Some(Command::of(
                &words,
                &format!("{place} makes a Flask application"),
            ));
        }
    }
    None
}

/// The name that a line at the left margin gives to what this makes: `app = FastAPI(`.
fn made_by(text: &str, maker: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, made) = line.split_once('=')?;
        let name = name.split(':').next()?.trim_end();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let named = !name.is_empty() && name.chars().all(plain);
        let made = made.trim_start();
        let made = made.strip_prefix("fastapi.").unwrap_or(made);
        let made = made.strip_prefix("flask.").unwrap_or(made);
        (named && made.starts_with(maker)).then(|| name.to_owned())
    })
}

fn rails(files: &dyn Files) -> Option<Command> {
    let gems = files.text("Gemfile")?;
    let rails = gems.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("gem \"rails\"") || line.starts_with("gem 'rails'")
    });
    (rails && files.has("bin/rails"))
        .then(|| Command::of("bin/rails server", "the Gemfile has rails"))
}

/// A binary crate that depends on a web framework.
fn rust(files: &dyn Files) -> Option<Command> {
    const FRAMEWORKS: [&str; 6] = ["axum", "actix-web", "rocket", "warp", "poem", "salvo"];
    let manifest = files.text("Cargo.toml")?;
    let manifest: toml::Table = manifest.parse().ok()?;
    let depends = manifest.get("dependencies")?.as_table()?;
    let framework = FRAMEWORKS
        .into_iter()
        .find(|name| depends.contains_key(*name))?;
    files.has("src/main.rs").then(|| {
        let why = format!("Cargo.toml has a program, and {framework}");
        Command::of("cargo run", &why)
    })
}

fn go(files: &dyn Files) -> Option<Command> {
    let main = files.text("main.go").filter(|_| files.has("go.mod"))?;
    main.contains("ListenAndServe")
        .then(|| Command::of("go run .", "main.go listens"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Fake(BTreeMap<String, String>);

    impl Files for Fake {
        fn text(&self, path: &str) -> Option<String> {
            self.0.get(path).cloned()
        }
        fn has(&self, path: &str) -> bool {
            self.0.contains_key(path)
        }
    }

    fn fake(files: &[(&str, &str)]) -> Fake {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Fake(files.iter().map(own).collect())
    }

    const DEV: &str = r#"{"scripts": {"dev": "vite", "start": "node ."}}"#;

    #[test]
    fn commands_are_made_out() {
        for (files, wanted) in [
            (vec![("package.json", DEV)], "npm run dev"),
            (
                vec![("package.json", DEV), ("pnpm-lock.yaml", "")],
                "pnpm run dev",
            ),
            (
                vec![("package.json", DEV), ("yarn.lock", "")],
                "yarn run dev",
            ),
            (
                vec![("package.json", DEV), ("bun.lockb", "")],
                "bun run dev",
            ),
            (
                vec![("package.json", r#"{"scripts": {"start": "node ."}}"#)],
                "npm run start",
            ),
            (
                vec![("manage.py", "import django")],
                "python3 manage.py runserver",
            ),
            (
                vec![("manage.py", "from django.core"), (".venv/bin/python", "")],
                ".venv/bin/python manage.py runserver",
            ),
            (
                vec![("main.py", "from fastapi import FastAPI\napp = FastAPI()\n")],
                "python3 -m uvicorn main:app --reload",
            ),
            (
                vec![("app/main.py", "api: FastAPI = FastAPI(title=\"x\")\n")],
                "python3 -m uvicorn app.main:api --reload",
            ),
            (
                vec![("app.py", "import flask\nsite = flask.Flask(__name__)\n")],
                "python3 -m flask --app app:site run --debug",
            ),
            (
                vec![("Gemfile", "gem \"rails\", \"~> 8\"\n"), ("bin/rails", "")],
                "bin/rails server",
            ),
            (
                vec![
                    ("Cargo.toml", "[dependencies]\naxum = \"1\"\n"),
                    ("src/main.rs", ""),
                ],
                "cargo run",
            ),
            (
                vec![
                    ("go.mod", ""),
                    ("main.go", "http.ListenAndServe(\":8080\", nil)"),
                ],
                "go run .",
            ),
        ] {
            let command = server(&fake(&files)).expect(wanted);
            assert_eq!(command.argv.join(" "), wanted);
            assert!(!command.why.is_empty());
        }
    }

    #[test]
    fn in_doubt_there_is_none() {
        for files in [
            vec![],
            vec![("package.json", "{}")],
            vec![("package.json", "nonsense")],
            vec![("package.json", r#"{"scripts": {"test": "jest", "dev": 3}}"#)],
            vec![("manage.py", "print('a tool')")],
            vec![("main.py", "def make():\n    app = FastAPI()\n")],
            vec![("main.py", "# app = FastAPI()\n")],
            vec![("Gemfile", "gem 'sinatra'\n")],
            vec![("Gemfile", "gem 'rails'\n")],
            vec![
                ("Cargo.toml", "[dependencies]\nclap = \"4\"\n"),
                ("src/main.rs", ""),
            ],
            vec![
                ("Cargo.toml", "[dependencies]\naxum = \"1\"\n"),
                ("src/lib.rs", ""),
            ],
            vec![("go.mod", ""), ("main.go", "fmt.Println()")],
        ] {
            assert_eq!(server(&fake(&files)), None, "{files:?}");
        }
    }

    #[test]
    fn what_is_missing_is_told_and_not_installed() {
        let install = |files: &[(&str, &str)]| {
            let command = server(&fake(files)).expect("a server");
            command.install.map(|argv| argv.join(" "))
        };
        assert_eq!(
            install(&[("package.json", DEV), ("yarn.lock", "")]).as_deref(),
            Some("yarn install")
        );
        assert_eq!(
            install(&[("package.json", DEV), ("node_modules", "")]),
            None
        );
        let needs = install(&[("manage.py", "django"), ("requirements.txt", "django")]);
        assert!(needs.is_some_and(|needs| needs.contains(".venv/bin/python -m pip install")));
        assert_eq!(install(&[("manage.py", "django")]), None);
    }
}
