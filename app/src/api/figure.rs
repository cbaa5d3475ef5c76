//! Figures of a run's report, captured from the viewport. `/api/runs/{id}/figures`

use serde::{Deserialize, Serialize};

/// Longest side of a figure, pixels.
pub const SIDE_MAX: u32 = 4096;
/// Largest figure that is taken, bytes of PNG.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Figures of one run.
pub const FIGURES_MAX: usize = 12;

/// `GET /api/runs/{id}/figures`; `POST` there with a PNG as body, and in the query the version on the screen and what it
/// shows; `DELETE /api/runs/{id}/figures/{figure}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Figure {
    pub id: String,
    /// Log position of the design on the screen; it asks what the run answered.
    pub sequence: u64,
    /// The result, and not the set-up.
    pub of_result: bool,
    pub by: String,
    pub by_name: String,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
}
