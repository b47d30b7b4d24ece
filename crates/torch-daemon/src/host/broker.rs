//! Brokers in blocking tasks: made, looked into, and forwarded from.

use std::collections::BTreeMap;
use std::path::Path;

use torch_api::Failure;
use torch_api::wire::FailureKind;
use torch_core::Timestamp;
use torch_core::broker::{BrokerRemote, Reach};
use torch_process::Environment;
use torch_worktree::{
    BrokerRequest, FetchRequest, FetchedBranch, ForwardRequest, Forwarded, Git, PushedRef,
    PutBackRequest, Remote, Repository, WorktreeError,
};

use super::git::failure;
use super::{Host, Input, execute};
use crate::broker::{Carried, FetchOrder, Opened, Order, Outcome, Remotes, Shape, Went};
use crate::event::Event;
use crate::failure::{from_error, usage};

impl Host {
    /// Carries an order out; what came of it is an event.
    pub(crate) fn broker(&mut self, order: Order) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let now = self.clock.last().wall;
        drop(tokio::task::spawn_blocking(move || {
            let outcome = carried_out(&git, now, order);
            let event = Event::Broker(Box::new(outcome));
            execute::send(&inputs, Input::Event(event));
        }));
    }
}

fn carried_out(git: &Git, now: Timestamp, order: Order) -> Outcome {
    match order {
        Order::Open {
            conn,
            team,
            shape,
            env,
            agents_env,
        } => {
            let result = opened(git, now, &shape, (&env, &agents_env));
            Outcome::Opened {
                conn,
                team,
                path: shape.path,
                env,
                result: result.map(Box::new),
            }
        }
        Order::Try {
            team,
            shape,
            env,
            agents_env,
            unless,
        } => Outcome::Tried {
            team,
            result: tried(git, now, &shape, (&env, &agents_env), unless.as_ref()),
        },
        Order::Fetch(order) => Outcome::Fetched {
            team: order.team,
            // The request was right: it is the remote that fails.
            result: fetched(git, &order)
                .map_err(|error| Box::new(from_error(FailureKind::Other, &error, error.hint()))),
        },
        Order::Look {
            conn,
            agent,
            path,
            quarantine,
            refs,
            secrets,
        } => {
            let lines = refs.iter().map(|line| PushedRef {
                reference: line.reference.clone(),
                old: line.old.clone(),
                new: line.new.clone(),
            });
            let lines: Vec<_> = lines.collect();
            let quarantined = quarantine.as_deref();
            let seen = torch_worktree::push_facts(git, &path, quarantined, &lines, secrets);
            Outcome::Looked {
                conn,
                agent,
                refs,
                landed: quarantine.is_none(),
                result: seen.map_err(|error| Box::new(failure(&error))),
            }
        }
        Order::Land {
            push,
            path,
            reference,
            new,
        } => {
            let landed = torch_worktree::has_landed(git, &path, &reference, &new);
            let landed = landed
                .inspect_err(|error| tracing::warn!(%error, "a broker can't be looked at"))
                .ok();
            Outcome::Landed { push, landed }
        }
        Order::Forward(carried) => {
            let went = forwarded(git, &carried);
            crate::crash::did("push");
            let push = carried.push;
            Outcome::Forwarded { push, went }
        }
        Order::PutBack(carried) => {
            let error = put_back(git, &carried).err().map(|error| told(&error));
            let push = carried.push;
            Outcome::PutBack { push, error }
        }
    }
}

/// An error with its causes, in one line.
fn told(error: &WorktreeError) -> String {
    let mut words = vec![error.to_string()];
    words.extend(crate::failure::causes(error));
    words.join(": ")
}

fn environment(env: &BTreeMap<String, String>) -> Environment {
    let env = env.iter();
    env.map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The broker as it has to be, made where there is none.
fn put_right(git: &Git, shape: &Shape, remote: Option<&str>) -> Result<Repository, WorktreeError> {
    let repository = torch_worktree::inspect_busy(git, &shape.project)?;
    let request = BrokerRequest {
        path: &shape.path,
        repository: &repository,
        remote,
        hook: &shape.hook,
        bytes_max: shape.bytes_max,
    };
    torch_worktree::open_broker(git, &request)?;
    Ok(repository)
}

fn opened(
    git: &Git,
    now: Timestamp,
    shape: &Shape,
    (env, agents_env): (&BTreeMap<String, String>, &BTreeMap<String, String>),
) -> Result<Opened, Box<Failure>> {
    let found = found(git, shape)?;
    reached(git, now, shape, (env, agents_env), found)
}

/// Tries again who may push; nothing where the remotes are those of before and only others are of interest.
fn tried(
    git: &Git,
    now: Timestamp,
    shape: &Shape,
    envs: (&BTreeMap<String, String>, &BTreeMap<String, String>),
    unless: Option<&Remotes>,
) -> Result<Option<Box<Opened>>, String> {
    let tried = || {
        let found = found(git, shape)?;
        if unless == Some(&found) {
            return Ok(None);
        }
        reached(git, now, shape, envs, found).map(|opened| Some(Box::new(opened)))
    };
    tried().map_err(|failure: Box<Failure>| {
        let words = std::iter::once(failure.error).chain(failure.causes);
        words.collect::<Vec<_>>().join(": ")
    })
}

fn fetched(git: &Git, order: &FetchOrder) -> Result<Vec<FetchedBranch>, WorktreeError> {
    put_right(git, &order.shape, Some(&order.remote.name))?;
    let request = FetchRequest {
        broker: &order.shape.path,
        common_dir: &order.common_dir,
        url: &order.remote.url,
        remote: &order.remote.name,
        env: &environment(&order.env),
        keep: &order.keep,
    };
    torch_worktree::fetch_branches(git, &request)
}

/// Looks at the project's remotes.
fn found(git: &Git, shape: &Shape) -> Result<Remotes, Box<Failure>> {
    let failed = |error: WorktreeError| Box::new(failure(&error));
    let repository = torch_worktree::inspect_busy(git, &shape.project).map_err(failed)?;
    let all = torch_worktree::remotes(git, &repository.common_dir).map_err(failed)?;
    let chosen = chosen(&all, shape.remote.as_deref())?;
    let place = chosen.map(|remote| place(remote, &repository.root));
    let remote = place.transpose()?;
    let settings = settings((&shape.path, &repository.root), &all, chosen);
    Ok((remote, settings))
}

/// Makes the broker where there is none, and tries who may push to the remote.
fn reached(
    git: &Git,
    now: Timestamp,
    shape: &Shape,
    (env, agents_env): (&BTreeMap<String, String>, &BTreeMap<String, String>),
    (remote, settings): Remotes,
) -> Result<Opened, Box<Failure>> {
    let failed = |error: WorktreeError| Box::new(failure(&error));
    put_right(git, shape, remote.as_ref().map(|it| it.name.as_str())).map_err(failed)?;
    let mut reach = None;
    if let Some(remote) = &remote {
        let asks = |git: &Git, env: &BTreeMap<String, String>| {
            torch_worktree::may_push(git, &shape.path, &remote.url, &environment(env))
        };
        let own = asks(git, env).map_err(failed)?;
        let bare = Git::new(environment(agents_env));
        let theirs = asks(&bare, agents_env).map_err(failed)?;
        let said = match &own {
            Some(Forwarded::Done) | None => None,
            Some(
                Forwarded::Away { said } | Forwarded::Behind { said } | Forwarded::Refused { said },
            ) => Some(said.clone()),
        };
        let let_in = |found: &Forwarded| !matches!(found, Forwarded::Away { .. });
        reach = own.as_ref().map(|own| Reach {
            at: now,
            torch: let_in(own),
            agents: theirs.as_ref().is_none_or(let_in),
            said,
        });
    }
    Ok(Opened {
        remote,
        settings,
        reach,
    })
}

/// The remote that pushes are forwarded to.
fn chosen<'r>(all: &'r [Remote], wanted: Option<&str>) -> Result<Option<&'r Remote>, Box<Failure>> {
    let named = |name: &str| all.iter().find(|remote| remote.name == name);
    let error = "the broker was not switched on";
    let names = || {
        let names: Vec<&str> = all.iter().map(|remote| remote.name.as_str()).collect();
        names.join(", ")
    };
    match (wanted, all) {
        (Some(name), _) => named(name).map(Some).ok_or_else(|| {
            let cause = format!("there is no remote {name:?}; there are: {}", names());
            Box::new(usage(error, &cause, Some("git remote -v")))
        }),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only)),
        (None, _) => named("origin").map(Some).ok_or_else(|| {
            let cause = format!("none of the remotes is called origin: {}", names());
            let hint = format!("torch git broker on --remote {}", all[0].name);
            Box::new(usage(error, &cause, Some(&hint)))
        }),
    }
}

/// The one place that a remote is pushed to.
fn place(remote: &Remote, root: &Path) -> Result<BrokerRemote, Box<Failure>> {
    let name = &remote.name;
    let refuse = |cause: String, hint: String| {
        let error = "the broker was not switched on";
        Err(Box::new(usage(error, &cause, Some(&hint))))
    };
    let urls = push_urls(remote);
    let [url] = urls else {
        let cause = format!(
            "{name} is pushed to {} places, and only one can be forwarded to",
            urls.len()
        );
        return refuse(cause, format!("git remote get-url --push --all {name}"));
    };
    if is_helper(url) {
        let cause = format!(
            "{name} is reached by a program that its place names, which torch runs none of: {url}"
        );
        return refuse(cause, format!("git remote get-url --push {name}"));
    }
    if has_password(url) {
        let cause = format!(
            "the place of {name} holds a password, which every agent can read in the repository's configuration"
        );
        return refuse(
            cause,
            "git config --global credential.helper store".to_owned(),
        );
    }
    // One beside the project is found from the broker only by its whole path.
    let relative = !url.contains(':') && !Path::new(url).is_absolute();
    let url = match relative {
        true => root.join(url).display().to_string(),
        false => url.clone(),
    };
    Ok(BrokerRemote {
        name: name.clone(),
        url,
        default_branch: remote.default_branch.clone(),
    })
}

/// `ext::sh -c …`: what runs a program of the place's choice.
fn is_helper(url: &str) -> bool {
    url.split_once("::").is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// `https://ann:secret@example.org/x`.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map(|(_, rest)| rest);
    let authority = rest.and_then(|rest| rest.split('/').next());
    let user = authority
        .and_then(|it| it.rsplit_once('@'))
        .map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':'))
}

fn push_urls(remote: &Remote) -> &[String] {
    match remote.push_urls.as_slice() {
        [] => &remote.urls,
        own => own,
    }
}

/// What agents' git is told: pushes to the remote go to the broker, pushes to any other one nowhere, and no helper hands out keys.
fn settings(
    (broker, root): (&Path, &Path),
    all: &[Remote],
    chosen: Option<&Remote>,
) -> Vec<(String, String)> {
    let broker = broker.display();
    let pair = |key: String, value: &str| (key, value.to_owned());
    let mut found = Vec::new();
    let Some(chosen) = chosen else {
        return vec![
            pair("remote.origin.url".to_owned(), &broker.to_string()),
            pair(
                "remote.origin.fetch".to_owned(),
                "+refs/heads/*:refs/remotes/origin/*",
            ),
            pair("credential.helper".to_owned(), ""),
        ];
    };
    for remote in all {
        let base = match remote.name == chosen.name {
            true => broker.to_string(),
            false => format!("{broker}/only-{}-is-forwarded", chosen.name),
        };
        // git (2.47) rewrites a place that is said for pushes on its own as it does one for fetches.
        let key = match remote.push_urls.is_empty() {
            true => format!("url.{base}.pushInsteadOf"),
            false => format!("url.{base}.insteadOf"),
        };
        let urls = push_urls(remote).iter();
        let spelled = urls.flat_map(|url| spellings(url, root));
        found.extend(spelled.map(|url| pair(key.clone(), &url)));
    }
    found.push(pair("credential.helper".to_owned(), ""));
    found
}

/// A place as the configuration has it, and for a folder of this machine the other ways to write it: whole, and as `file://`.
fn spellings(url: &str, root: &Path) -> Vec<String> {
    let mut found = vec![url.to_owned()];
    let path = match url.strip_prefix("file://") {
        Some(path) => path.strip_prefix("localhost").unwrap_or(path).to_owned(),
        // `host:path` is ssh's, unless a slash comes first (git-push(1), "GIT URLS").
        None if url
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':')) =>
        {
            return found;
        }
        None => root.join(url).display().to_string(),
    };
    let mut paths = vec![path];
    // A path through `..` or a link is the same folder as the one at its end.
    let real = Path::new(&paths[0]).canonicalize().ok();
    paths.extend(real.map(|real| real.display().to_string()));
    for path in paths {
        let others = [
            path.clone(),
            format!("file://{path}"),
            format!("file://localhost{path}"),
        ];
        for other in others {
            if !found.contains(&other) {
                found.push(other);
            }
        }
    }
    found
}

fn forwarded(git: &Git, carried: &Carried) -> Went {
    let Some(remote) = &carried.remote else {
        return Went::Done;
    };
    let went = || -> Result<Went, WorktreeError> {
        put_right(git, &carried.shape, Some(&remote.name))?;
        let env = environment(&carried.env);
        let request = ForwardRequest {
            broker: &carried.shape.path,
            url: &remote.url,
            env: &env,
            reference: &carried.reference,
            commit: &carried.new,
        };
        Ok(match torch_worktree::forward(git, &request)? {
            Forwarded::Done => Went::Done,
            Forwarded::Away { said } => Went::Away { said },
            Forwarded::Refused { said } => Went::Refused {
                said,
                behind: false,
            },
            // What an earlier daemon forwarded may be below what somebody else has pushed since.
            Forwarded::Behind { said } => match torch_worktree::standing(git, &request)? {
                Some(standing) if standing.holds => Went::Done,
                _ => Went::Refused { said, behind: true },
            },
        })
    };
    went().unwrap_or_else(|error| Went::Away { said: told(&error) })
}

fn put_back(git: &Git, carried: &Carried) -> Result<(), WorktreeError> {
    let env = environment(&carried.env);
    let mut to = carried.old.clone();
    if let Some(remote) = &carried.remote {
        let request = ForwardRequest {
            broker: &carried.shape.path,
            url: &remote.url,
            env: &env,
            reference: &carried.reference,
            commit: &carried.new,
        };
        // Where it can't be asked, what it had before is the best that is known.
        if let Ok(standing) = torch_worktree::standing(git, &request) {
            to = standing.map(|standing| standing.tip);
        }
    }
    let name = carried.remote.as_ref().map_or("origin", |it| &it.name);
    torch_worktree::put_back(
        git,
        &PutBackRequest {
            broker: &carried.shape.path,
            common_dir: &carried.common_dir,
            remote: name,
            reference: &carried.reference,
            pushed: &carried.new,
            to: to.as_deref(),
        },
    )
}

#[cfg(test)]
mod tests;
