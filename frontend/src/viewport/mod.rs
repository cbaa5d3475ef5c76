//! The model on screen: scene, camera, picking, section and results on WebGL2.
//!
//! [`stage`] holds everything there is to show and answers the pointer, without a browser; [`render`] draws a stage;
//! [`handle`] ties both to a canvas. Nothing is drawn and nothing uploaded unless something changed.
//!
//! Gestures, `Navigation::Brunel`: right drag orbits about the point under the cursor, middle drag (or ctrl + right)
//! pans, wheel zooms to the cursor, left click selects, left drag selects by box: to the right what lies wholly inside,
//! to the left what the box touches; ctrl or shift adds. `Navigation::Blender`: middle orbits, shift + middle pans,
//! ctrl + middle zooms. In both, alt + left orbits and alt + shift + left pans, for trackpads; a pinch zooms. Touch: one
//! finger orbits, two pan and pinch, a tap selects.

pub mod border;
pub mod bvh;
pub mod camera;
pub mod cube;
pub mod field;
pub mod gesture;
pub mod handle;
pub mod inside;
pub mod model;
pub mod paint;
pub mod pick;
pub mod picture;
pub mod render;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod section;
pub mod stage;
pub mod symbol;
pub mod theme;

pub use handle::{Handle, attach};
