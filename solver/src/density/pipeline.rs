//! From a design to physical densities: filter, symmetry, process, projection, and what must be kept or avoided.

use super::casting::{Casting, Draw, castable};
use super::filter::Cone;
use super::helmholtz::Helmholtz;
use super::overhang::{Overhang, Slope};
use super::pattern::{Extrusion, Mirror, Plane};
use super::project::Projection;
use super::{Chain, Direction, Domain, Invalid, Map, Role};
use serde::{Deserialize, Serialize};

/// How a design is kept from falling apart into single cells; radii in cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Filter {
    /// Sigmund's filter of sensitivities: a heuristic that works well, for comparison.
    Sensitivity { radius: f64 },
    /// Weighted means over a ball.
    Density { radius: f64 },
    /// The same with void beyond the design space, but for what is mirrored beyond `open` sides of the box, lower and upper
    /// along each axis.
    Framed { radius: f64, open: [[bool; 2]; 3] },
    /// Means by a differential equation: for large radii.
    Helmholtz { radius: f64 },
}

/// How the part is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Process {
    Any,
    /// Layer by layer along `build`, without supports under overhangs as steep as `slope`.
    Printed {
        build: Direction,
        slope: Slope,
    },
    Cast {
        draw: Draw,
    },
    /// One profile along an axis.
    Extruded {
        axis: usize,
    },
}

/// Drawn towards whole cells by a projection that grows steeper, from `beta_start`, doubled up to `beta_end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sharpening {
    pub beta_start: f64,
    pub beta_end: f64,
    /// Thresholds ½ ± `robust` of an eroded and a dilated design, of which the eroded must be stiff and the dilated light
    /// (Wang, Lazarov & Sigmund 2011): members and gaps are then no thinner than the filter says. `None`: one design.
    pub robust: Option<f64>,
}

/// The maps of a set-up, with their weights.
pub struct Pipeline {
    domain: Domain,
    filter: Smoothing,
    mirrors: Vec<Mirror>,
    extrusion: Option<Extrusion>,
    casting: Option<Casting>,
    overhang: Option<Overhang>,
}

enum Smoothing {
    /// Filters derivatives, not densities.
    Sensitivity(Cone),
    Density(Cone),
    Helmholtz(Helmholtz),
}

impl Pipeline {
    /// # Errors
    /// [`Invalid`] where a radius, axis or plane is out of range, the part cannot be cast, or the filter of sensitivities
    /// meets a process.
    pub fn new(domain: &Domain, filter: Filter, symmetry: &[Plane], process: Process) -> Result<Self, Invalid> {
        let (Filter::Sensitivity { radius }
        | Filter::Density { radius }
        | Filter::Framed { radius, .. }
        | Filter::Helmholtz { radius }) = filter;
        if !(0.0..=1e3).contains(&radius) {
            return Err(Invalid::Range { name: "the filter's radius", value: radius, wanted: "0 to 1000 cells" });
        }
        if let (Filter::Sensitivity { .. }, Process::Printed { .. } | Process::Cast { .. }) = (filter, process) {
            return Err(Invalid::Sensitivity { with: "casting and printing" });
        }
        let domain = match process {
            Process::Cast { draw } => castable(domain, draw)?,
            _ => domain.clone(),
        };
        Ok(Self {
            filter: match filter {
                Filter::Sensitivity { .. } => Smoothing::Sensitivity(Cone::new(&domain, radius)),
                Filter::Density { .. } => Smoothing::Density(Cone::new(&domain, radius)),
                Filter::Framed { open, .. } => Smoothing::Density(Cone::framed(&domain, radius, open)),
                Filter::Helmholtz { .. } => Smoothing::Helmholtz(Helmholtz::new(&domain, radius)),
            },
            mirrors: symmetry.iter().map(|p| Mirror::new(&domain, *p)).collect::<Result<_, _>>()?,
            extrusion: match process {
                Process::Extruded { axis } => Some(Extrusion::new(&domain, axis)?),
                _ => None,
            },
            casting: match process {
                Process::Cast { draw } => Some(Casting::new(&domain, draw)?),
                _ => None,
            },
            overhang: match process {
                Process::Printed { build, slope } => Some(Overhang::new(&domain, build, slope)?),
                _ => None,
            },
            domain,
        })
    }

    /// The cells' roles, after the process has had its say.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// From the design to physical densities.
    pub fn chain(&self, projection: Option<Projection>) -> Chain<'_> {
        let mut chain = match &self.filter {
            Smoothing::Sensitivity(_) => Chain::default(),
            Smoothing::Density(cone) => Chain::default().then(cone),
            Smoothing::Helmholtz(filter) => Chain::default().then(filter),
        };
        for mirror in &self.mirrors {
            chain = chain.then(mirror);
        }
        if let Some(extrusion) = &self.extrusion {
            chain = chain.then(extrusion);
        }
        if let Some(casting) = &self.casting {
            chain = chain.then(casting);
        }
        if let Some(projection) = projection {
            chain = chain.then(projection);
        }
        if let Some(overhang) = &self.overhang {
            chain = chain.then(Imposed(&self.domain)).then(overhang);
        }
        if self.domain.roles().iter().any(|r| *r != Role::Free) {
            chain = chain.then(Imposed(&self.domain));
        }
        chain
    }

    /// Derivatives of the objective as the optimiser is to see them.
    pub fn seen(&self, x: &[f64], dc: Vec<f64>) -> Vec<f64> {
        match &self.filter {
            Smoothing::Sensitivity(cone) => cone.sensitivities(x, &dc),
            _ => dc,
        }
    }
}

/// Material where it is to be kept, none where it is to be avoided.
struct Imposed<'a>(&'a Domain);

impl Map for Imposed<'_> {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = x.to_vec();
        self.0.impose(&mut out);
        out
    }

    fn pull_back(&self, _: &[f64], _: &[f64], mut dy: Vec<f64>) -> Vec<f64> {
        dy.iter_mut().enumerate().filter(|(i, _)| !self.0.is_free(*i)).for_each(|(_, d)| *d = 0.0);
        dy
    }

    fn is_linear(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::tests::{agrees_with_differences, scattered};
    use super::*;

    /// A chain as a map.
    struct Whole<'a>(Chain<'a>);

    impl Map for Whole<'_> {
        fn apply(&self, x: &[f64]) -> Vec<f64> {
            let all = self.0.stages(x);
            assert_eq!(all.last(), self.0.apply(x));
            all.into_last()
        }

        fn pull_back(&self, x: &[f64], _: &[f64], dy: Vec<f64>) -> Vec<f64> {
            self.0.pull_back(&self.0.stages(x), dy)
        }
    }

    #[test]
    fn every_chain_is_differentiated_exactly() {
        let counts = [8, 6, 5];
        let mut roles = vec![Role::Free; 240];
        roles[3] = Role::Solid;
        roles[130] = Role::Void;
        roles[232..].fill(Role::Outside);
        let domain = Domain::new(counts, roles).unwrap();
        let up = Direction { axis: 1, forward: true };
        let processes = [
            Process::Any,
            Process::Printed { build: up, slope: Slope { up: 2, out: 1 } },
            Process::Cast { draw: Draw { direction: up, parting: None } },
            Process::Extruded { axis: 0 },
        ];
        for process in processes {
            let framed = Filter::Framed { radius: 2.4, open: [[true, false], [false, true], [false; 2]] };
            for filter in [Filter::Density { radius: 1.8 }, framed, Filter::Helmholtz { radius: 3.0 }] {
                let symmetry = [Plane { axis: 0, half_cells: 8 }];
                let pipeline = Pipeline::new(&domain, filter, &symmetry, process).unwrap();
                for projection in [None, Some(Projection { beta: 6.0, eta: 0.4 })] {
                    let whole = Whole(pipeline.chain(projection));
                    let mut x = scattered(240, 21);
                    pipeline.domain().impose(&mut x);
                    let y = whole.apply(&x);
                    assert_eq!((y[3], y[130], y[239]), (1.0, 0.0, 0.0));
                    agrees_with_differences(&whole, &x, 1e-5);
                    assert_eq!(
                        whole.0.is_linear(),
                        projection.is_none() && matches!(process, Process::Any | Process::Extruded { .. })
                    );
                }
            }
        }
    }

    #[test]
    fn beyond_a_frame_is_void_and_beyond_an_open_side_the_mirror_image() {
        let domain = Domain::full([9, 7, 1]).unwrap();
        let ones = vec![1.0; 63];
        let through = |filter| {
            let pipeline = Pipeline::new(&domain, filter, &[], Process::Any).unwrap();
            pipeline.chain(None).apply(&ones)
        };
        let plain = through(Filter::Density { radius: 2.5 });
        assert!(plain.iter().all(|x| (x - 1.0).abs() < 1e-15));
        let framed = through(Filter::Framed { radius: 2.5, open: [[true, false], [false; 2], [false; 2]] });
        let at = |x: usize, y: usize| framed[x + 9 * y];
        assert!((at(0, 3) - 1.0).abs() < 1e-15, "open");
        assert!((at(4, 3) - 1.0).abs() < 1e-15, "in the middle");
        assert!(at(8, 3) > 0.5 && at(8, 3) < 0.75, "a side: {}", at(8, 3));
        assert!(at(8, 0) < 0.5 && (at(4, 0) - at(8, 3)).abs() < 1e-12, "a corner is rounded");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let domain = Domain::full([4, 4, 4]).unwrap();
        let up = Direction { axis: 1, forward: true };
        let sensitivity = Filter::Sensitivity { radius: 1.5 };
        let printed = Process::Printed { build: up, slope: Slope::DIAGONAL };
        assert_eq!(
            Pipeline::new(&domain, sensitivity, &[], printed).err(),
            Some(Invalid::Sensitivity { with: "casting and printing" })
        );
        assert!(Pipeline::new(&domain, Filter::Density { radius: f64::NAN }, &[], Process::Any).is_err());
        let flat = Domain::full([4, 4, 1]).unwrap();
        let out = Process::Printed { build: Direction { axis: 2, forward: true }, slope: Slope::DIAGONAL };
        assert!(Pipeline::new(&flat, Filter::Density { radius: 2.0 }, &[], out).is_err());
    }
}
