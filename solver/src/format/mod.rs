//! File formats: bytes in, values out, limits beside them.
