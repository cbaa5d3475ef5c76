//! The rules of the house, as tests: who may depend on whom, and what each crate must not do.

use crate::pictures;
use crate::process::{self, cargo, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names of all packages that `package` is built from.
fn tree(package: &str, extra: &[&str]) -> BTreeSet<String> {
    let mut arguments = vec!["tree", "--locked", "--prefix", "none", "--edges", "normal", "--package", package];
    arguments.extend(extra);
    process::output("cargo tree", cargo(&arguments))
        .expect("cargo tree answers inside the workspace")
        .lines()
        .filter_map(|l| l.split_whitespace().next().map(String::from))
        .collect()
}

fn present<'a>(tree: &BTreeSet<String>, forbidden: &[&'a str]) -> Vec<&'a str> {
    forbidden.iter().copied().filter(|f| tree.contains(*f)).collect()
}

/// Every Rust source below `dir`, with its text up to the first test module: tests may do what the product may not.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    let mut waiting = vec![root().join(dir)];
    while let Some(path) = waiting.pop() {
        for entry in std::fs::read_dir(&path).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_string();
                out.push((path, product));
            }
        }
    }
    assert!(!out.is_empty(), "no sources below {dir}");
    out
}

/// Lines of product code below `dir` that contain one of `words`, outside comments.
fn offences(dir: &str, words: &[&str], allowed: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    for (path, text) in sources(dir) {
        if allowed(&path) {
            continue;
        }
        for (i, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|w| code.contains(**w)) {
                out.push(format!("{}:{}: {word}", path.display(), i + 1));
            }
        }
    }
    out
}

#[test]
fn the_solver_stands_alone() {
    let tree = tree("solver", &["--features", "solve"]);
    assert!(tree.contains("arris") && tree.contains("rayon"), "canary: the tree is not empty");
    let found =
        present(&tree, &["app", "server", "frontend", "tokio", "axum", "sqlx", "leptos", "web-sys", "wasm-bindgen"]);
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn the_solver_does_no_io_and_never_spawns() {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::time",
        "SystemTime",
        "Instant::now",
        "ThreadPoolBuilder",
        "rayon::spawn",
        "println!",
        "eprintln!",
        "tokio::",
        "std::env",
    ];
    assert!(!offences("xtask/src", &["std::process"], |_| false).is_empty(), "canary: the search finds what is there");
    assert_eq!(offences("solver/src", &words, |_| false), Vec::<String>::new());
}

#[test]
fn the_page_carries_no_kernel() {
    let tree = tree("frontend", &["--target", "wasm32-unknown-unknown"]);
    assert!(tree.contains("three-d"), "canary");
    let heavy = ["arris", "fidget", "faer", "parry3d-f64", "rayon", "sqlx", "tokio", "axum", "utoipa"];
    assert_eq!(present(&tree, &heavy), Vec::<&str>::new());
}

#[test]
fn the_app_knows_no_database_and_no_canvas() {
    let tree = tree("app", &["--features", "hydrate", "--target", "wasm32-unknown-unknown"]);
    assert_eq!(present(&tree, &["sqlx", "three-d", "server", "frontend"]), Vec::<&str>::new());
}

#[test]
fn three_d_is_only_in_the_frontend() {
    assert_eq!(present(&tree("server", &[]), &["three-d", "frontend"]), Vec::<&str>::new());
}

#[test]
fn studies_do_not_know_one_another() {
    let dir = root().join("solver/src/study");
    let studies: Vec<String> = std::fs::read_dir(&dir)
        .expect("the studies' folder is there")
        .flatten()
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(studies.iter().any(|s| s == "statics"), "canary");
    for a in &studies {
        for b in studies.iter().filter(|b| *b != a) {
            let words = [format!("study::{b}"), format!("super::{b}")];
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(offences(&format!("solver/src/study/{a}"), &words, |_| false), Vec::<String>::new());
        }
    }
}

#[test]
fn only_serve_opens_the_database() {
    // SQL stands in files that say so; the worker's own code has none.
    let worker = |p: &Path| !p.to_string_lossy().contains("/jobs/worker");
    assert_eq!(offences("server/src", &["sqlx::"], worker), Vec::<String>::new());
}

#[test]
fn sources_hold_one_thing_each() {
    /// At 600 lines we ask which two things a file holds; this stops those where nobody asked.
    const LINES_MAX: usize = 650;
    let long: Vec<String> = ["solver/src", "app/src", "frontend/src", "server/src", "xtask/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|(_, text)| text.lines().count() > LINES_MAX)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

/// Pictures that `pages` show, from the root.
fn shown(pages: &[(String, String)]) -> BTreeSet<String> {
    let of = |(page, text): &(String, String)| {
        let folder = page.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        pictures::named(text).into_iter().map(|address| format!("{folder}{address}")).collect::<Vec<_>>()
    };
    pages.iter().flat_map(of).collect()
}

#[test]
fn pages_show_pictures_that_are_there() {
    /// What a clone has to fetch of pictures, bytes.
    const BYTES_MAX: u64 = 2_500_000;
    let page = ("docs/a.md".to_string(), "![here](images/b.png)".to_string());
    assert_eq!(shown(&[page]), BTreeSet::from(["docs/images/b.png".to_string()]), "canary");
    let shown = shown(&pictures::pages().expect("pages are text"));
    let missing: Vec<&String> = shown.iter().filter(|p| !root().join(p).is_file()).collect();
    assert!(missing.is_empty(), "a page shows pictures that are not there: {missing:?}; cargo xtask pictures");
    let mut bytes = 0;
    for entry in std::fs::read_dir(root().join("docs/images")).expect("the manual has pictures").flatten() {
        let name = format!("docs/images/{}", entry.file_name().to_string_lossy());
        assert!(shown.contains(&name), "no page shows {name}; cargo xtask pictures removes it");
        bytes += entry.metadata().expect("a file").len();
    }
    assert!(bytes > 0 && bytes <= BYTES_MAX, "pictures of {bytes} bytes");
}
