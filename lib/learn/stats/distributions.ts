// Tail probabilities that keep their relative precision when they are tiny: a p of 1e-25 is summed as such, never as 1 minus something.
// Incomplete gamma and beta by series and Lentz's continued fractions (Press et al., "Numerical Recipes", 6.2 and 6.4).

const halfLogTwoPi = 0.918_938_533_204_672_8;

/** Stirling's remainder: ln Γ(x) = (x − ½)·ln x − x + ½·ln 2π + this, for x ≥ 8. */
const stirling = (x: number): number => {
  const y = 1 / (x * x);
  return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360_360 - y / 156)))))) / x;
};

/** ln Γ(x) for x > 0. */
export const logGamma = (x: number): number => {
  if (x >= 8) return (x - 0.5) * Math.log(x) - x + halfLogTwoPi + stirling(x);
  let shift = 1;
  let at = x;
  for (; at < 8; at++) shift *= at;
  return logGamma(at) - Math.log(shift);
};

/** ln Γ(a + b) − ln Γ(a) without subtracting two great numbers. */
const logGammaRise = (a: number, b: number): number =>
  a < 8 ? logGamma(a + b) - logGamma(a) : (a - 0.5) * Math.log1p(b / a) + b * Math.log(a + b) - b + stirling(a + b) - stirling(a);

const tiny = 1e-300;

/** Lentz's evaluation of b0 + a1/(b1 + a2/(b2 + …)). */
const fraction = (b0: number, term: (i: number) => [a: number, b: number]): number => {
  let value = b0 === 0 ? tiny : b0;
  let [c, d] = [value, 0];
  for (let i = 1; i < 10_000; i++) {
    const [a, b] = term(i);
    d = b + a * d || tiny;
    c = b + a / c || tiny;
    d = 1 / d;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
};

/** Regularised upper incomplete gamma Q(a, x). */
export const gammaTail = (a: number, x: number): number => {
  if (!(x > 0)) return x === 0 || x < 0 ? 1 : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x >= a + 1) return front / fraction(x + 1 - a, (i) => [-i * (i - a), x + 2 * i + 1 - a]);
  let [term, sum] = [1 / a, 1 / a];
  for (let n = 1; n < 10_000 && term > sum * 1e-17; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return 1 - front * sum;
};

/** Regularised incomplete beta I_x(a, b); `rest` is 1 − x, given where subtracting would lose it. */
export const betaShare = (a: number, b: number, x: number, rest = 1 - x): number => {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(b, a, rest, x);
  const logBeta = a > b ? logGamma(b) - logGammaRise(a, b) : logGamma(a) - logGammaRise(b, a);
  const front = Math.exp(a * (x > 0.5 ? Math.log1p(-rest) : Math.log(x)) + b * (rest > 0.5 ? Math.log1p(-x) : Math.log(rest)) - logBeta);
  const value = fraction(1, (i) => {
    const m = i >> 1;
    const top =
      i % 2 === 0 ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)) : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [top, 1];
  });
  return front / (a * value);
};

/** P(X > x) of χ² with `df` degrees. */
export const chiSquareTail = (x: number, df: number): number => gammaTail(df / 2, x / 2);

/** P(Z > z) of the standard normal. */
export const normalTail = (z: number): number => (z >= 0 ? gammaTail(0.5, (z * z) / 2) / 2 : 1 - normalTail(-z));

/** Both tails of Student's t beyond ±t. */
export const studentTails = (t: number, df: number): number => betaShare(df / 2, 0.5, df / (df + t * t), (t * t) / (df + t * t));

/** The z that the standard normal stays below with probability p (Acklam's rational start, two Newton steps). */
export const normalQuantile = (p: number): number => {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (let i = 0; i < 4; i++) {
    const step = (normalTail(-z) - p) / (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
    z -= step / (1 + (z * step) / 2);
  }
  return z;
};

/** e^x · K_¼(x), the modified Bessel function; the trapezoidal rule on ∫ exp(−x·(cosh t − 1))·cosh(t/4) dt converges geometrically. */
export const besselKQuarterScaled = (x: number): number => {
  const reach = Math.acosh(1 + 40 / x) + 0.1;
  const steps = 200;
  const h = reach / steps;
  let sum = 0.5;
  for (let i = 1; i <= steps; i++) {
    const half = Math.sinh((i * h) / 2);
    sum += Math.exp(-2 * x * half * half) * Math.cosh((i * h) / 4);
  }
  return sum * h;
};
