//! A study's form: what the page needs to draw its panel and to check a set-up without a kernel.

use crate::design::schema::Section;
use crate::design::{Design, Issue, Object};

/// One physics, as the page sees it. Implemented once per folder of `study/`; listed in [`super::FORMS`].
///
/// Its fields are those of the object kind of the same name in [`crate::design::schema::KINDS`], so that a study's panel,
/// undo and merge are those of every other object.
#[derive(Clone, Copy)]
pub struct StudyForm {
    /// Object kind, `static`; also the folder's name.
    pub id: &'static str,
    pub label: &'static str,
    /// Enters the cache key of every run: raise it when the same input may give another answer.
    pub version: u32,
    pub help: &'static str,
    /// Checks that need no geometry: units, ranges, missing supports.
    pub check: fn(&Design, &Object) -> Vec<Issue>,
}

/// Issues of a mechanics study that nothing holds.
pub fn needs_support(design: &Design, study: &Object) -> Option<Issue> {
    let none = study.refs("supports").is_empty() && !any(design, Section::Support);
    none.then(|| Issue::error(study, "supports", "Nothing holds the design: add a fixed support or another"))
}

/// Issues of a mechanics study that nothing loads; a support that gives a displacement loads too.
pub fn needs_load(design: &Design, study: &Object) -> Option<Issue> {
    let chosen = study.refs("supports");
    let moves = |o: &Object| o.kind == "displacement" || o.kind == "remote_displacement";
    let gives = |o: &Object| moves(o) && (chosen.is_empty() || chosen.contains(&o.id));
    let moved = design.section(Section::Support).any(|o| !o.suppressed && gives(o));
    let none = !moved && study.refs("cases").is_empty() && !any(design, Section::Load);
    none.then(|| {
        Issue::error(study, "cases", "Nothing loads the design: add a load, or a support that gives a displacement")
    })
}

fn any(design: &Design, section: Section) -> bool {
    design.section(section).any(|o| !o.suppressed)
}

/// Which objects of a design a heat study sees: also asked by studies that take their temperature from one.
pub mod thermal {
    use crate::design::schema::{self, Field, Section};
    use crate::design::{Design, Object, TIME};
    use crate::quantity;

    /// The thermal objects that the study sees.
    pub fn boundaries<'a>(design: &'a Design, study: &Object) -> impl Iterator<Item = &'a Object> + use<'a> {
        let chosen = study.refs("thermal");
        design.section(Section::Thermal).filter(move |o| !o.suppressed && (chosen.is_empty() || chosen.contains(&o.id)))
    }

    /// Values of what the study sees that depend on time.
    pub fn over_time<'a>(
        design: &'a Design,
        study: &Object,
    ) -> impl Iterator<Item = (&'a Object, &'static Field)> + use<'a> {
        boundaries(design, study).flat_map(|object| {
            let fields = schema::kind(&object.kind).map_or(&[][..], |k| k.fields);
            let depends = |f: &&Field| {
                f.over_time && object.shows(f) && quantity::names(&object.text(f.key)).iter().any(|n| n == TIME)
            };
            fields.iter().filter(depends).map(move |f| (object, f))
        })
    }

    /// Whether the study asks for the state that holds for ever.
    pub fn is_steady(study: &Object) -> bool {
        study.choice("course") != "transient"
    }
}
