//! What studies take of memory, counted, against what they said before they ran. A test of its own, because the counting
//! allocator is the whole program's.
#![cfg(feature = "solve")]
#![allow(clippy::print_stdout)] // What was measured beside what was estimated.
#![allow(unsafe_code)] // An allocator is unsafe by its signature; this one hands everything on.

#[path = "../support/part.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod part;
#[path = "../support/physics.rs"]
#[allow(dead_code)]
mod physics;
#[path = "../generative/sample.rs"]
#[allow(dead_code)]
mod sample;

use glam::DQuat;
use solver::design::Object;
use solver::run::Ctx;
use solver::study::study;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The system's allocator, and how much of it is in use.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn took(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(now, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new may both be there while one is copied to the other.
        took(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One measurement at a time: what runs beside it would be counted too.
static ALONE: Mutex<()> = Mutex::new(());

/// The most that `f` has in use at a time beyond what was before, bytes.
fn peak(f: impl FnOnce()) -> usize {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    f();
    PEAK.load(Relaxed) - before
}

/// Elements over the length of the problem: some ten thousand unknowns, enough that what grows with them outweighs what
/// every run has.
const ELEMENT: f64 = 1.0 / 24.0;

/// An estimate that is so many times what a run takes refuses runs that would fit.
const EXCESS_MAX: f64 = 60.0;

#[test]
fn no_study_takes_more_than_it_says() {
    let _alone = ALONE.lock().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for physics in physics::ALL {
        let sample = physics.sample(DQuat::IDENTITY, 1.0, ELEMENT);
        let runner = study(physics.study).unwrap();
        let cost = sample.with(|case| runner.cost(case));
        let cancel = AtomicBool::new(false);
        let mut taken = 0;
        pool.install(|| {
            taken = peak(|| {
                let mut sink = |_| {};
                sample.with(|case| runner.run(case, &mut Ctx::new(&mut sink, &cancel))).unwrap();
            });
        });
        let (taken, said) = (taken as f64 / 1e6, cost.memory_bytes as f64 / 1e6);
        println!("{}: {} unknowns, {taken:.1} MB of {said:.1} MB", physics.name, cost.dofs);
        assert!(taken <= said, "{}: {taken:.1} MB, and {said:.1} MB were said", physics.name);
        assert!(said <= EXCESS_MAX * taken, "{}: {said:.1} MB said for {taken:.1} MB", physics.name);
    }
}

/// What an optimiser holds depends on what it is asked: one volume, members of a least width, a limit on stress in two cases.
#[test]
fn generative_design_takes_no_more_than_it_says() {
    let _alone = ALONE.lock().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let wish = || sample::wish().expr("cells", "36").expr("iterations", "3");
    let aside = || {
        let load = Object::new("aside", "force", "Aside").with("faces", sample::faces(&["space.right"]));
        load.with("force", sample::vector([0.0, 50.0, 0.0], "N"))
    };
    let case =
        |id: &str| Object::new(format!("case_{id}").as_str(), "load_case", id).with("loads", sample::refs(&[id]));
    let within = wish().with("goal", sample::choice("stress")).expr("stress", "12 MPa");
    let asked = [
        ("a share", wish(), vec![]),
        ("a least width", wish().expr("member", "4 mm"), vec![]),
        ("a largest width", wish().expr("member_max", "8 mm"), vec![]),
        ("a stress in two cases", within, vec![aside(), case("push"), case("aside")]),
    ];
    for (name, study_object, more) in asked {
        let sample = sample::cantilever(study_object, more);
        let runner = study("generative").unwrap();
        let said = sample.with(|case| runner.cost(case)).memory_bytes as f64 / 1e6;
        let cancel = AtomicBool::new(false);
        let mut taken = 0;
        pool.install(|| {
            taken = peak(|| {
                let mut sink = |_| {};
                sample.with(|case| runner.run(case, &mut Ctx::new(&mut sink, &cancel))).unwrap();
            });
        });
        let taken = taken as f64 / 1e6;
        println!("generative, {name}: {taken:.1} MB of {said:.1} MB");
        assert!(taken <= said, "{name}: {taken:.1} MB, and {said:.1} MB were said");
        assert!(said <= EXCESS_MAX * taken, "{name}: {said:.1} MB said for {taken:.1} MB");
    }
}

/// What is given back no longer counts, what overlaps does.
#[test]
fn the_count_is_of_what_is_in_use_at_once() {
    let _alone = ALONE.lock().unwrap();
    let megabytes = |n: usize| std::hint::black_box(vec![1u8; n << 20]).len();
    let one_by_one = peak(|| {
        megabytes(40);
        megabytes(30);
    });
    let together = peak(|| {
        let (a, b) = (std::hint::black_box(vec![1u8; 40 << 20]), std::hint::black_box(vec![2u8; 30 << 20]));
        assert!(a.len() > b.len());
    });
    // The test harness allocates a little beside.
    assert!((40 << 20..41 << 20).contains(&one_by_one), "{one_by_one}");
    assert!((70 << 20..71 << 20).contains(&together), "{together}");
}
