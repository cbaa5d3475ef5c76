//! CalculiX, where it is installed: it solves our decks on the very mesh that we solved on.

use solver::element::tet::matrix::Stress;
use solver::fitted::recover::Raw;
use std::process::{Command, Stdio};

/// Set to 1 where a comparison that cannot be made is a failure, as `cargo xtask test --long` does.
const DEMANDED: &str = "BRUNEL_PEERS";

/// The files that it writes.
pub struct Answer {
    /// Fields by node.
    pub results: String,
    /// Tables.
    pub printed: String,
}

/// What it makes of a deck; `None`, said aloud, where it is not installed and nobody demands it.
pub fn solve(name: &str, deck: &str) -> Option<Answer> {
    if Command::new("ccx").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        let demanded = std::env::var(DEMANDED).is_ok_and(|v| v == "1");
        assert!(!demanded, "{name}: CalculiX is not installed, and {DEMANDED}=1 asks for it: install ccx");
        println!("skipped {name}: CalculiX is not installed");
        return None;
    }
    let folder = std::env::temp_dir().join(format!("brunel_peer_{}_{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("deck.inp"), deck).unwrap();
    let output =
        Command::new("ccx").args(["-i", "deck"]).current_dir(&folder).env("OMP_NUM_THREADS", "2").output().unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    let answer = Answer { results: read("deck.frd"), printed: read("deck.dat") };
    let _ = std::fs::remove_dir_all(&folder);
    let empty = answer.results.is_empty() && answer.printed.is_empty();
    assert!(output.status.success() && !empty, "{name}: {}", String::from_utf8_lossy(&output.stdout));
    Some(answer)
}

/// One step's tables: displacements by node, and stresses at the integration points of every element.
#[derive(Default)]
pub struct Step {
    pub u: Vec<f64>,
    pub raw: Raw,
}

/// A deck of `n_parts` that also prints what [`steps`] reads.
pub fn printing(deck: &str, n_parts: usize) -> String {
    let mut print = "*NODE PRINT,NSET=NALL\nU\n".to_string();
    for k in 1..=n_parts {
        // In the axes of the model, whatever directions a material has.
        print += &format!("*EL PRINT,ELSET=PART{k},GLOBAL=YES\nS\n");
    }
    deck.replace("*NODE FILE\n", &format!("{print}*NODE FILE\n"))
}

/// The printed tables of a mesh, step by step.
pub fn steps(printed: &str, n_nodes: usize, n_tets: usize) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    let mut table = "";
    for line in printed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(first) = words.first() else { continue };
        let Ok(index) = first.parse::<usize>() else {
            table = if line.contains("displacements (vx,vy,vz)") {
                out.push(Step { u: vec![f64::NAN; 3 * n_nodes], raw: vec![[[f64::NAN; 6]; 4]; n_tets] });
                "displacements"
            } else if line.contains("stresses (elem, integ.pnt.") {
                "stresses"
            } else {
                ""
            };
            continue;
        };
        let Some(step) = out.last_mut() else { continue };
        match table {
            // Nodes beyond the mesh's are helpers of couplings.
            "displacements" if index <= n_nodes => {
                for (u, w) in step.u[3 * (index - 1)..3 * index].iter_mut().zip(&words[1..]) {
                    *u = number(w);
                }
            }
            "stresses" => {
                let point: usize = words[1].parse().unwrap();
                let s: Vec<f64> = words[2..].iter().map(|w| number(w)).collect();
                // Its shears are xy, xz, yz; ours xy, yz, zx.
                step.raw[index - 1][point - 1] = [s[0], s[1], s[2], s[3], s[5], s[4]];
            }
            _ => {}
        }
    }
    out
}

/// Fortran leaves the E out before an exponent of three digits.
fn number(word: &str) -> f64 {
    word.parse().unwrap_or_else(|_| {
        let at = word.rfind(['-', '+']).unwrap();
        format!("{}E{}", &word[..at], &word[at..]).parse().unwrap()
    })
}

/// The largest difference of a component at any integration point, over the largest stress there is.
pub fn stress_apart(own: &Raw, peer: &Raw) -> f64 {
    assert_eq!(own.len(), peer.len());
    // `max` alone forgets what is no number.
    let more = |m: f64, x: f64| if m.is_nan() || x.is_nan() { f64::NAN } else { m.max(x.abs()) };
    let largest = |of: &mut dyn Iterator<Item = f64>| of.fold(0.0f64, more);
    let flat = |raw: &Raw| raw.iter().flatten().flat_map(|s: &Stress| *s).collect::<Vec<f64>>();
    let (own, peer) = (flat(own), flat(peer));
    let off = largest(&mut own.iter().zip(&peer).map(|(a, b)| a - b));
    assert!(!off.is_nan(), "a stress is missing");
    off / largest(&mut peer.into_iter())
}

/// The largest difference of a displacement at any node, over the largest there is.
pub fn displacement_apart(own: &[f64], peer: &[f64]) -> f64 {
    assert_eq!(own.len(), peer.len());
    let size = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (mut off, mut most) = (0.0f64, 0.0f64);
    for (a, b) in own.chunks_exact(3).zip(peer.chunks_exact(3)) {
        let apart = size([a[0] - b[0], a[1] - b[1], a[2] - b[2]]);
        assert!(!apart.is_nan(), "a displacement is missing");
        (off, most) = (off.max(apart), most.max(size([b[0], b[1], b[2]])));
    }
    off / most
}

#[test]
#[should_panic(expected = "a stress is missing")]
fn one_missing_stress_in_the_middle_is_seen() {
    let own: Raw = vec![[[1.0; 6]; 4]; 3];
    let mut peer = own.clone();
    peer[1][2][3] = f64::NAN;
    stress_apart(&own, &peer);
}

#[test]
#[should_panic(expected = "a stress is missing")]
fn an_integration_point_that_is_not_printed_is_seen() {
    let table =
        " displacements (vx,vy,vz) for set NALL\n 1 0. 0. 0.\n stresses (elem, integ.pnt.,sxx,syy,szz,sxy,sxz,syz)\n";
    let points = [1, 2, 4].map(|k| format!(" 1 {k} 1. 1. 1. 1. 1. 1.\n")).concat();
    let peer = steps(&format!("{table}{points}"), 1, 1).remove(0);
    stress_apart(&vec![[[1.0; 6]; 4]], &peer.raw);
}
