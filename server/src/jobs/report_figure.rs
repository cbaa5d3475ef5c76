//! The figures of a report: what people supplied as views of the design, and what the server itself draws of the answer. The
//! server knows who sent a picture and that the version named with it asks what the run answered; not what the picture shows.

use super::super::figure::Shown;
use super::{Report, escape};
use crate::picture::{self, Pictured};
use app::colormap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use solver::quantity::{Dimension, Quantity, format};
use solver::result::{Over, Quantity as Read};
use solver::study::outcome::{Location, StateKind};
use std::fmt::Write as _;

/// Most pictures drawn.
const PICTURES_MAX: usize = 12;
/// Share of the body's size that the largest displacement is drawn as.
const DRAWN_SHARE: f64 = 0.06;
/// Fields worth a picture, in this order.
const PICTURED: &[&str] = &["von_mises", "displacement", "temperature", "heat_flux"];

impl Report<'_> {
    pub(super) fn figures(&self, s: &mut String) {
        self.captured(s);
        self.drawn(s);
    }

    /// What people supplied, each with who, when and as a view of which version.
    fn captured(&self, s: &mut String) {
        if self.shots.is_empty() {
            return;
        }
        s.push_str(
            "<h2>Figures</h2><p>Views of the design, with captions as they were supplied. That the named version asks what \
             this run answered is checked; what a picture shows is not.</p><div class=\"pictures captured\">",
        );
        for (k, shot) in self.shots.iter().enumerate() {
            let figure = &shot.figure;
            let (what, legend) = match &shot.shown {
                Some(shown) => self.told(shown),
                None => ("Set-up: bodies with supports and loads".into(), String::new()),
            };
            // Another version may ask the very same: then the picture may stand here, and says which version it is of.
            let version = if figure.sequence == self.run.sequence {
                format!("version {}", figure.sequence)
            } else {
                format!("version {}, which asks the same as version {}", figure.sequence, self.run.sequence)
            };
            let _ = write!(
                s,
                "<figure><img alt=\"\" width=\"{}\" height=\"{}\" src=\"data:image/png;base64,{}\">{legend}<figcaption><b>Figure \
                 {}.</b> {}. Supplied by {} on {} as a view of {version}.</figcaption></figure>",
                figure.width,
                figure.height,
                BASE64.encode(&shot.png),
                k + 1,
                escape(&what),
                escape(&figure.by_name),
                app::ui::day(figure.created),
            );
        }
        s.push_str("</div>");
    }

    /// What a picture of a result is said to show, in words, and its colours as HTML.
    fn told(&self, shown: &Shown) -> (String, String) {
        let reading = &shown.reading;
        let stored = self.outcome.fields.iter().find(|f| f.id == reading.quantity.field());
        let label = reading.quantity.label(&reading.frame, stored.map_or("Result", |f| f.label.as_str()));
        let dimension = match &reading.quantity {
            Read::Stress(_) => Dimension::PRESSURE,
            Read::Stored(_) | Read::Along(..) => stored.map_or(Dimension::NONE, |f| f.dimension),
        };
        let first = || self.outcome.states.first().map(|s| s.id.as_str());
        let case = reading.case.as_deref().or_else(first);
        let state = match reading.over {
            Over::State => self.state(case),
            Over::Largest => "largest of all states".into(),
            Over::Smallest => "smallest of all states".into(),
            Over::GoverningLargest => "which state has the largest".into(),
            Over::GoverningSmallest => "which state has the smallest".into(),
        };
        let state = if state.is_empty() { state } else { format!(" · {state}") };
        let what = format!("{label}{state}{}", self.shape(case, shown.scale));
        // Numbers of states have no scale between them.
        let range = shown.range.filter(|_| !reading.over.counts());
        let legend =
            range.map_or(String::new(), |r| self.legend(r, dimension, shown.bands.filter(|b| *b > 0), shown.inverted));
        (what, legend)
    }

    /// The colours with the values at their ends, as HTML.
    fn legend(&self, (lo, hi): (f64, f64), dimension: Dimension, bands: Option<u32>, inverted: bool) -> String {
        format!(
            "<div class=\"legend\"><span>{}</span><i style=\"background:{}\"></i><span>{}</span></div>",
            self.show(lo, dimension, 4),
            // Rows of older versions may ask for any number.
            colormap::css(bands.map(|n| n.min(colormap::BANDS_MAX)), inverted).replace("to top", "to right"),
            self.show(hi, dimension, 4)
        )
    }

    /// How a shape is drawn; nothing of a mode, whose shape has no true size, and of what is drawn as it is.
    fn shape(&self, case: Option<&str>, scale: f64) -> String {
        let is_mode = case.and_then(|c| self.outcome.state(c)).is_some_and(|s| s.kind == StateKind::Mode);
        if is_mode || scale <= 0.0 {
            return String::new();
        }
        format!(", deformed {} times", format(Quantity::new(scale, Dimension::NONE), self.units(), 3))
    }

    /// One picture per field worth it and state, in the colours of the page, drawn by the server whatever people supplied.
    fn drawn(&self, s: &mut String) {
        let mut drawn = 0;
        let mut seen: Vec<(&str, Option<&str>)> = Vec::new();
        let fields = PICTURED.iter().flat_map(|id| self.outcome.fields.iter().filter(move |f| f.id == *id));
        for field in fields.filter(|f| f.location == Location::Point) {
            let key = (field.id.as_str(), field.case.as_deref());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            if drawn == PICTURES_MAX {
                let _ = write!(s, "<p>More pictures are in the design itself.</p>");
                break;
            }
            let Some(Pictured { png, lo, hi, scale }) = picture::of(self.outcome, field, DRAWN_SHARE) else { continue };
            if drawn == 0 {
                s.push_str("<h2>Pictures</h2><p>Drawn from the answer by the server.</p><div class=\"pictures\">");
            }
            drawn += 1;
            let state = self.state(field.case.as_deref());
            let shape = self.shape(field.case.as_deref(), scale);
            let _ = write!(
                s,
                "<figure><img alt=\"\" src=\"data:image/png;base64,{}\">{}<figcaption>{}{}{shape}</figcaption></figure>",
                BASE64.encode(png),
                self.legend((lo, hi), field.dimension, None, false),
                escape(&field.label),
                if state.is_empty() { String::new() } else { format!(" · {}", escape(&state)) },
            );
        }
        if drawn > 0 {
            s.push_str("</div>");
        }
    }
}
