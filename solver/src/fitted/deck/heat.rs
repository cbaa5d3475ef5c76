//! A heat problem as an input deck, in the same language.

use super::{by_temperature, equation, nodes, one_line, orientation, part, places};
use crate::fitted::Mesh;
use crate::fitted::heat::{Conductivity, Exchange, Law, Matter, Moment, STEFAN_BOLTZMANN};
use crate::linear::constraint::Constraints;
use std::fmt::Write as _;

/// Steps of the other program, and points of a table that stands for a value over time.
const TABLE: usize = 200;
/// Pairs on a line of a table.
const PER_LINE: usize = 4;

/// What a heat deck says.
pub struct HeatDeck<'a> {
    pub title: &'a str,
    pub mesh: &'a Mesh,
    /// Names of the parts and of their materials.
    pub parts: &'a [(String, String)],
    pub matter: &'a [Matter],
    /// By part, kg/m³.
    pub densities: &'a [f64],
    pub bonds: &'a Constraints<1>,
    /// Nodes of each kept group.
    pub kept: &'a [Vec<u32>],
    pub exchanges: &'a [Exchange],
    /// Temperature at the start, K, and duration, s; `None` for the steady state.
    pub march: Option<(f64, f64)>,
    /// What is given at each of [`times`].
    pub moments: &'a [Moment],
}

/// Moments at which a deck wants to know what is given, s; the start alone for the steady state.
pub fn times(duration: Option<f64>) -> Vec<f64> {
    duration.map_or(vec![0.0], |end| (0..=TABLE).map(|k| end * k as f64 / TABLE as f64).collect())
}

/// A conductivity, or the three along the directions of the section.
fn conducts(s: &mut String, conductivity: &Conductivity) {
    match conductivity {
        Conductivity::Even(k) => {
            s.push_str("*CONDUCTIVITY\n");
            by_temperature(s, k);
        }
        Conductivity::Along { k, .. } => {
            s.push_str("*CONDUCTIVITY,TYPE=ORTHO\n");
            let constant = conductivity.is_constant();
            for t in places(k.iter()) {
                let [k1, k2, k3] = conductivity.at(t);
                let _ = write!(s, "{k1:.12e},{k2:.12e},{k3:.12e}");
                if constant {
                    s.push('\n');
                    return;
                }
                let _ = writeln!(s, ",{t:.12e}");
            }
        }
    }
}

impl HeatDeck<'_> {
    /// The deck, SI units, absolute temperatures.
    pub fn write(&self) -> String {
        let mut s = String::with_capacity(90 * self.mesh.points.len() + 110 * self.mesh.tets.len());
        let _ = writeln!(s, "*HEADING\n{}; units m, kg, s, K, W", one_line(self.title));
        nodes(&mut s, self.mesh);
        for (k, matter) in self.matter.iter().enumerate() {
            // CalculiX takes either name, Abaqus this one alone for heat.
            part(&mut s, self.mesh, k, "DC3D10", &self.parts[k], &|_, _| None);
            let density = self.densities[k];
            let _ = writeln!(s, "*MATERIAL,NAME=MATERIAL{}", k + 1);
            conducts(&mut s, &matter.conductivity);
            s.push_str("*SPECIFIC HEAT\n");
            by_temperature(&mut s, &matter.capacity.scaled(1.0 / density));
            let _ = writeln!(s, "*DENSITY\n{density:.12e}");
            let _ = write!(s, "*SOLID SECTION,ELSET=PART{0},MATERIAL=MATERIAL{0}", k + 1);
            match &matter.conductivity {
                Conductivity::Even(_) => s.push('\n'),
                Conductivity::Along { frame, .. } => orientation(&mut s, k, frame),
            }
        }
        let _ = writeln!(s, "*PHYSICAL CONSTANTS,ABSOLUTE ZERO=0.,STEFAN BOLTZMANN={STEFAN_BOLTZMANN:.9e}");
        for (node, masters) in self.bonds.bonds() {
            let mut terms = vec![(*node, 11, -1.0)];
            terms.extend(masters.iter().map(|(m, w)| (*m, 11, *w)));
            equation(&mut s, &terms);
        }
        let Some(first) = self.moments.first() else { return s };
        let (low, high) = first.range(self.exchanges);
        let start = self.march.map_or(if high >= low { 0.5 * (low + high) } else { 300.0 }, |m| m.0);
        let _ = writeln!(s, "*INITIAL CONDITIONS,TYPE=TEMPERATURE\nNALL,{start:.12e}");
        self.tables(&mut s);
        match self.march {
            None => s.push_str("*STEP,INC=100\n*HEAT TRANSFER,STEADY STATE\n1.,1.\n"),
            Some((_, end)) => {
                let _ = writeln!(
                    s,
                    "*STEP,INC={}\n*HEAT TRANSFER,DIRECT\n{:.12e},{end:.12e}",
                    2 * TABLE,
                    end / TABLE as f64
                );
            }
        }
        self.boundaries(&mut s, first);
        s.push_str("*NODE FILE\nNT\n*EL FILE\nHFL\n*END STEP\n");
        s
    }

    /// Values over time, numbered as kept groups, exchanges, parts.
    fn tables(&self, s: &mut String) {
        let Some((_, end)) = self.march else { return };
        let times = times(Some(end));
        let mut write = |name: String, of: &dyn Fn(&Moment) -> f64| {
            let _ = writeln!(s, "*AMPLITUDE,NAME={name}");
            let pairs: Vec<String> =
                times.iter().zip(self.moments).map(|(t, m)| format!("{t:.12e},{:.12e}", of(m))).collect();
            for line in pairs.chunks(PER_LINE) {
                let _ = writeln!(s, "{}", line.join(","));
            }
        };
        for k in 0..self.kept.len() {
            write(format!("KEPT{}", k + 1), &|m| m.kept[k]);
        }
        for k in 0..self.exchanges.len() {
            write(format!("EXCHANGE{}", k + 1), &|m| m.exchanges[k]);
        }
        for k in 0..self.matter.len() {
            write(format!("SOURCE{}", k + 1), &|m| m.sources[k]);
        }
    }

    fn boundaries(&self, s: &mut String, first: &Moment) {
        // With a table, what is written is a factor on it.
        let factor = |value: f64| if self.march.is_some() { 1.0 } else { value };
        let by = |name: &str, k: usize| {
            if self.march.is_some() { format!(",AMPLITUDE={name}{}", k + 1) } else { String::new() }
        };
        for (k, nodes) in self.kept.iter().enumerate() {
            let _ = writeln!(s, "*BOUNDARY{}", by("KEPT", k));
            for n in nodes {
                let _ = writeln!(s, "{},11,11,{:.12e}", n + 1, factor(first.kept[k]));
            }
        }
        for (k, e) in self.exchanges.iter().enumerate() {
            let (word, letter, size) = match e.law {
                Law::Flux => ("DFLUX", 'S', String::new()),
                Law::Film(h) => ("FILM", 'F', format!(",{h:.12e}")),
                Law::Radiation(emissivity) => ("RADIATE", 'R', format!(",{emissivity:.12e}")),
            };
            let _ = writeln!(s, "*{word}{}", by("EXCHANGE", k));
            for f in &e.facets {
                let facet = &self.mesh.facets[*f];
                let tet = &self.mesh.tets[facet.tet as usize];
                let Some(apex) = (0..4).find(|i| !facet.nodes[..3].contains(&tet[*i])) else { continue };
                // Faces are 123, 142, 243, 341.
                let number = [3, 4, 2, 1][apex];
                let _ = writeln!(s, "{},{letter}{number},{:.12e}{size}", facet.tet + 1, factor(first.exchanges[k]));
            }
        }
        for k in 0..self.matter.len() {
            if self.moments.iter().any(|m| m.sources[k] != 0.0) {
                let _ = writeln!(s, "*DFLUX{}\nPART{},BF,{:.12e}", by("SOURCE", k), k + 1, factor(first.sources[k]));
            }
        }
    }
}
