//! The port between the page and whatever draws the model.
//!
//! The page speaks [`ViewCommand`] and listens to [`ViewEvent`]; `frontend::viewport` implements it on WebGL2. Plain
//! values only, so that panels can be tested without a canvas.

use solver::result::{Inside, Reading};
use solver::study::outcome::Outcome;
use solver::surface::{EdgeName, FaceName, SurfaceMesh};
use std::rc::Rc;
use std::sync::Arc;

/// A surface laid over the model, half seen through. Never picked.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// World, m.
    pub surface: Arc<SurfaceMesh>,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Something pickable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pick {
    Face {
        body: String,
        face: FaceName,
    },
    Edge {
        body: String,
        edge: EdgeName,
    },
    /// A corner, by body and index into its surface's points.
    Vertex {
        body: String,
        point: u32,
    },
}

impl Pick {
    /// Name of the body it belongs to.
    pub fn body(&self) -> &str {
        match self {
            Self::Face { body, .. } | Self::Edge { body, .. } | Self::Vertex { body, .. } => body,
        }
    }
}

/// What clicks select.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PickFilter {
    #[default]
    All,
    Faces,
    Edges,
    Vertices,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardView {
    Front,
    Back,
    Left,
    Right,
    Top,
    Bottom,
    Isometric,
}

/// Which mouse buttons do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Navigation {
    /// Right orbits, middle pans, wheel zooms to the cursor.
    #[default]
    Brunel,
    /// Middle orbits, shift-middle pans.
    Blender,
}

/// A section plane: keeps the side the normal points away from. World, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectionPlane {
    pub point: [f64; 3],
    pub normal: [f64; 3],
}

/// How a result is drawn over its skin.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultView {
    /// The surface artefact. The same allocation is the same answer: its skins are not made again.
    pub outcome: Arc<Outcome>,
    /// The stress tensors on the skins, where they are here.
    pub tensor: Option<Arc<Outcome>>,
    /// The quantity, of which state, in which frame.
    pub reading: Reading,
    /// Short lines along the principal stresses.
    pub directions: bool,
    /// Displacement multiplier; `None`: automatic (largest displacement shown as 8 % of the size).
    pub scale: Option<f64>,
    /// Undeformed outline behind.
    pub ghost: bool,
    pub banded: bool,
    /// SI limits; `None`: the field's own.
    pub range: Option<(f64, f64)>,
    /// The smallest value takes the bright end of the colours: of a safety factor, the low one is what matters.
    pub inverted: bool,
    /// Without `range`, the colours end here when the field goes further; SI.
    pub ceiling: Option<f64>,
    /// Flags at the extremes.
    pub flags: bool,
    /// The deformation swings to and fro, as a mode does.
    pub playing: bool,
}

/// A surface inside the bodies, drawn while these are seen through: an iso-surface, or elements. World, m, as it is drawn.
#[derive(Clone, Debug)]
pub struct Inner {
    pub surface: Arc<SurfaceMesh>,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Limits of the colours over a field from `min` to `max`: what the person set, else the field's own up to a ceiling
/// that lies inside. SI.
pub fn colour_limits(range: Option<(f64, f64)>, ceiling: Option<f64>, min: f64, max: f64) -> (f64, f64) {
    let top = ceiling.filter(|c| *c > min && *c < max).unwrap_or(max);
    range.filter(|(lo, hi)| lo < hi).unwrap_or((min, top))
}

/// Page to viewport.
#[derive(Clone, Debug)]
pub enum ViewCommand {
    /// The model: bytes of a `Scene`. The camera stays unless it is the first one.
    Scene(Rc<[u8]>),
    Clear,
    Result(Option<ResultView>),
    /// A result may come: what drivers build when they first draw one is built now.
    Warm,
    /// The inside of the shown result: what a section and a probe see there. Goes with the result.
    Inside(Option<Arc<Inside>>),
    /// Shows a surface inside the result's bodies, or their skins again.
    Inner(Option<Inner>),
    /// Surfaces over the model, as of what is other in two versions; empty for none.
    Overlays(Vec<Overlay>),
    Selected(Vec<Pick>),
    Highlighted(Vec<Pick>),
    /// Faces others have selected, with their hue.
    Remote(Vec<(FaceName, u16)>),
    Filter(PickFilter),
    View(StandardView),
    Fit,
    Perspective(bool),
    Navigation(Navigation),
    Section(Option<SectionPlane>),
    Hidden(Vec<String>),
    Isolated(Option<Vec<String>>),
    Edges(bool),
    Dark(bool),
    /// Eye, target, up.
    Camera([[f64; 3]; 3]),
    /// The camera of a view beside this one: taken at once, and not reported.
    Mirror([[f64; 3]; 3]),
    /// Whether the camera is reported with every picture, for a view beside this one.
    Mirrored(bool),
    /// Arrows and symbols for loads and supports.
    Glyphs(Vec<Glyph>),
    /// Parts of the canvas that panels cover, CSS pixels: fit and the view cube keep clear of them.
    Inset {
        top: f64,
        right: f64,
        bottom: f64,
        left: f64,
    },
    /// Points to keep labels at (comment pins, dimensions), by an id of the page's choosing; answered by
    /// `ViewEvent::Anchors` now and whenever they move on the screen.
    Anchors(Vec<(String, [f64; 3])>),
    /// Thin lines over the model, as between two measured things. World, m.
    Lines(Vec<[[f64; 3]; 2]>),
    /// Asks for a picture of what is seen, without what is selected or under the pointer; with `setup`, of the bodies under
    /// these symbols in the place of any result. Answered at once by `ViewEvent::Captured`.
    Capture {
        setup: Option<Vec<Glyph>>,
    },
}

/// A load or support drawn at a face.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    pub face: FaceName,
    pub kind: GlyphKind,
    /// World direction for arrows; zero for symbols, and for arrows along the face's normal.
    pub direction: [f64; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlyphKind {
    Force,
    Pressure,
    Moment,
    Fixed,
    Sliding,
    Symmetry,
    /// Springs.
    Elastic,
    /// A given displacement; along the normal it may be towards the body.
    Way {
        inward: bool,
    },
    /// Held at a temperature.
    Temperature,
    /// Heat through a face, into the body or out of it.
    Heat {
        inward: bool,
    },
    Convection,
    Radiation,
}

/// Viewport to page.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewEvent {
    /// Pointer is over something, and where; world, m.
    Hover(Option<(Pick, [f64; 3])>),
    /// Clicked; `add` when ctrl or shift was held. `None`: empty space.
    Clicked {
        pick: Option<Pick>,
        at: Option<[f64; 3]>,
        /// Where that point rests while a shape is drawn deformed, and the outward normal there.
        rest: Option<Rest>,
        add: bool,
    },
    /// Dragged a box; everything inside.
    Boxed {
        picks: Vec<Pick>,
        add: bool,
    },
    DoubleClicked(Option<Pick>),
    /// Camera moved, at most 10 a second.
    Camera([[f64; 3]; 3]),
    /// The person turned, shifted or zoomed the view by hand.
    Steered,
    /// Value of the shown field under the pointer, SI.
    Probe(Option<ProbeValue>),
    /// Range of the shown field and the automatic scale in use.
    ResultShown {
        min: f64,
        max: f64,
        scale: f64,
    },
    /// Where the extremes of the shown field are, for labels; sent again whenever they move on the screen. Empty when
    /// flags are off.
    Flags(Vec<Flag>),
    /// Where the anchors are now.
    Anchors(Vec<Anchored>),
    /// The picture that was asked for, PNG; `None` where there is no view to take one of.
    Captured(Option<Vec<u8>>),
    /// Frame statistics, once a second while drawing.
    Stats {
        draw_calls: u32,
        triangles: u32,
        frame_ms: f64,
    },
    /// WebGL2 is missing or was lost: say so instead of a blank canvas.
    Unavailable(String),
    /// A scene or a result could not be shown; what was there before stays. A sentence for the person.
    Failed(String),
    /// There is a picture (again): take the notice away.
    Available,
}

/// A point of a skin as it is without displacement. World, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    pub at: [f64; 3],
    pub normal: [f64; 3],
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProbeValue {
    pub value: f64,
    /// Without displacement.
    pub at: [f64; 3],
}

/// An extreme of the shown field.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub is_max: bool,
    /// SI.
    pub value: f64,
    /// On the undeformed shape; world, m.
    pub at: [f64; 3],
    /// CSS pixels from the canvas's top left corner, on the shape as drawn.
    pub screen: [f64; 2],
    /// Nothing stands in front of it.
    pub visible: bool,
}

/// An anchor's place on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchored {
    pub id: String,
    /// CSS pixels from the canvas's top left corner.
    pub screen: [f64; 2],
    /// In front of the eye, and nothing stands before it.
    pub visible: bool,
}

/// The page's handle on a viewport.
pub trait Viewport {
    fn send(&self, command: ViewCommand);
}
