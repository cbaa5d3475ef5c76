//! The promises about access and data (`P12`–`P21`, `P23`), each with its harness and a canary that the harness must catch.

mod access;
mod access_stream;
mod audit;
mod backup;
mod board;
mod bytes;
mod command_line;
mod comment;
mod compartment;
mod corpus;
mod disk;
mod export;
mod factor;
mod figure;
mod file;
mod garbage;
mod group;
mod guess;
mod journey;
#[path = "../editing/live.rs"]
#[expect(dead_code, reason = "shared with the promises of editing, which use more of it")]
mod live;
mod origin;
mod partner;
mod partner_leak;
#[path = "../editing/random.rs"]
#[expect(dead_code, reason = "shared with the promises of editing, which use more of it")]
mod random;
mod reach;
mod release;
mod remote;
mod requirement;
mod retention;
mod script;
mod share;
#[path = "../editing/table.rs"]
mod table;
mod token;
mod upgrade;
mod version;
mod view;
mod waiver;

/// With `RUST_LOG` set, the servers' log goes to the terminal.
fn log() {
    if std::env::var_os("RUST_LOG").is_some() {
        server::telemetry::log::start(false);
    }
}

/// A small design without bodies, enough for everything but geometry.
fn empty() -> solver::design::Design {
    let template = solver::design::template("empty").expect("there is an empty template");
    (template.build)()
}
