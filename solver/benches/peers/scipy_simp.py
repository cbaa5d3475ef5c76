"""SIMP on a cantilever of cubes by numpy and scipy, solved by spsolve or by pyamg's conjugate gradients.

Called as `scipy_simp.py NX NY NZ METHOD ITERATIONS TOLERANCE` by the example bench_generate; METHOD is `direct` or `amg`.
Held at x = 0, unit forces downwards on the lower edge of the free end, volume 0.3, power 3, cone filter of radius 1.5,
optimality criteria: the formulation of top3d (Liu & Tovar, Struct. Multidisc. Optim. 50, 2014) as one would write it in
Python. Prints one line of JSON: seconds of each iteration and its compliance; or what is missing.
"""
import json
import sys
import time

try:
    import numpy as np
    import scipy.sparse as sparse
    from scipy.sparse.linalg import spsolve

    if sys.argv[4] == "amg":
        import pyamg
except ImportError as error:
    print(json.dumps({"missing": error.name}))
    sys.exit(0)

NU, LEAST, POWER, RADIUS, VOLUME, MOVE = 0.3, 1e-9, 3.0, 1.5, 0.3, 0.2
CORNERS = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)])


def stiffness():
    """Of a unit cube of unit modulus, 24 x 24, two Gauss points along each axis."""
    lam, mu = NU / ((1 + NU) * (1 - 2 * NU)), 0.5 / (1 + NU)
    d = np.diag([2 * mu] * 3 + [mu] * 3)
    d[:3, :3] += lam
    k = np.zeros((24, 24))
    for point in 0.5 + (CORNERS - 0.5) / np.sqrt(3):
        factors = np.where(CORNERS == 1, point, 1 - point)
        signs = np.where(CORNERS == 1, 1.0, -1.0)
        g = np.stack([signs[:, a] * factors[:, (a + 1) % 3] * factors[:, (a + 2) % 3] for a in range(3)], axis=1)
        b = np.zeros((6, 24))
        for a in range(3):
            b[a, a::3] = g[:, a]
        for row, (p, q) in enumerate([(0, 1), (1, 2), (2, 0)]):
            b[3 + row, p::3], b[3 + row, q::3] = g[:, q], g[:, p]
        k += b.T @ d @ b / 8
    return k


def cone(nx, ny, nz):
    """Weights of the filter, rows summing to one."""
    at = np.arange(nx * ny * nz).reshape(nz, ny, nx)
    rows, columns, weights = [], [], []
    reach = int(np.ceil(RADIUS)) - 1
    span = range(-reach, reach + 1)
    for dz in span:
        for dy in span:
            for dx in span:
                w = RADIUS - np.sqrt(dx * dx + dy * dy + dz * dz)
                if w <= 0:
                    continue
                cut = lambda n, d: (slice(max(0, -d), n - max(0, d)), slice(max(0, d), n + min(0, d)))
                (z0, z1), (y0, y1), (x0, x1) = cut(nz, dz), cut(ny, dy), cut(nx, dx)
                rows.append(at[z0, y0, x0].ravel())
                columns.append(at[z1, y1, x1].ravel())
                weights.append(np.full(rows[-1].size, w))
    h = sparse.csr_matrix((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))))
    return sparse.diags(1 / np.asarray(h.sum(axis=1)).ravel()) @ h


def main(nx, ny, nz, method, iterations, tolerance):
    node = np.arange((nx + 1) * (ny + 1) * (nz + 1)).reshape(nz + 1, ny + 1, nx + 1)
    z, y, x = np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")
    nodes = np.stack([node[z + c[2], y + c[1], x + c[0]].ravel() for c in CORNERS], axis=1)
    dofs = (3 * nodes[:, :, None] + np.arange(3)).reshape(-1, 24)
    rows, columns = np.repeat(dofs, 24, axis=1).ravel(), np.tile(dofs, (1, 24)).ravel()
    n = 3 * node.size
    load = np.zeros(n)
    load[3 * node[:, 0, nx] + 1] = -1.0
    free = np.ones(node.size, bool)
    free[node[:, :, 0].ravel()] = False
    free_dofs = np.flatnonzero(np.repeat(free, 3))
    places = np.stack(np.unravel_index(np.arange(node.size), node.shape)[::-1], axis=1)[free].astype(float)
    px, py, pz = (places - places.mean(axis=0)).T
    rigid = np.zeros((len(px), 3, 6))
    rigid[:, 0, 0] = rigid[:, 1, 1] = rigid[:, 2, 2] = 1
    rigid[:, 1, 3], rigid[:, 2, 3] = -pz, py
    rigid[:, 0, 4], rigid[:, 2, 4] = pz, -px
    rigid[:, 0, 5], rigid[:, 1, 5] = -py, px
    k0, h = stiffness(), cone(nx, ny, nz)
    design = np.full(len(nodes), VOLUME)
    density = h @ design
    u = np.zeros(n)
    seconds, compliances = [], []
    for _ in range(iterations):
        start = time.perf_counter()
        modulus = LEAST + density**POWER * (1 - LEAST)
        values = (modulus[:, None] * k0.ravel()[None]).ravel()
        matrix = sparse.coo_matrix((values, (rows, columns)), shape=(n, n)).tocsr()[free_dofs][:, free_dofs]
        if method == "direct":
            u[free_dofs] = spsolve(matrix.tocsc(), load[free_dofs])
        else:
            levels = pyamg.smoothed_aggregation_solver(matrix.tobsr((3, 3)), B=rigid.reshape(-1, 6), symmetry="symmetric")
            u[free_dofs] = levels.solve(load[free_dofs], x0=u[free_dofs], tol=tolerance, accel="cg", maxiter=500)
        local = u[dofs]
        energy = np.einsum("ei,ij,ej->e", local, k0, local)
        compliances.append(float((modulus * energy).sum()))
        falls = h.T @ (POWER * density ** (POWER - 1) * (1 - LEAST) * energy)
        weights = h.T @ np.ones(len(design))
        low, high = 0.0, 1e9
        while (high - low) / (high + low) > 1e-4:
            middle = 0.5 * (low + high)
            step = np.sqrt(np.maximum(falls, 0) / weights / middle)
            new = np.clip(design * step, np.maximum(design - MOVE, 0), np.minimum(design + MOVE, 1))
            low, high = (middle, high) if weights @ new > VOLUME * len(design) else (low, middle)
        design = new
        density = h @ design
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "compliances": compliances}))


if __name__ == "__main__":
    nx, ny, nz = map(int, sys.argv[1:4])
    main(nx, ny, nz, sys.argv[4], int(sys.argv[5]), float(sys.argv[6]))
