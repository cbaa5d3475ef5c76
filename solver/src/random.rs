//! Numbers that look drawn by lot and are the same in every run.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence from its number `n` on.
    #[must_use]
    pub const fn after(self, n: u64) -> Self {
        Self(self.0.wrapping_add(n.wrapping_mul(STEP)))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From −1 up to, not including, 1.
    pub fn signed(&mut self) -> f64 {
        2.0 * self.share() - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first values for seed 0 of the authors' reference implementation.
        let mut random = Random::new(0);
        assert_eq!(
            [random.bits(), random.bits(), random.bits()],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );
        assert_eq!(Random::new(0).after(2).bits(), 0x06c4_5d18_8009_454f);
        let all: Vec<f64> = (0..10_000).map(|_| random.signed()).collect();
        let mean = all.iter().sum::<f64>() / 1e4;
        assert!(mean.abs() < 0.03 && all.iter().all(|x| (-1.0..1.0).contains(x)), "{mean}");
    }
}
