//! A uniform grid of cubic cells.

/// Cubic cells of edge `cell` from `origin`; `counts` cells along x, y, z; world, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    pub origin: [f64; 3],
    pub cell: f64,
    pub counts: [usize; 3],
}

impl Grid {
    /// A grid of about `cell` over `lo..hi`, with counts a multiple of `multiple` so that every coarser grid fits.
    ///
    /// The spacing is adjusted by at most a few per cent so that the longest side is a whole number of cells, and each
    /// side's slack is shared between both ends: walls of axis-aligned parts then tend to lie on cell faces.
    pub fn over(lo: [f64; 3], hi: [f64; 3], cell: f64, multiple: usize) -> Self {
        let size = [hi[0] - lo[0], hi[1] - lo[1], hi[2] - lo[2]];
        let longest = size.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let cell = longest / (longest / cell).ceil().max(1.0);
        let mut origin = lo;
        let mut counts = [0; 3];
        for axis in 0..3 {
            // A hair of tolerance keeps an exact fit exact.
            let needed = (size[axis] / cell - 1e-9).ceil().max(1.0) as usize;
            counts[axis] = needed.div_ceil(multiple) * multiple;
            // Aligned with the lower wall when the size is a whole number of cells, else centred.
            origin[axis] -= 0.5 * (needed as f64 * cell - size[axis]);
        }
        Self { origin, cell, counts }
    }

    pub fn n_cells(&self) -> usize {
        self.counts.iter().product()
    }

    /// Linear index, x fastest.
    pub fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        x + self.counts[0] * (y + self.counts[1] * z)
    }

    pub fn position(&self, index: usize) -> [usize; 3] {
        let [nx, ny, _] = self.counts;
        [index % nx, (index / nx) % ny, index / (nx * ny)]
    }

    /// The cell that holds `p`, clamped into the grid.
    pub fn locate(&self, p: [f64; 3]) -> [usize; 3] {
        std::array::from_fn(|a| {
            let c = ((p[a] - self.origin[a]) / self.cell).floor();
            c.clamp(0.0, (self.counts[a] - 1) as f64) as usize
        })
    }

    /// Coordinates of `p` in the cell at `at`, `[-1, 1]` inside.
    pub fn local(&self, at: [usize; 3], p: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|a| 2.0 * ((p[a] - self.origin[a]) / self.cell - at[a] as f64) - 1.0)
    }

    pub fn centre(&self, at: [usize; 3]) -> [f64; 3] {
        std::array::from_fn(|a| self.origin[a] + (at[a] as f64 + 0.5) * self.cell)
    }

    /// The grid of doubled cells over the same box; counts must be even.
    pub fn coarser(&self) -> Self {
        Self { origin: self.origin, cell: 2.0 * self.cell, counts: self.counts.map(|n| n.div_ceil(2)) }
    }
}
