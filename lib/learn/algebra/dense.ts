// Dense linear algebra for small systems: Cholesky, and eigenvalues of symmetric matrices by Householder tridiagonalisation and the
// implicit QL method (Bowdler, Martin, Reinsch, Wilkinson 1968; the EISPACK routines tred2 and tql2). Matrices are row-major.

/** Solves A·x = b for a symmetric positive definite A (d × d) by Cholesky; A is overwritten. */
export const solveSpd = (a: Float64Array, b: Float64Array, d: number): Float64Array => {
  for (let j = 0; j < d; j++) {
    let diagonal = a[j * d + j]!;
    for (let k = 0; k < j; k++) diagonal -= a[j * d + k]! ** 2;
    const root = Math.sqrt(Math.max(diagonal, 1e-12));
    a[j * d + j] = root;
    for (let i = j + 1; i < d; i++) {
      let sum = a[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * d + k]! * a[j * d + k]!;
      a[i * d + j] = sum / root;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * d + k]! * x[k]!;
    x[i]! /= a[i * d + i]!;
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) x[i]! -= a[k * d + i]! * x[k]!;
    x[i]! /= a[i * d + i]!;
  }
  return x;
};

/** Householder reduction: v becomes the accumulated transformation, `main` and `off` the tridiagonal. */
const tridiagonalise = (v: Float64Array, main: Float64Array, off: Float64Array, n: number): void => {
  for (let j = 0; j < n; j++) main[j] = v[(n - 1) * n + j]!;
  for (let i = n - 1; i > 0; i--) {
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(main[k]!);
    if (scale === 0) {
      off[i] = main[i - 1]!;
      for (let j = 0; j < i; j++) {
        main[j] = v[(i - 1) * n + j]!;
        v[i * n + j] = 0;
        v[j * n + i] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        main[k]! /= scale;
        h += main[k]! ** 2;
      }
      const f = main[i - 1]!;
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      off[i] = scale * g;
      h -= f * g;
      main[i - 1] = f - g;
      reflect(v, main, off, n, i, h);
    }
    main[i] = h;
  }
  accumulate(v, main, n);
  off[0] = 0;
};

const reflect = (v: Float64Array, main: Float64Array, off: Float64Array, n: number, i: number, h: number): void => {
  off.fill(0, 0, i);
  for (let j = 0; j < i; j++) {
    const f = main[j]!;
    v[j * n + i] = f;
    let g = off[j]! + v[j * n + j]! * f;
    for (let k = j + 1; k < i; k++) {
      g += v[k * n + j]! * main[k]!;
      off[k]! += v[k * n + j]! * f;
    }
    off[j] = g;
  }
  let sum = 0;
  for (let j = 0; j < i; j++) {
    off[j]! /= h;
    sum += off[j]! * main[j]!;
  }
  const half = sum / (h + h);
  for (let j = 0; j < i; j++) off[j]! -= half * main[j]!;
  for (let j = 0; j < i; j++) {
    const [f, g] = [main[j]!, off[j]!];
    for (let k = j; k < i; k++) v[k * n + j]! -= f * off[k]! + g * main[k]!;
    main[j] = v[(i - 1) * n + j]!;
    v[i * n + j] = 0;
  }
};

const accumulate = (v: Float64Array, main: Float64Array, n: number): void => {
  for (let i = 0; i < n - 1; i++) {
    v[(n - 1) * n + i] = v[i * n + i]!;
    v[i * n + i] = 1;
    const h = main[i + 1]!;
    if (h !== 0) {
      for (let k = 0; k <= i; k++) main[k] = v[k * n + i + 1]! / h;
      for (let j = 0; j <= i; j++) {
        let g = 0;
        for (let k = 0; k <= i; k++) g += v[k * n + i + 1]! * v[k * n + j]!;
        for (let k = 0; k <= i; k++) v[k * n + j]! -= g * main[k]!;
      }
    }
    for (let k = 0; k <= i; k++) v[k * n + i + 1] = 0;
  }
  for (let j = 0; j < n; j++) {
    main[j] = v[(n - 1) * n + j]!;
    v[(n - 1) * n + j] = 0;
  }
  v[n * n - 1] = 1;
};

/** One implicit QL sweep between l and m; answers nothing, changes all. */
const sweep = (
  v: Float64Array,
  main: Float64Array,
  off: Float64Array,
  n: number,
  l: number,
  m: number,
  first: number,
  second: number,
): void => {
  let p = main[m]!;
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
  for (let i = m - 1; i >= l; i--) {
    c3 = c2;
    c2 = c;
    s2 = s;
    const g = c * off[i]!;
    const h = c * p;
    const r = Math.hypot(p, off[i]!);
    off[i + 1] = s * r;
    s = off[i]! / r;
    c = p / r;
    p = c * main[i]! - s * g;
    main[i + 1] = h + s * (c * g + s * main[i]!);
    for (let k = 0; k < n; k++) {
      const at = k * n + i;
      const held = v[at + 1]!;
      v[at + 1] = s * v[at]! + c * held;
      v[at] = c * v[at]! - s * held;
    }
  }
  p = (-s * s2 * c3 * first * off[l]!) / second;
  off[l] = s * p;
  main[l] = c * p;
};

const diagonalise = (v: Float64Array, main: Float64Array, off: Float64Array, n: number): void => {
  for (let i = 1; i < n; i++) off[i - 1] = off[i]!;
  off[n - 1] = 0;
  let f = 0;
  let largest = 0;
  for (let l = 0; l < n; l++) {
    largest = Math.max(largest, Math.abs(main[l]!) + Math.abs(off[l]!));
    let m = l;
    while (m < n - 1 && Math.abs(off[m]!) > 2 ** -52 * largest) m += 1;
    for (let tries = 0; m > l && tries < 60; tries++) {
      const g = main[l]!;
      const p = (main[l + 1]! - g) / (2 * off[l]!);
      const r = p < 0 ? -Math.hypot(p, 1) : Math.hypot(p, 1);
      main[l] = off[l]! / (p + r);
      main[l + 1] = off[l]! * (p + r);
      const second = main[l + 1]!;
      const first = off[l + 1]!;
      const h = g - main[l]!;
      for (let i = l + 2; i < n; i++) main[i]! -= h;
      f += h;
      sweep(v, main, off, n, l, m, first, second);
      if (Math.abs(off[l]!) <= 2 ** -52 * largest) break;
    }
    main[l]! += f;
    off[l] = 0;
  }
};

/** Eigenvalues in descending order and eigenvectors as the columns of a row-major matrix; `a` (symmetric, n × n) is kept. */
export const symmetricEigen = (a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } => {
  const v = a.slice();
  const main = new Float64Array(n);
  const off = new Float64Array(n);
  tridiagonalise(v, main, off, n);
  diagonalise(v, main, off, n);
  const order = [...main.keys()].sort((i, j) => main[j]! - main[i]!);
  const vectors = new Float64Array(n * n);
  for (const [to, from] of order.entries()) for (let k = 0; k < n; k++) vectors[k * n + to] = v[k * n + from]!;
  return { values: Float64Array.from(order, (i) => main[i]!), vectors };
};

/** The minimum-norm solution of A·x = b for a symmetric A that may be singular: directions with eigenvalues below 1e-10 of the largest do not count. */
export const solveSingular = (a: Float64Array, b: Float64Array, n: number): Float64Array => {
  const { values, vectors } = symmetricEigen(a, n);
  const x = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    if (!(values[k]! > 1e-10 * values[0]!)) break;
    let along = 0;
    for (let i = 0; i < n; i++) along += vectors[i * n + k]! * b[i]!;
    along /= values[k]!;
    for (let i = 0; i < n; i++) x[i]! += along * vectors[i * n + k]!;
  }
  return x;
};
