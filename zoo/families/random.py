"""Random numbers that must be TensorFlow's own: of the stateless ops, and the first draw of seeded ones."""

from cases import case
from golden import tf

raw = tf.raw_ops
SHAPES = ([7], [2, 3, 5], [0], [])
V2 = {"uniform": "StatelessRandomUniformV2", "normal": "StatelessRandomNormalV2", "truncated_normal": "StatelessTruncatedNormalV2"}
V1 = {"uniform": "StatelessRandomUniform", "normal": "StatelessRandomNormal", "truncated_normal": "StatelessTruncatedNormal"}
SEED = ["int64[2]"]
SEEDS = [([1, 2],), ([-5, 123456789012],)]

for name in V1:
    for dtype in (tf.float32, tf.float64):
        case(f"stateless_{name}_{dtype.name}", lambda seed, _o=V1[name], _d=dtype: [getattr(raw, _o)(shape=s, seed=seed, dtype=_d) for s in SHAPES], SEED, SEEDS)
        case(f"stateless_v2_{name}_{dtype.name}", lambda seed, _n=name, _d=dtype: [getattr(tf.random, f"stateless_{_n}")(s, seed, dtype=_d) for s in SHAPES], SEED, SEEDS)
for dtype in (tf.int32, tf.int64):
    case(f"stateless_integers_{dtype.name}", lambda seed, _d=dtype: tf.random.stateless_uniform([3, 5], seed, -7, 1000, _d), SEED, SEEDS)
    case(f"stateless_integers_v1_{dtype.name}", lambda seed, _d=dtype: raw.StatelessRandomUniformInt(shape=[9], seed=seed, minval=tf.constant(3, _d), maxval=tf.constant(90, _d)), SEED, SEEDS)
    case(f"stateless_full_{dtype.name}", lambda seed, _d=dtype: raw.StatelessRandomUniformFullInt(shape=[9], seed=seed, dtype=_d), SEED, SEEDS)
case("stateless_half", lambda seed: [raw.StatelessRandomUniform(shape=[9], seed=seed, dtype=d) for d in (tf.float16, tf.bfloat16)], SEED, SEEDS)
case("stateless_categorical", lambda seed, logits: tf.random.stateless_categorical(logits, 9, seed), ["int64[2]", "float32[1,?]"], [([1, 2], [[0.1, 2.0, -1.0, 0.5]]), ([8, 2], [[0.0, float("-inf"), 1.0]])])
case("seeded_uniform", lambda n: raw.RandomUniform(shape=[n, 3], dtype=tf.float32, seed=7, seed2=11), ["int32[]"], [(4,)])
case("seeded_normal", lambda n: raw.RandomStandardNormal(shape=[n, 3], dtype=tf.float32, seed=7, seed2=11), ["int32[]"], [(4,)])
case("seeded_truncated", lambda n: raw.TruncatedNormal(shape=[n, 3], dtype=tf.float32, seed=7, seed2=11), ["int32[]"], [(4,)])
case("seeded_integers", lambda n: raw.RandomUniformInt(shape=[n, 3], minval=-3, maxval=30, seed=7, seed2=11), ["int32[]"], [(4,)])
case("unseeded_shape", lambda n: [tf.shape(tf.random.uniform([n, 2])), tf.shape(tf.random.shuffle(tf.range(n))), tf.reduce_sum(tf.random.shuffle(tf.range(n)))], ["int32[]"], [(5,)])
