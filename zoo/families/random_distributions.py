"""Samples of distributions with parameters. Numbers must be TensorFlow's own: of stateless ops, and of ops with seeds from
the first call on. Seeded ops go on from call to call, so the cases run one after the other on one loaded model."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
SEED = "int64[2]"
SEEDS = ([1, 2], [-5, 123456789012])
ALPHAS = [0.1, 0.9, 1.0, 1.5, 20.0, 1e6]
RATES = [0.0, 0.3, 4.0, 9.99, 10.0, 35.5, 1e5]
KEY = np.array([0x123456789ABCDEF], np.uint64)
COUNTER = np.array([7, 1 << 63], np.uint64)

for dtype in ("float16", "float32", "float64"):
    alphas = [(s, np.array(ALPHAS[:5] if dtype == "float16" else ALPHAS)) for s in SEEDS]
    case(f"stateless_gamma_v2_{dtype}", lambda seed, alpha: raw.StatelessRandomGammaV2(shape=tf.concat([[2, 4], tf.shape(alpha)], 0), seed=seed, alpha=alpha), [SEED, f"{dtype}[?]"], alphas)
    case(f"stateless_gamma_v3_{dtype}", lambda alpha: raw.StatelessRandomGammaV3(shape=tf.concat([[3], tf.shape(alpha)], 0), key=KEY, counter=COUNTER, alg=1, alpha=alpha), [f"{dtype}[?]"], [(alphas[0][1],)])
for dtype in ("float16", "float32", "float64"):
    values = np.array(ALPHAS[:5] if dtype == "float16" else ALPHAS)
    case(f"gamma_{dtype}", lambda alpha, n: raw.RandomGamma(shape=[n, 3], alpha=alpha, seed=3, seed2=4), [f"{dtype}[?]", "int32[]"], [(values, 2), (values[:2], 1), (values, 2)])
    rates = RATES[:6] if dtype == "float16" else RATES
    for out in ("float16", "float32", "float64", "int32", "int64"):
        bounded = rates[:6] if out == "float16" else rates
        case(f"poisson_v2_{dtype}_{out}", lambda rate, _o=tf.as_dtype(out): raw.RandomPoissonV2(shape=[4], rate=rate, seed=9, seed2=1, dtype=_o), [f"{dtype}[?]"], [(bounded,), (bounded[::-1],)])
        case(f"stateless_poisson_{dtype}_{out}", lambda seed, rate, _o=tf.as_dtype(out): raw.StatelessRandomPoisson(shape=tf.concat([[3], tf.shape(rate)], 0), seed=seed, lam=rate, dtype=_o), [SEED, f"{dtype}[?]"], [(s, bounded) for s in SEEDS])
for dtype in ("int32", "int64"):
    case(f"stateless_poisson_{dtype}_rate", lambda seed, rate: raw.StatelessRandomPoisson(shape=tf.concat([[3], tf.shape(rate)], 0), seed=seed, lam=rate, dtype=tf.int32), [SEED, f"{dtype}[?]"], [(SEEDS[0], [0, 3, 10, 400])])
for name, shapes in (("scalar", ([], [])), ("empty", ([0, 3], [3]))):
    case(f"gamma_{name}", lambda alpha, _s=shapes[0]: [raw.StatelessRandomGammaV2(shape=tf.constant(_s, tf.int32), seed=[1, 2], alpha=alpha), raw.StatelessRandomPoisson(shape=tf.constant(_s, tf.int32), seed=[1, 2], lam=alpha, dtype=tf.int32)], [f"float32{shapes[1]}"], [(np.full(shapes[1], 2.5),)])

COUNTS = np.array([[0.0], [5.0], [40.0], [1e5]])
PROBABILITIES = np.array([0.0, 0.05, 0.3, 0.5, 0.7, 0.999, 1.0, 2.0])
for dtype in ("float16", "float32", "float64"):
    counts = COUNTS[:3] if dtype == "float16" else COUNTS
    for out in ("float16", "float32", "float64", "int32", "int64"):
        given = counts[:3] if out == "float16" else counts
        case(
            f"stateless_binomial_{dtype}_{out}",
            lambda seed, n, p, _o=tf.as_dtype(out): raw.StatelessRandomBinomial(shape=tf.concat([[2], tf.shape(n * p)], 0), seed=seed, counts=n, probs=p, dtype=_o),
            [SEED, f"{dtype}[?,1]", f"{dtype}[?]"],
            [(SEEDS[0], given, PROBABILITIES)],
        )
case("stateless_binomial_nan", lambda p: raw.StatelessRandomBinomial(shape=[2, 1], seed=[1, 2], counts=3.0, probs=p, dtype=tf.float32), ["float32[1]"], [([float("nan")],)])
case("stateless_binomial_shapes", lambda s, n: raw.StatelessRandomBinomial(shape=s, seed=[1, 2], counts=n, probs=0.5), ["int32[?]", "float32[?]"], [([2, 3], [1.0, 2.0, 3.0])], errors=[([3, 2], [1.0, 2.0, 3.0]), ([], [1.0, 2.0, 3.0])])

INF = float("inf")
MEANS = [0.0, 1.0, -3.0, 0.0, 5.0, 0.0, 0.0, 10.0]
DEVIATIONS = [1.0, 2.0, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0]
LEAST = [-2.0, 0.0, -INF, 3.0, -1.0, -0.5, 8.0, -INF]
MOST = [2.0, INF, -3.1, INF, 0.0, 0.25, 8.1, 0.0]
for dtype in ("float16", "float32", "float64"):
    spec = f"{dtype}[?]"
    case(
        f"truncated_normal_{dtype}",
        lambda n, mean, deviation, least, most: raw.ParameterizedTruncatedNormal(shape=[tf.size(mean), n], means=mean, stdevs=deviation, minvals=least, maxvals=most, seed=5, seed2=6),
        ["int32[]", spec, spec, spec, spec],
        [(7, MEANS, DEVIATIONS, LEAST, MOST), (2, MEANS, DEVIATIONS, LEAST, MOST)],
        errors=[(2, [0.0], [0.0], [-1.0], [1.0]), (2, [0.0], [1.0], [1.0], [1.0]), (2, [0.0], [1.0], [-INF], [INF]), (2, [0.0, 1.0], [1.0, 1.0, 1.0], [-1.0], [1.0])],
    )
    case(f"truncated_normal_scalars_{dtype}", lambda mean, _d=tf.as_dtype(dtype): [raw.ParameterizedTruncatedNormal(shape=[6, 40], means=mean, stdevs=tf.cast(1.5, _d), minvals=tf.cast(-1, _d), maxvals=tf.cast(3, _d), seed=5, seed2=7), raw.ParameterizedTruncatedNormal(shape=[0, 4], means=mean, stdevs=tf.cast(1.5, _d), minvals=tf.cast(-1, _d), maxvals=tf.cast(3, _d), seed=5, seed2=7)], [f"{dtype}[]"], [(0.25,), (4.0,)])
    case(
        f"stateless_truncated_normal_{dtype}",
        lambda seed, mean, deviation, least, most: raw.StatelessParameterizedTruncatedNormal(shape=tf.concat([[5], tf.shape(mean)], 0), seed=seed, means=mean, stddevs=deviation, minvals=least, maxvals=most),
        [SEED, spec, spec, spec, spec],
        [(s, MEANS, DEVIATIONS, LEAST, MOST) for s in SEEDS] + [(SEEDS[0], MEANS, [1.0], [-1.0], [1.0])] if dtype != "float16" else [(s, MEANS, DEVIATIONS, LEAST, MOST) for s in SEEDS],
        errors=[(SEEDS[0], [0.0], [0.0], [-1.0], [1.0]), (SEEDS[0], [0.0, 1.0], [1.0, 1.0, 1.0], [-1.0], [1.0])],
    )
