"""Generators of random numbers whose state is a variable, and ops with seeds of their own, which go on from call to call.

The cases of this family run in the order in which they are written, on one loaded model.
"""

import numpy as np
from cases import case, keep
from golden import tf

raw = tf.raw_ops
made = 0


def state(*values, dtype=tf.int64):
    global made
    made += 1
    return keep(tf.Variable(tf.constant(values, dtype), name=f"state_{made}", shape=[len(values)]))


shared = state(2**63 - 1, -1, 42)
PHILOX = 1
for dtype in ("float16", "bfloat16", "float32", "float64"):
    d = tf.as_dtype(dtype)
    for name, op in (("normal", raw.StatefulStandardNormalV2), ("uniform", raw.StatefulUniform), ("truncated_normal", raw.StatefulTruncatedNormal)):
        s = state(1, 2, 3)
        case(f"{name}_{dtype}", lambda n, _s=s, _o=op, _d=d: {"y": _o(resource=_s.handle, algorithm=PHILOX, shape=[n, 3], dtype=_d)}, ["int32[]"], [(4,), (3,), (0,), (1,)])
for dtype in ("int32", "int64", "uint32", "uint64"):
    d = tf.as_dtype(dtype)
    s = state(5, 6, 7)
    if dtype.startswith("int"):
        case(f"integers_{dtype}", lambda low, high, _s=s, _d=d: raw.StatefulUniformInt(resource=_s.handle, algorithm=PHILOX, shape=[3, 3], minval=low, maxval=high), [f"{dtype}[]", f"{dtype}[]"], [(3, 90), (0, 7)], errors=[(3, 3)])
    case(f"all_integers_{dtype}", lambda n, _s=s, _d=d: raw.StatefulUniformFullInt(resource=_s.handle, algorithm=PHILOX, shape=[n], dtype=_d), ["int32[]"], [(6,), (5,)])
case("shared_uniform", lambda: raw.StatefulUniform(resource=shared.handle, algorithm=PHILOX, shape=[5]), [], [(), ()])
case("shared_state", lambda: shared.read_value(), [], [()])
case("shared_skip", lambda delta: [raw.RngSkip(resource=shared.handle, algorithm=tf.constant(PHILOX, tf.int64), delta=delta), shared.read_value()][1:], ["int64[]"], [(3,), (2**62 + 5,), (-1,)])
case("shared_read_and_skip", lambda delta: [raw.RngReadAndSkip(resource=shared.handle, alg=PHILOX, delta=delta), shared.read_value()], ["uint64[]"], [(1,), (2**63,), (0,)])
case("bad_algorithm", lambda alg: raw.RngReadAndSkip(resource=shared.handle, alg=alg, delta=tf.constant(1, tf.uint64)), ["int32[]"], [(1,), (3,)], errors=[(2,), (9,)])
case("bad_algorithm_of_normals", lambda alg: raw.StatefulStandardNormalV2(resource=shared.handle, algorithm=alg, shape=[2]), ["int64[]"], [(1,), (3,)], errors=[(2,)])
case("bad_algorithm_of_skip", lambda alg: [raw.RngSkip(resource=shared.handle, algorithm=alg, delta=tf.constant(2, tf.int64)), shared.read_value()][1:], ["int64[]"], [(1,), (3,)], errors=[(2,)])
case("bad_algorithm_of_binomial", lambda alg: raw.StatefulRandomBinomial(resource=shared.handle, algorithm=alg, shape=[2], counts=3.0, probs=0.5), ["int64[]"], [(1,)], errors=[(2,), (3,)])
case("shared_binomial", lambda p: raw.StatefulRandomBinomial(resource=shared.handle, algorithm=PHILOX, shape=[3, 4], counts=[10.0, 60.0, 3.0, 1e4], probs=p), ["float32[4]"], [([0.3, 0.5, 0.9, 0.1],), ([0.3, 0.5, 0.9, 0.1],)])
case("shared_state_later", lambda: shared.read_value(), [], [()])

case("stateless_algorithms", lambda alg: raw.StatelessRandomUniformV2(shape=[3], key=tf.constant([1], tf.uint64), counter=tf.constant([1, 2], tf.uint64), alg=alg), ["int32[]"], [(1,), (3,)], errors=[(2,), (7,)])
case("stateless_gamma_algorithms", lambda alg: raw.StatelessRandomGammaV3(shape=[3], key=tf.constant([1], tf.uint64), counter=tf.constant([1, 2], tf.uint64), alg=alg, alpha=2.0), ["int32[]"], [(1,), (3,)], errors=[(2,)])
case("stateless_shuffle", lambda x, alg: raw.StatelessShuffle(value=x, key=tf.constant([1], tf.uint64), counter=tf.constant([1, 2], tf.uint64), alg=alg), ["string[?]", "int32[]"], [(np.array([b"a", b"b", b"c", b"d", b"e", b"f"], object), 1), (np.array([b"a"], object), 3), (np.array([], object), 3)], errors=[(np.array([b"a", b"b"], object), 2)])
case("stateless_shuffle_rows", lambda x: tf.random.experimental.stateless_shuffle(x, [5, 6]), ["float32[?,2]"], [(np.arange(18).reshape(9, 2),)])
case("stateless_key_counter_alg", lambda seed: raw.StatelessRandomGetKeyCounterAlg(seed=seed), ["int64[2]"], [([3, -4],)])
case("stateless_split", lambda seed: [tf.random.split(seed, 3), tf.random.fold_in(seed, 7)], ["int32[2]"], [([3, -4],)])

short = state(1, 2)
case("short_state", lambda: short.read_value(), [], [()])
case("short_state_drawn", lambda n: raw.StatefulUniform(resource=short.handle, algorithm=PHILOX, shape=[n]), ["int32[]"], [], errors=[(3,)])

generator = keep(tf.random.Generator.from_seed(123))
other = keep(tf.random.Generator.from_key_counter(key=5, counter=[7, 8], alg="philox"))


def drawn(n):
    return {
        "normal": generator.normal([n, 2]),
        "uniform": generator.uniform([n], -1, 3),
        "integers": generator.uniform([n], 0, 100, tf.int32),
        "wide": generator.uniform([n], dtype=tf.uint64, minval=None),
        "truncated": generator.truncated_normal([n]),
        "binomial": generator.binomial([n], 20.0, 0.4),
        "state": generator.state.read_value(),
    }


def in_loop(n):
    total = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + generator.uniform([])), [0, 0.0])[1]
    return {"total": total, "state": generator.state.read_value()}


def in_branch(flag):
    return tf.cond(flag, lambda: generator.uniform([2]), lambda: other.uniform([2]))


case("generator", lambda n: tf.function(drawn)(n), ["int32[]"], [(4,), (4,), (0,)])
case("generator_seeds", lambda: other.make_seeds(3), [], [(), ()])
case("generator_reset", lambda s: [other.reset_from_seed(s)] and other.uniform([2]), ["int64[]"], [(9,), (9,)])
case("generator_skip", lambda n: [other.skip(n)] and other.uniform([2]), ["uint64[]"], [(9,)])
case("generator_in_loop", lambda n: tf.function(in_loop)(n), ["int32[]"], [(3,), (0,)])
case("generator_in_branch", lambda flag: tf.function(in_branch)(flag), ["bool[]"], [(True,), (False,)])

# Ops with seeds of their own.
seeded = {
    "uniform": lambda n, **s: raw.RandomUniform(shape=[n, 3], dtype=tf.float32, **s),
    "uniform_double": lambda n, **s: raw.RandomUniform(shape=[n, 3], dtype=tf.float64, **s),
    "normal": lambda n, **s: raw.RandomStandardNormal(shape=[n, 3], dtype=tf.float32, **s),
    "truncated": lambda n, **s: raw.TruncatedNormal(shape=[n, 3], dtype=tf.float32, **s),
    "integers": lambda n, **s: raw.RandomUniformInt(shape=[n, 3], minval=-3, maxval=30, **s),
    "wide_integers": lambda n, **s: raw.RandomUniformInt(shape=[n, 3], minval=tf.constant(-3, tf.int64), maxval=30, **s),
    "multinomial": lambda n, **s: raw.Multinomial(logits=tf.ones([2, 5]), num_samples=n, **s),
    "shuffle": lambda n, **s: raw.RandomShuffle(value=tf.range(n), **s),
    "shuffle_rows": lambda n, **s: raw.RandomShuffle(value=tf.reshape(tf.range(n * 2), [n, 2]), **s),
}
for name, op in seeded.items():
    case(f"seeded_{name}", lambda n, _o=op: _o(n, seed=7, seed2=11), ["int32[]"], [(7,), (3,), (9,)])


def two_draws(n):
    """Two nodes with the same seeds draw the same numbers, each from a state of its own."""
    return [raw.RandomUniform(shape=[n], dtype=tf.float32, seed=3, seed2=3), raw.RandomUniform(shape=[n], dtype=tf.float32, seed=3, seed2=3)]


def seeded_loop(n):
    return tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + tf.random.uniform([2], seed=5)), [0, tf.zeros([2])])[1]


def filled(a):
    tf.random.set_seed(8)
    return tf.random.normal([3]) + a, tf.random.uniform([3]) + a, tf.random.gamma([3], 2.0) + a, tf.random.shuffle(tf.range(5))


case("two_draws", lambda n: two_draws(n), ["int32[]"], [(3,), (3,)])
case("seeded_loop", lambda n: tf.function(seeded_loop)(n), ["int32[]"], [(3,), (3,)])
case("global_seed", lambda a: filled(a), ["float32[]"], [(0.0,), (1.0,)])
case("unseeded", lambda n: [tf.shape(raw.NonDeterministicInts(shape=[n, 2], dtype=d)) for d in (tf.int32, tf.int64, tf.uint32, tf.uint64)], ["int32[]"], [(3,), (0,)])
