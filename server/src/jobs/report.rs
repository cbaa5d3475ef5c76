//! A run as one self-contained page: what was asked, what came out, how far it may be trusted. No script, no link out, so
//! that it can be mailed, printed and filed.

#[path = "report_figure.rs"]
mod figure;
#[path = "report_unit.rs"]
mod unit;

use super::figure::Shot;
use super::report_probe::Probes;
use super::store::Stored;
use solver::design::schema::{self, FieldType, Section};
use solver::design::{Design, Id, Object, Resolved, Value, material, resolve};
use solver::quantity::{Dimension, Quantity, UnitSystem, format, format_turning};
use solver::study::assumption::assumptions;
use solver::study::form::thermal::is_steady;
use solver::study::outcome::{Cell, Curve, Grade, Outcome, Scalar};
use solver::study::question::{heat_study, lacks, materials, reach};
use std::cell::RefCell;
use std::fmt::Write as _;

/// The table of verification cases, as the command that runs them wrote it.
const VERIFICATION: &str = include_str!("../../../docs/verification.md");

/// What a report is made of.
pub struct Report<'a> {
    run: &'a Stored,
    design: &'a Design,
    outcome: &'a Outcome,
    stale: bool,
    resolved: Resolved,
    probes: Option<Probes>,
    shots: Vec<Shot>,
    /// Dimensions of what was printed so far, for the list of units.
    printed: RefCell<Vec<Dimension>>,
    /// A speed of turning was printed.
    turned: std::cell::Cell<bool>,
}

impl<'a> Report<'a> {
    pub fn new(run: &'a Stored, design: &'a Design, outcome: &'a Outcome, stale: bool) -> Self {
        let resolved = resolve(design).0;
        let (shots, printed, turned) = (Vec::new(), RefCell::default(), Default::default());
        Self { run, design, outcome, stale, resolved, probes: None, shots, printed, turned }
    }

    /// With what people supplied as views of the design.
    #[must_use]
    pub fn with_figures(mut self, shots: Vec<Shot>) -> Self {
        self.shots = shots;
        self
    }

    /// With the probes of the design as it is `now`: they may be younger than the run.
    #[must_use]
    pub fn with_probes(mut self, now: &Design) -> Self {
        self.probes = Some(Probes::new(now, self.outcome));
        self
    }

    /// The page as HTML.
    pub fn html(&self) -> String {
        let mut s = String::with_capacity(1 << 20);
        let run = self.run;
        let title = format!("{} · {}", run.design_name, run.study_name);
        let _ = write!(
            s,
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head><body><main>",
            escape(&title)
        );
        self.head(&mut s);
        self.results(&mut s);
        self.probes(&mut s);
        self.figures(&mut s);
        self.balance(&mut s);
        self.assumptions(&mut s);
        // What they print counts among the units, which are told before them.
        let mut rest = String::new();
        self.question(&mut rest);
        self.convergence(&mut rest);
        self.unit_list(&mut s);
        s.push_str(&rest);
        self.cases(&mut s);
        s.push_str("</main></body></html>\n");
        s
    }

    fn units(&self) -> UnitSystem {
        app::panels::desk::units_of(self.design)
    }

    fn show(&self, value: f64, dimension: Dimension, digits: usize) -> String {
        self.note(dimension);
        format(Quantity::new(value, dimension), self.units(), digits)
    }

    /// Half the width of a band: a difference, which matters for temperatures.
    fn band(&self, value: f64, dimension: Dimension) -> String {
        self.note(dimension);
        solver::quantity::format_difference(Quantity::new(value, dimension), self.units(), 2)
    }

    fn verified(&self) -> bool {
        !self.outcome.scalars.is_empty() && self.outcome.scalars.iter().all(|s| s.grade == Grade::Verified)
    }

    fn head(&self, s: &mut String) {
        let run = self.run;
        let (grade, why) = if self.verified() {
            ("verified", "from a mesh that follows the body, refined under an error estimate")
        } else {
            ("indicative", "from a method made for thinking; it proves no requirement")
        };
        let kind = solver::study::form(&run.study_kind).map_or(run.study_kind.as_str(), |f| f.label);
        let _ = write!(
            s,
            "<header><p class=\"brand\">Brunel · report of a run</p><h1>{}</h1><p class=\"lead\">{} · version {} · \
             <span class=\"tag {grade}\">{grade}</span> {why}.</p>",
            escape(&run.design_name),
            escape(&run.study_name),
            run.sequence
        );
        if self.stale {
            s.push_str(
                "<p class=\"warn\">The design has moved on since: this answers an earlier question than the design now \
                 asks.</p>",
            );
        }
        s.push_str("<dl>");
        let mut fact = |name: &str, value: &str| {
            let _ = write!(s, "<dt>{name}</dt><dd>{}</dd>", escape(value));
        };
        fact("Study", &format!("{kind}, version {} of the study", run.study_version));
        fact("Asked by", &run.person_name);
        fact("Asked on", &app::ui::day(run.created));
        if let Some(ended) = run.ended {
            fact("Answered on", &app::ui::day(ended));
        }
        fact("Run", &run.id);
        fact("Question", &run.question);
        if let Some(set) = &run.instruction_set {
            fact("Instruction set", set);
        }
        s.push_str("</dl></header>");
    }

    fn results(&self, s: &mut String) {
        s.push_str(
            "<h2>Result</h2><table><thead><tr><th>Quantity</th><th>State</th><th class=\"n\">Value</th>\
             <th class=\"n\">Known to</th><th>At (x, y, z)</th></tr></thead><tbody>",
        );
        for scalar in &self.outcome.scalars {
            let state = self.state(scalar.case.as_deref());
            let (value, band) = self.value(scalar);
            let at = scalar.at.map_or(String::new(), |at| at.map(|x| self.show(x, Dimension::LENGTH, 4)).join(", "));
            let _ = write!(
                s,
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{value}</td><td class=\"n\">{band}</td><td>{at}</td></tr>",
                escape(&scalar.label),
                escape(&state)
            );
        }
        s.push_str("</tbody></table>");
        for warning in &self.outcome.warnings {
            let _ = write!(s, "<p class=\"warn\">{}</p>", escape(warning));
        }
    }

    fn probes(&self, s: &mut String) {
        let Some(probes) = self.probes.as_ref().filter(|p| !p.rows.is_empty()) else { return };
        s.push_str("<h2>Probes</h2><table><thead><tr><th>Probe</th><th>State</th><th>At (x, y, z)</th>");
        for (label, _) in &probes.columns {
            let _ = write!(s, "<th class=\"n\">{}</th>", escape(label));
        }
        s.push_str("</tr></thead><tbody>");
        for row in &probes.rows {
            let at = row
                .at
                .map_or("its face is gone".into(), |at| at.map(|x| self.show(x, Dimension::LENGTH, 4)).join(", "));
            let note = if row.flawed { " – stress has no finite value near here" } else { "" };
            let _ = write!(
                s,
                "<tr><td>{}</td><td>{}</td><td>{at}{note}</td>",
                escape(&row.name),
                escape(&self.state(row.case.as_deref()))
            );
            for (k, (_, dimension)) in probes.columns.iter().enumerate() {
                let text = row.values.get(k).copied().flatten().map_or(String::new(), |(value, error)| {
                    let band = error.map_or(String::new(), |e| format!(" ± {}", self.band(e, *dimension)));
                    format!("{}{band}", self.show(value, *dimension, 4))
                });
                let _ = write!(s, "<td class=\"n\">{text}</td>");
            }
            s.push_str("</tr>");
        }
        s.push_str("</tbody></table>");
    }

    fn value(&self, scalar: &Scalar) -> (String, String) {
        if let Some(exponent) = scalar.exponent {
            return ("no finite value".into(), format!("grows as size<sup>−{exponent:.2}</sup>"));
        }
        let band = scalar.error.filter(|e| *e > 1e-6 * scalar.value.abs());
        (
            self.show(scalar.value, scalar.dimension, 5),
            band.map_or(String::new(), |e| format!("± {}", self.band(e, scalar.dimension))),
        )
    }

    fn state(&self, case: Option<&str>) -> String {
        let Some(case) = case else { return String::new() };
        let named = || self.design.get(&case.into()).map(|o| o.name.clone());
        self.outcome.label(Some(case)).map(String::from).or_else(named).unwrap_or_default()
    }

    fn balance(&self, s: &mut String) {
        if self.outcome.balances.is_empty() {
            return;
        }
        s.push_str(
            "<h2>Reaction against load</h2><table><thead><tr><th>State</th><th class=\"n\">Applied</th>\
             <th class=\"n\">Reaction</th><th class=\"n\">Off by</th></tr></thead><tbody>",
        );
        for b in &self.outcome.balances {
            let vector = |v: [f64; 3]| v.map(|c| self.show(c, Dimension::FORCE, 5)).join(", ");
            let _ = write!(
                s,
                "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{:.1e}</td></tr>",
                escape(&self.state(Some(&b.case))),
                vector(b.applied_force),
                vector(b.reaction_force),
                b.imbalance
            );
        }
        s.push_str("</tbody></table>");
    }

    /// What the model takes for granted, as the study itself says it.
    fn assumptions(&self, s: &mut String) {
        let Some(study) = self.design.get(&Id(self.run.study.clone())) else { return };
        let list = assumptions(self.design, study, self.units());
        if list.is_empty() {
            return;
        }
        s.push_str("<h2>Assumptions</h2><p>The answer holds as far as these do; whoever signs it signs them.</p><table class=\"said\"><tbody>");
        for same in list.chunk_by(|a, b| a.about == b.about) {
            let about = escape(same[0].about);
            let texts: Vec<String> = same.iter().map(|a| format!("<li>{}</li>", escape(&a.text))).collect();
            let _ = write!(s, "<tr><th>{about}</th><td><ul>{}</ul></td></tr>", texts.concat());
        }
        s.push_str("</tbody></table>");
    }

    /// The set-up: what was asked, object by object, of this very version.
    fn question(&self, s: &mut String) {
        s.push_str("<h2>Question</h2>");
        let Some(study) = self.design.get(&Id(self.run.study.clone())) else { return };
        self.objects(s, "Study", std::iter::once(study));
        // What the study does not look at is no part of the question.
        let seen = reach(self.design, study);
        // Where a material of the design replaces the library's, only heat still reads that: what an orthotropic one lacks.
        let heat = heat_study(self.design, study).map(is_steady);
        let replaces = |o: &&Object| !o.suppressed && heat.is_none_or(|steady| !lacks(o, &self.resolved, steady));
        let own: Vec<Id> = materials(self.design, study).filter(replaces).flat_map(|o| o.refs("bodies")).collect();
        let has_library = |o: &&Object| !o.suppressed && o.get("material").is_some() && !own.contains(&o.id);
        let bodies = self.design.section(Section::Feature).filter(has_library);
        let mut known = Vec::new();
        for body in bodies {
            if let Some(m) = material(&body.choice("material"))
                && !known.contains(&m.key)
            {
                known.push(m.key);
            }
        }
        if !known.is_empty() {
            s.push_str(
                "<h3>Materials</h3><table><thead><tr><th>Material</th><th class=\"n\">E</th><th class=\"n\">ν</th>\
                 <th class=\"n\">Density</th><th class=\"n\">Yield strength</th><th class=\"n\">Conductivity</th>\
                 <th class=\"n\">Expansion</th><th>Source</th></tr></thead><tbody>",
            );
            for m in known.iter().filter_map(|key| material(key)) {
                let _ = write!(
                    s,
                    "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                     <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
                    escape(m.name),
                    self.show(m.youngs_modulus, Dimension::PRESSURE, 4),
                    m.poisson_ratio,
                    self.show(m.density, Dimension::DENSITY, 4),
                    m.yield_strength.map_or("–".into(), |y| self.show(y, Dimension::PRESSURE, 4)),
                    self.show(m.conductivity, Dimension::CONDUCTIVITY, 4),
                    self.show(m.expansion, Dimension::EXPANSION, 4),
                    escape(m.source)
                );
            }
            s.push_str("</tbody></table>");
        }
        for (section, title) in [
            (Section::Material, "Materials of the design"),
            (Section::Support, "Supports"),
            (Section::Load, "Loads"),
            (Section::LoadCase, "Load cases"),
            (Section::Thermal, "Heat boundaries"),
            (Section::Selection, "Selections"),
            (Section::Feature, "Features"),
        ] {
            let free = section == Section::Support && study.flag("free");
            let acts = |o: &&Object| !o.suppressed && !free && seen.contains(&o.id);
            self.objects(s, title, self.design.section(section).filter(acts));
        }
        self.objects(s, "Parameters", self.design.section(Section::Parameter).filter(|o| !o.suppressed));
    }

    fn objects<'o>(&self, s: &mut String, title: &str, objects: impl Iterator<Item = &'o Object>) {
        let mut rows = String::new();
        for object in objects {
            let Some(kind) = schema::kind(&object.kind) else { continue };
            let mut said = Vec::new();
            for field in kind.fields {
                if !object.shows(field) {
                    continue;
                }
                let Some(text) = object.get(field.key).and_then(|value| self.said(&field.kind, value)) else {
                    continue;
                };
                said.push(format!("{}: {}", escape(field.label), escape(&text)));
            }
            let _ = write!(
                rows,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(&object.name),
                kind.label,
                said.join("; ")
            );
        }
        if !rows.is_empty() {
            let _ = write!(
                s,
                "<h3>{title}</h3><table><thead><tr><th>Name</th><th>Kind</th><th>Set to</th></tr></thead><tbody>{rows}\
                 </tbody></table>"
            );
        }
    }

    /// A property in words; `None` for one that says nothing.
    fn said(&self, kind: &FieldType, value: Value) -> Option<String> {
        let number = |text: &str| match self.resolved.evaluate(text) {
            Ok(q) => {
                // What is typed per second is a speed of turning.
                let turns = matches!(kind, FieldType::Expr { dimension: Dimension::FREQUENCY, .. });
                let value = if turns {
                    self.turned.set(true);
                    format_turning(q.value, 6)
                } else {
                    self.show(q.value, q.dimension, 6)
                };
                if value == text { value } else { format!("{text} = {value}") }
            }
            Err(_) => text.to_string(),
        };
        match value {
            Value::Expr(text) => Some(number(&text)),
            Value::Vector(texts) => {
                Some(format!("({})", texts.iter().map(|t| number(t)).collect::<Vec<_>>().join(", ")))
            }
            Value::Choice(key) => match kind {
                FieldType::Choice { options, .. } => {
                    Some(options.iter().find(|(k, _)| *k == key).map_or(key.clone(), |(_, label)| (*label).to_string()))
                }
                _ => material(&key).map(|m| m.name.to_string()),
            },
            Value::Flag(on) => Some(if on { "yes" } else { "no" }.into()),
            Value::Text(text) => (!text.is_empty()).then_some(text),
            Value::Faces(faces) => {
                (!faces.is_empty()).then(|| faces.iter().map(|f| f.0.as_str()).collect::<Vec<_>>().join(", "))
            }
            Value::Refs(ids) => (!ids.is_empty()).then(|| {
                let name = |id: &Id| self.design.get(id).map_or_else(|| id.to_string(), |o| o.name.clone());
                ids.iter().map(name).collect::<Vec<_>>().join(", ")
            }),
            _ => None,
        }
    }

    /// Facts of the solution, curves and tables.
    fn convergence(&self, s: &mut String) {
        s.push_str("<h2>How it was solved</h2><dl>");
        for (key, value) in &self.outcome.facts {
            let _ = write!(s, "<dt>{}</dt><dd>{}</dd>", escape(key), escape(value));
        }
        s.push_str("</dl>");
        let curves: Vec<&Curve> = self.outcome.curves.iter().filter(|c| c.x.len() > 1).collect();
        if !curves.is_empty() {
            s.push_str("<div class=\"curves\">");
            curves.iter().for_each(|c| self.curve(s, c));
            s.push_str("</div>");
        }
        for table in &self.outcome.tables {
            let _ = write!(s, "<h3>{}</h3><table><thead><tr>", escape(&table.label));
            for (label, _) in &table.columns {
                let _ = write!(s, "<th>{}</th>", escape(label));
            }
            s.push_str("</tr></thead><tbody>");
            for row in &table.rows {
                s.push_str("<tr>");
                for (cell, (_, dimension)) in row.iter().zip(&table.columns) {
                    let _ = match cell {
                        Cell::Number(x) => write!(s, "<td class=\"n\">{}</td>", self.show(*x, *dimension, 6)),
                        Cell::Text(text) => write!(s, "<td>{}</td>", escape(text)),
                    };
                }
                s.push_str("</tr>");
            }
            s.push_str("</tbody></table>");
        }
    }

    fn curve(&self, s: &mut String, curve: &Curve) {
        const W: f64 = 340.0;
        const H: f64 = 200.0;
        let range = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        let y: Vec<f64> =
            curve.y.iter().map(|y| if curve.log_y { y.max(f64::MIN_POSITIVE).log10() } else { *y }).collect();
        let ((x0, x1), (y0, y1)) = (range(&curve.x), range(&y));
        let at = |v: f64, lo: f64, hi: f64| if hi > lo { (v - lo) / (hi - lo) } else { 0.5 };
        let points: Vec<(f64, f64)> = curve
            .x
            .iter()
            .zip(&y)
            .map(|(x, y)| (16.0 + (W - 32.0) * at(*x, x0, x1), H - 16.0 - (H - 32.0) * at(*y, y0, y1)))
            .collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            s,
            "<figure><svg viewBox=\"0 0 {W} {H}\" role=\"img\"><rect x=\"8\" y=\"8\" width=\"{}\" height=\"{}\"/>\
             <polyline points=\"{}\"/>",
            W - 16.0,
            H - 16.0,
            path.join(" ")
        );
        for (x, y) in points {
            let _ = write!(s, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
        }
        let value = |y: f64| self.show(y, curve.y_dimension, 4);
        let (low, high) = range(&curve.y);
        let _ = write!(
            s,
            "</svg><figcaption>{}<br>{} from {} to {}, over {} from {} to {}</figcaption></figure>",
            escape(&curve.label),
            escape(&curve.y_label),
            value(low),
            value(high),
            escape(&curve.x_label.to_lowercase()),
            self.show(x0, curve.x_dimension, 6),
            self.show(x1, curve.x_dimension, 6)
        );
    }

    /// The verification cases that this kind of study passes.
    fn cases(&self, s: &mut String) {
        if !self.verified() {
            return;
        }
        let rows: Vec<Vec<&str>> = VERIFICATION
            .lines()
            .filter(|l| l.starts_with("| "))
            .map(|l| l.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let [head, rows @ ..] = &rows[..] else { return };
        let own: Vec<_> = rows.iter().filter(|r| r.first() == Some(&self.run.study_kind.as_str())).collect();
        if own.is_empty() {
            return;
        }
        s.push_str("<h2>Verification cases of this study</h2><table><thead><tr>");
        head.iter().skip(1).for_each(|h| {
            let _ = write!(s, "<th>{}</th>", escape(h));
        });
        s.push_str("</tr></thead><tbody>");
        for row in own {
            s.push_str("<tr>");
            row.iter().skip(1).for_each(|c| {
                // Numbers keep their unit beside them.
                let class = if c.starts_with(|c: char| c.is_ascii_digit() || c == '-') && c.len() < 20 {
                    " class=\"n\""
                } else {
                    ""
                };
                let _ = write!(s, "<td{class}>{}</td>", escape(c));
            });
            s.push_str("</tr>");
        }
        s.push_str("</tbody></table>");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "
:root{color-scheme:light}
body{margin:0;background:#fff;color:#1a2129;font:14px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}
main{max-width:960px;margin:0 auto;padding:40px 32px 64px}
.brand{color:#5b6673;letter-spacing:.04em;margin:0}
h1{font-size:28px;line-height:1.2;margin:4px 0 8px}
h2{font-size:18px;margin:36px 0 10px;padding-bottom:4px;border-bottom:1px solid #d8dee6}
h3{font-size:14px;margin:20px 0 6px}
.lead{margin:0 0 16px;color:#3a444f}
.tag{border-radius:4px;padding:1px 7px;font-weight:600;background:#e8ecf1}
.tag.verified{background:#d8efdf;color:#12572b}
.tag.indicative{background:#fbe9c9;color:#6b4300}
.warn{background:#fff6e0;border-left:3px solid #d99a1c;padding:8px 12px;margin:10px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 20px;margin:0}
dt{color:#5b6673}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:13px;margin:6px 0}
th{text-align:left;color:#5b6673;font-weight:600;border-bottom:1px solid #b9c2cd;padding:4px 10px 4px 0;vertical-align:bottom}
td{border-bottom:1px solid #e6eaef;padding:4px 10px 4px 0;vertical-align:top;overflow-wrap:break-word}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.pictures,.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:20px}
figure{margin:0;break-inside:avoid}img,svg{width:100%;height:auto;display:block}
figcaption{color:#3a444f;font-size:13px}
.legend{display:flex;gap:8px;align-items:center;font-size:12px;font-variant-numeric:tabular-nums}
.legend i{flex:1;height:8px;border-radius:4px}
svg rect{fill:none;stroke:#d8dee6}svg polyline{fill:none;stroke:#2b6cb0;stroke-width:1.5}svg circle{fill:#2b6cb0}
ul{margin:0;padding-left:16px}
.said th{width:110px;color:#1a2129;border-bottom:1px solid #e6eaef;vertical-align:top}
@media print{main{padding:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
";

#[cfg(test)]
#[path = "report_test.rs"]
mod tests;
