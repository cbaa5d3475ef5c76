//! Panels of studies.
