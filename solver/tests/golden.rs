//! P6: documents of every schema version load for ever. `golden/vN` holds, per version, a log of commands and the design
//! that it built in the build that wrote it. The files are never changed; a new version adds a folder.

use solver::design::schema::KINDS;
use solver::design::{Command, Design, Object, Value, check, replay};
use std::path::{Path, PathBuf};

/// From the package's folder, in which Cargo runs tests: two checkouts may share what was built.
const FOLDER: &str = "tests/golden";

fn versions() -> Vec<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir(FOLDER).unwrap().map(|e| e.unwrap().path()).collect();
    versions.sort();
    versions
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_version_loads_and_replays() {
    let versions = versions();
    assert_eq!(versions.len(), Design::SCHEMA as usize, "a version of the schema without a golden folder");
    for version in versions {
        let commands: Vec<Command> = read(&version.join("log.json"));
        let design: Design = read(&version.join("design.json"));
        let mut replayed = Design { schema: design.schema, objects: Vec::new() };
        for (i, command) in commands.iter().enumerate() {
            replay(&mut replayed, command).unwrap_or_else(|e| panic!("{} command {}: {e}", version.display(), i + 1));
        }
        assert_eq!(replayed, design, "{}", version.display());
        check(&design);
        // Nothing of it is lost by reading and writing.
        let raw: serde_json::Value = read(&version.join("design.json"));
        assert_eq!(serde_json::to_value(&design).unwrap(), raw, "{}", version.display());
        let raw: serde_json::Value = read(&version.join("log.json"));
        assert_eq!(serde_json::to_value(&commands).unwrap(), raw, "{}", version.display());
    }
}

#[test]
fn the_newest_golden_document_has_every_kind() {
    let commands: Vec<Command> = read(&versions().last().unwrap().join("log.json"));
    let added = |kind: &str| commands.iter().any(|c| matches!(c, Command::Add { object, .. } if object.kind == kind));
    let missing: Vec<&str> = KINDS.iter().map(|k| k.id).filter(|id| !added(id)).collect();
    // Kinds that came after the file was written are covered by the next version.
    assert!(missing.len() * 4 < KINDS.len(), "write the next golden version: it lacks {missing:?}");
}

/// Wrote the files of this version; kept to show what they hold, and for the next version.
#[test]
#[ignore = "writes the golden files of a new schema version"]
fn write_golden_files() {
    use solver::surface::{EdgeName, FaceName};
    let folder = Path::new(FOLDER).join(format!("v{}", Design::SCHEMA));
    assert!(!folder.exists(), "golden files are never changed");
    let mut commands = Vec::new();
    let set = |id: &str, key: &str, value| Command::Set { id: id.into(), key: key.into(), value };
    for kind in KINDS {
        let id = format!("{}_1", kind.id);
        let mut object = Object::new(id.as_str(), kind.id, &format!("n_{}", kind.id));
        for field in kind.fields {
            object.properties.insert(field.key.into(), field.default_value());
        }
        commands.push(Command::Add { object, before: None });
    }
    let face = |name: &str| FaceName(name.into());
    let edges = vec![EdgeName::between(face("box_1.top"), face("box_1.front"), 1)];
    commands.extend([
        set("parameter_1", "value", Some(Value::Expr("25.5 mm".into()))),
        set("box_1", "dx", Some(Value::Expr("2*n_parameter + 3 mm".into()))),
        set("box_1", "origin", Some(Value::Vector(["n_parameter".into(), "-1 in".into(), "0".into()]))),
        set("box_1", "dy", None),
        set("cylinder_1", "operation", Some(Value::Choice("cut".into()))),
        set("cylinder_1", "targets", Some(Value::Refs(vec!["box_1".into()]))),
        set("fillet_1", "edges", Some(Value::Edges(edges))),
        set("force_1", "faces", Some(Value::Faces(vec![face("box_1.top"), face("cylinder_1.side")]))),
        Command::Rename { id: "parameter_1".into(), name: "width".into() },
        Command::Suppress { id: "sphere_1".into(), suppressed: true },
        Command::Move { id: "torus_1".into(), before: Some("box_1".into()), parent: Some("group_1".into()) },
        Command::Batch {
            commands: vec![
                Command::Remove { id: "cone_1".into() },
                Command::Add { object: Object::new("box_2", "box", "Second"), before: Some("box_1".into()) },
                set("box_2", "centred", Some(Value::Flag(true))),
            ],
        },
    ]);
    let mut design = Design::new();
    for command in &commands {
        replay(&mut design, command).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("log.json"), serde_json::to_string_pretty(&commands).unwrap()).unwrap();
    std::fs::write(folder.join("design.json"), serde_json::to_string_pretty(&design).unwrap()).unwrap();
}
