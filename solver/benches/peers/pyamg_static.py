"""Ten-node tetrahedra under load by numpy, scipy and pyamg: assembly and conjugate gradients with smoothed aggregation.

Called as `pyamg_static.py FOLDER` by the example bench_tet. FOLDER holds little-endian arrays without headers:
points.bin (n × 3 f64, m), cells.bin (m × 10 u32, order of C3D10), held.bin (u32, nodes at rest), load.bin (3 n f64, N).
Steel: E = 210 GPa, ν = 0.3. Prints one line of JSON: seconds of assembly, set-up and solve, iterations, and the smallest z
displacement; or what is missing.
"""
import json
import os
import sys
import time

try:
    import numpy as np
    import pyamg
    import scipy.sparse as sparse
except ImportError as error:
    print(json.dumps({"missing": error.name}))
    sys.exit(0)

YOUNG, POISSON = 210e9, 0.3
# Elements assembled at a time: their matrices are 7 kB each.
CHUNK = 20_000


def gradients(points):
    """Derivatives of the ten shape functions along the element's own axes at points [q, 3]: [q, 10, 3]."""
    l = np.column_stack([1 - points.sum(axis=1), points])
    d = np.array([[-1.0, -1.0, -1.0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    corners = (4 * l[:, :, None] - 1) * d[None]
    pairs = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]
    middles = np.stack([4 * (l[:, i, None] * d[j] + l[:, j, None] * d[i]) for i, j in pairs], axis=1)
    return np.concatenate([corners, middles], axis=1)


def stiffness(x):
    """Element matrices [m, 30, 30] of nodes x [m, 10, 3], four Gauss points."""
    a, b = 0.585410196624968, 0.138196601125010
    at = np.array([[b, b, b], [a, b, b], [b, a, b], [b, b, a]])
    lam = YOUNG * POISSON / ((1 + POISSON) * (1 - 2 * POISSON))
    mu = YOUNG / (2 * (1 + POISSON))
    out = np.zeros((len(x), 10, 3, 10, 3))
    for g in gradients(at):
        jacobian = np.einsum("mni,nj->mij", x, g)
        weight = np.linalg.det(jacobian) / 24
        h = np.einsum("nj,mji->mni", g, np.linalg.inv(jacobian))
        k = np.einsum("m,mai,mbj->maibj", weight * lam, h, h)
        k += np.einsum("m,maj,mbi->maibj", weight * mu, h, h)
        dot = np.einsum("m,mak,mbk->mab", weight * mu, h, h)
        for i in range(3):
            k[:, :, i, :, i] += dot
        out += k
    return out.reshape(len(x), 30, 30)


def main(folder):
    read = lambda name, kind: np.fromfile(os.path.join(folder, name), kind)
    points = read("points.bin", "<f8").reshape(-1, 3)
    cells = read("cells.bin", "<u4").reshape(-1, 10).astype(np.int32)
    held, load = read("held.bin", "<u4"), read("load.bin", "<f8")
    start = time.perf_counter()
    n = 3 * len(points)
    matrix = sparse.csr_matrix((n, n))
    for first in range(0, len(cells), CHUNK):
        part = cells[first : first + CHUNK]
        dofs = (3 * part[:, :, None] + np.arange(3, dtype=np.int32)).reshape(len(part), 30)
        rows, columns = np.repeat(dofs, 30, axis=1).ravel(), np.tile(dofs, (1, 30)).ravel()
        matrix = matrix + sparse.coo_matrix((stiffness(points[part]).ravel(), (rows, columns)), shape=(n, n)).tocsr()
    free = np.ones(len(points), bool)
    free[held] = False
    dofs = np.flatnonzero(np.repeat(free, 3))
    matrix = matrix[dofs][:, dofs].tobsr((3, 3))
    assembled = time.perf_counter()
    x, y, z = (points[free] - points.mean(axis=0)).T
    rigid = np.zeros((len(x), 3, 6))
    rigid[:, 0, 0] = rigid[:, 1, 1] = rigid[:, 2, 2] = 1
    rigid[:, 1, 3], rigid[:, 2, 3] = -z, y
    rigid[:, 0, 4], rigid[:, 2, 4] = z, -x
    rigid[:, 0, 5], rigid[:, 1, 5] = -y, x
    levels = pyamg.smoothed_aggregation_solver(matrix, B=rigid.reshape(-1, 6), symmetry="symmetric")
    built = time.perf_counter()
    residuals = []
    u = levels.solve(load[dofs], tol=1e-8, accel="cg", maxiter=500, residuals=residuals)
    solved = time.perf_counter()
    print(
        json.dumps(
            {
                "seconds": [assembled - start, built - assembled, solved - built],
                "iterations": len(residuals) - 1,
                "tip": float(u[2::3].min()),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
