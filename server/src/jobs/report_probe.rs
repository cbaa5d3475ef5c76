//! The probes of a design in an answer, for its report.

use solver::design::{Design, resolve};
use solver::quantity::Dimension;
use solver::result::flaw::{flaws, is_near};
use solver::result::{Reading, pin};
use solver::study::outcome::Outcome;

/// Fields worth a column, in this order.
const COLUMNS: &[&str] = &["displacement", "von_mises", "principal_max", "safety_factor", "temperature", "heat_flux"];

/// The probes with what is read at them.
pub struct Probes {
    /// Label and dimension of each column.
    pub columns: Vec<(String, Dimension)>,
    pub rows: Vec<Row>,
}

/// A probe in one state of the answer.
pub struct Row {
    pub name: String,
    /// Id of the state.
    pub case: Option<String>,
    /// World, m; `None` where the answer has no such face.
    pub at: Option<[f64; 3]>,
    /// Value and half width of its band, SI, by column.
    pub values: Vec<Option<(f64, Option<f64>)>>,
    /// Stresses say nothing here.
    pub flawed: bool,
}

impl Probes {
    /// Reads the probes of `design` in `outcome`; they may be younger than the run.
    pub fn new(design: &Design, outcome: &Outcome) -> Self {
        let known = |id: &&&str| outcome.fields.iter().find(|f| f.id == ***id);
        let ids: Vec<&str> = COLUMNS.iter().filter(|id| known(id).is_some()).copied().collect();
        let columns = COLUMNS.iter().filter_map(|id| known(&id)).map(|f| (f.label.clone(), f.dimension)).collect();
        let resolved = resolve(design).0;
        let mut states: Vec<Option<String>> = outcome.states.iter().map(|s| Some(s.id.clone())).collect();
        if states.is_empty() {
            states.push(None);
        }
        let mut rows = Vec::new();
        for object in design.of_kind("probe").filter(|o| !o.suppressed) {
            let place = resolved.vector(object, "place").unwrap_or([0.5; 3]);
            let face = object.faces("faces").into_iter().next();
            let spot = face.as_ref().and_then(|face| {
                let (mesh, surface) = pin::skin_of(outcome, face)?;
                Some((mesh, surface, pin::find(surface, face, place)?))
            });
            let Some((mesh, surface, spot)) = spot else {
                rows.push(Row { name: object.name.clone(), case: None, at: None, values: Vec::new(), flawed: false });
                continue;
            };
            for case in &states {
                let read = |id: &str| Reading::stored(id, case.as_deref()).at_spot(&[outcome], mesh, surface, &spot);
                let value = |id: &&str| {
                    let error = if *id == "von_mises" { read("stress_error") } else { None };
                    read(id).map(|v| (v, error))
                };
                rows.push(Row {
                    name: object.name.clone(),
                    case: case.clone(),
                    at: Some(spot.at),
                    values: ids.iter().map(value).collect(),
                    flawed: is_near(&flaws(outcome, case.as_deref()), spot.at),
                });
            }
        }
        Self { columns, rows }
    }
}
