//! Promises P7 to P11 on real processes: this binary is harness, worker and solver's child at once.
//!
//! `cargo test -p server --test job [-- NAME… --long --seed N]`. Studies that panic, overflow, allocate and loop exist
//! only here; the shipped program knows none of them.

#[cfg(unix)]
mod answer;
#[cfg(unix)]
mod bits;
#[cfg(unix)]
mod cancel;
#[cfg(unix)]
mod chaos;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod fence;
#[cfg(unix)]
mod pause;
#[cfg(unix)]
mod role;
#[cfg(unix)]
mod stub;
#[cfg(unix)]
mod world;

#[cfg(not(unix))]
fn main() {
    eprintln!("skipped: these tests stop and kill processes by signal, which needs a Unix");
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("worker-job") => role::job(&arguments[1..]),
        Some("stub-worker") => role::worker(&arguments[1..]),
        Some("stub-sleeper") => role::sleeper(&arguments[1..]),
        Some("stub-reckless") => role::reckless(&arguments[1..]),
        _ => harness(&arguments),
    }
}

/// How hard to try.
#[cfg(unix)]
#[derive(Clone, Copy)]
pub struct Effort {
    pub long: bool,
    pub seed: u64,
}

#[cfg(unix)]
type Promise = (&'static str, fn(Effort) -> Result<(), String>);

#[cfg(unix)]
const PROMISES: &[Promise] = &[
    ("answers_come_from_the_store", answer::from_the_store),
    ("queue_positions_and_cancel_of_a_waiting_run", answer::waiting),
    ("files_and_artefacts_are_fenced_and_verified", answer::guarded),
    ("a_worker_that_goes_while_it_publishes", answer::interrupted),
    ("p7_every_accepted_job_ends", chaos::every_job_ends),
    ("p7_canary_leases_that_never_end", chaos::canary),
    ("p8_one_result_per_job", fence::one_result),
    ("p8_canary_no_epoch", fence::canary),
    ("p9_cancel_takes_effect", cancel::takes_effect),
    ("p9_canary_nobody_takes_the_job_away", cancel::canary),
    ("a_paused_run_goes_on_where_it_stood", pause::goes_on),
    ("a_changed_question_begins_where_a_paused_run_stands", pause::goes_on_changed),
    ("a_run_finishes_with_what_it_has", pause::finishes),
    ("a_killed_run_goes_on_from_its_checkpoint", pause::survives),
    ("canary_a_run_that_forgets_its_checkpoint", pause::canary),
    ("a_killed_generative_run_ends_with_the_same_design", pause::grows_on),
    ("p10_a_broken_solver_hurts_only_its_job", crash::only_its_job),
    ("p10_canary_solver_inside_the_worker", crash::canary),
    ("p11_same_bits_on_one_and_two_threads", bits::same),
    ("p11_canary_sums_that_follow_the_threads", bits::canary),
];

#[cfg(unix)]
fn harness(arguments: &[String]) -> std::process::ExitCode {
    if arguments.iter().any(|a| a == "--list") {
        for (name, _) in PROMISES {
            println(&format!("{name}: test"));
        }
        return std::process::ExitCode::SUCCESS;
    }
    let long = arguments.iter().any(|a| a == "--long");
    let given = arguments.iter().position(|a| a == "--seed").and_then(|at| arguments.get(at + 1)?.parse().ok());
    let seed = given.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |t| t.as_secs()));
    let number = given.map(|n| n.to_string());
    let wanted: Vec<&String> =
        arguments.iter().filter(|a| !a.starts_with('-') && Some(a.as_str()) != number.as_deref()).collect();
    // The harness speaks to the server as a program would.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut failed = Vec::new();
    for (name, promise) in PROMISES {
        if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w.as_str())) {
            continue;
        }
        let began = std::time::Instant::now();
        let outcome = promise(Effort { long, seed });
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println(&format!("test {name} ... ok ({seconds:.1} s, seed {seed})")),
            Err(why) => {
                println(&format!(
                    "test {name} ... FAILED ({seconds:.1} s)\n    {why}\n    replay: -- {name} --seed {seed}"
                ));
                failed.push(name);
            }
        }
    }
    if failed.is_empty() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

#[cfg(unix)]
fn println(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
