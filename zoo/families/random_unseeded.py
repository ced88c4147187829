"""Random numbers that nobody can foresee: each case says whether so many samples have the mean and the deviation of their
distribution, within bounds that one of a billion samples breaks, and whether two draws differ."""

from cases import case
from golden import tf

raw = tf.raw_ops
COUNT = "int32[]"
N = 20000


def fits(draw, mean, variance, kurtosis=3.0):
    """Within six deviations of the mean and of the variance that so many samples have."""

    def call(n):
        values = tf.cast(draw(n), tf.float64)
        count = tf.cast(tf.size(values), tf.float64)
        found = tf.reduce_mean(values)
        spread = tf.reduce_mean((values - found) ** 2)
        return {
            "shape": tf.shape(values),
            "mean": tf.abs(found - mean) < 6.0 * tf.sqrt(variance / count),
            "variance": tf.abs(spread / variance - 1.0) < 6.0 * tf.sqrt((kurtosis - 1.0) / count),
            "differs": tf.reduce_any(tf.cast(draw(n), tf.float64) != values),
        }

    return call


LAMBDA = 7.0
DRAWS = {
    "uniform": (lambda n: raw.RandomUniform(shape=[n], dtype=tf.float32), 0.5, 1 / 12, 1.8),
    "uniform_half": (lambda n: raw.RandomUniform(shape=[n], dtype=tf.float16), 0.5, 1 / 12, 1.8),
    "normal": (lambda n: raw.RandomStandardNormal(shape=[n, 2], dtype=tf.float32), 0.0, 1.0, 3.0),
    "normal_double": (lambda n: raw.RandomStandardNormal(shape=[n], dtype=tf.float64), 0.0, 1.0, 3.0),
    "truncated": (lambda n: raw.TruncatedNormal(shape=[n], dtype=tf.float32), 0.0, 0.7737, 2.37),
    "integers": (lambda n: raw.RandomUniformInt(shape=[n], minval=0, maxval=10), 4.5, 8.25, 1.78),
    "gamma": (lambda n: tf.random.gamma([n], 2.0), 2.0, 2.0, 6.0),
    "poisson": (lambda n: tf.random.poisson([n], LAMBDA), LAMBDA, LAMBDA, 3.0 + 1 / LAMBDA),
    "bounded": (lambda n: raw.ParameterizedTruncatedNormal(shape=[n], means=0.0, stdevs=1.0, minvals=0.0, maxvals=100.0), 0.7979, 0.3634, 3.87),
    "categorical": (lambda n: tf.random.categorical(tf.math.log([[0.25, 0.75]]), n), 0.75, 0.1875, 2.34),
    "bits": (lambda n: raw.NonDeterministicInts(shape=[n], dtype=tf.int32) // 2**16, -0.5, 2**32 / 12, 1.8),
    "dropout": (lambda n: tf.nn.dropout(tf.ones([n]), 0.25), 1.0, 1 / 3, 2.34),
}
for name, (draw, mean, variance, kurtosis) in DRAWS.items():
    case(name, fits(draw, mean, variance, kurtosis), [COUNT], [(N,), (N,)])


def shuffled(n):
    x = tf.random.shuffle(tf.range(n))
    return [tf.reduce_all(tf.sort(x) == tf.range(n)), tf.reduce_any(x != tf.range(n)), tf.reduce_any(tf.random.shuffle(x) != x)]


case("shuffle", shuffled, [COUNT], [(100,)])
