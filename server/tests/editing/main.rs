//! The promises of live editing: P1 to P6. Each harness prints its seed; `BRUNEL_SEED` replays it; the long variants are
//! ignored unless asked for.

mod backup;
mod convergence;
mod crash;
mod golden;
#[expect(dead_code, reason = "shared with the tests of load")]
mod live;
mod open;
mod random;
mod revoke;
mod socket;
mod storm;
#[expect(dead_code, reason = "shared with the promises about data, which fill tables too")]
mod table;
mod undo;
mod world;
