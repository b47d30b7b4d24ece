//! Finding a project by a part of its name: exact beats the beginning beats the middle.

use std::path::{Path, PathBuf};

use torch_core::spelling::near;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One project.
    One(PathBuf),
    /// Several that fit equally well, by name.
    Several(Vec<PathBuf>),
    /// None; the names that are nearest.
    None(Vec<String>),
}

/// Picks from the projects' folders. Case, spaces, `-` and `_` count for nothing.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> Found {
    let wanted = plain(name);
    let named: Vec<(String, &PathBuf)> = folders
        .iter()
        .filter_map(|folder| Some((plain(folder.file_name()?.to_str()?), folder)))
        .collect();
    // As it is written beats as it is meant.
    type Way<'a> = &'a dyn Fn(&str, &Path) -> bool;
    let ways: [Way<'_>; 4] = [
        &|_, folder| folder.file_name().is_some_and(|own| own == name),
        &|own, _| own == wanted,
        &|own, _| !wanted.is_empty() && own.starts_with(&wanted),
        &|own, _| !wanted.is_empty() && own.contains(&wanted),
    ];
    for fits in ways {
        let mut all: Vec<PathBuf> = named
            .iter()
            .filter(|(own, folder)| fits(own, folder))
            .map(|(_, folder)| (*folder).clone())
            .collect();
        all.sort();
        all.dedup();
        match all.len() {
            0 => {}
            1 => return Found::One(all.remove(0)),
            _ => return Found::Several(all),
        }
    }
    let names: Vec<&str> = named.iter().map(|(own, _)| own.as_str()).collect();
    let near = near(&wanted, names);
    Found::None(near.into_iter().map(str::to_owned).collect())
}

fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name.split([' ', '-', '_']).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(names: &[&str]) -> Vec<PathBuf> {
        names
            .iter()
            .map(|name| Path::new("/home/u/projects").join(name))
            .collect()
    }

    #[track_caller]
    fn check(name: &str, names: &[&str], wanted: &[&str]) {
        let found = match find(name, &folders(names)) {
            Found::One(one) => vec![one],
            Found::Several(all) => all,
            Found::None(near) => panic!("{name}: none, near {near:?}"),
        };
        assert_eq!(found, folders(wanted), "{name}");
    }

    #[test]
    fn exact_beats_prefix_beats_substring() {
        let all = ["chat", "chat-app", "ai-chat", "shop", "Web Shop", "web_api"];
        check("chat", &all, &["chat"]);
        check("Chat", &all, &["chat"]);
        check("chat-a", &all, &["chat-app"]);
        check("ai", &all, &["ai-chat"]);
        check("hat", &all, &["ai-chat", "chat", "chat-app"]);
        check("web", &all, &["Web Shop", "web_api"]);
        check("web shop", &all, &["Web Shop"]);
        check("web-shop", &all, &["Web Shop"]);
        check("web api", &all, &["web_api"]);
        check("shop", &all, &["shop"]);
        check("op", &all, &["Web Shop", "shop"]);
    }

    #[test]
    fn as_it_is_written_comes_first() {
        check("Shop", &["shop", "Shop"], &["Shop"]);
        check("SHOP", &["shop", "Shop"], &["Shop", "shop"]);
    }

    #[test]
    fn none_tells_what_is_near() {
        let all = folders(&["weather", "website"]);
        assert_eq!(
            find("wheather", &all),
            Found::None(vec!["weather".to_owned()])
        );
        assert_eq!(find("", &all), Found::None(Vec::new()));
        assert_eq!(find("x", &[]), Found::None(Vec::new()));
    }
}
