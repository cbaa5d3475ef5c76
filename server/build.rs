//! Lists `migrations/*.sql`, and with the feature `embed` the built page, so that the binary carries them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let folder = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../migrations");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        println!("cargo:rerun-if-changed={}", path.display());
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let (version, name) =
            stem.split_once('_').unwrap_or_else(|| panic!("{}: name it NNNN_noun_verb.sql", path.display()));
        let version: i64 = version.parse().unwrap_or_else(|_| panic!("{}: name it NNNN_noun_verb.sql", path.display()));
        let _ = writeln!(list, "    ({version}, {name:?}, include_str!({:?})),", path.display().to_string());
    }
    list.push(']');
    let out = PathBuf::from(env("OUT_DIR")).join("migrations.rs");
    std::fs::write(out, list).unwrap_or_else(|error| panic!("cannot write the list of migrations: {error}"));
    if std::env::var_os("CARGO_FEATURE_EMBED").is_some() {
        assets();
    }
}

/// With the feature `embed`: every file of the built page, sorted by name, from the folder in `BRUNEL_ASSETS`.
fn assets() {
    println!("cargo:rerun-if-env-changed=BRUNEL_ASSETS");
    let root = PathBuf::from(env("BRUNEL_ASSETS"));
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, "", &mut files);
    files.sort();
    let mut list = String::from("pub const FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let _ = writeln!(list, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    list.push_str("];");
    let out = PathBuf::from(env("OUT_DIR")).join("assets.rs");
    std::fs::write(out, list).unwrap_or_else(|error| panic!("cannot write the list of assets: {error}"));
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.filter_map(|entry| entry.ok().map(|e| e.path())) {
        let name = format!("{prefix}{}", path.file_name().and_then(|n| n.to_str()).unwrap_or_default());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.push((name, path));
        }
    }
}

fn env(key: &str) -> String {
    std::env::var(key).unwrap_or_else(|_| panic!("{key} is set by cargo"))
}
