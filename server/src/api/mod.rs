//! REST routes, a file per noun.

use crate::State;
use utoipa_axum::router::OpenApiRouter;

/// Every route of this folder.
pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
}
