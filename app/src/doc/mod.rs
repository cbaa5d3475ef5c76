//! The client's side of a co-edited design.
