"""Assertions in loops and branches: what they say, and that they say nothing where they hold."""

from cases import case
from golden import tf

F = "float32"


@tf.function
def in_a_loop(x):
    total = tf.zeros([])
    for i in tf.range(tf.shape(x)[0]):
        tf.Assert(x[i] >= 0.0, ["negative at", i, ":", x[i]])
        total += tf.sqrt(x[i])
    return total


@tf.function
def in_an_endless_loop(x):
    steps = tf.constant(0)
    while tf.reduce_max(x) > 1.0:
        tf.Assert(steps < 20, ["no end in sight after", steps, x])
        x = tf.where(x > 100.0, x, x / 2.0)
        steps += 1
    return steps


@tf.function
def stacked(x):
    def row(r):
        tf.Assert(tf.reduce_sum(r) < 10.0, ["too much:", r, tf.shape(r)], summarize=2)
        return r * 2.0

    return tf.map_fn(row, x)


@tf.function
def in_a_branch(x, n):
    if n > 2:
        tf.Assert(tf.reduce_all(x > 0.0), ["first", x])
        y = x + 1.0
    elif n > 0:
        tf.Assert(tf.reduce_all(x < 0.0), ["second", n, x])
        y = x - 1.0
    else:
        y = x
    return y


@tf.function
def nested(x):
    total = tf.zeros([])
    for i in tf.range(tf.shape(x)[0]):
        if x[i] > 5.0:
            for j in tf.range(3):
                tf.Assert(tf.cast(j, tf.float32) < x[i] - 4.0, ["inner", i, j])
                total += x[i]
        total += 1.0
    return total


@tf.function
def of_many_dtypes(x):
    total = tf.constant(0)
    for i in tf.range(tf.shape(x)[0]):
        v = x[i]
        data = [v, v > 1, tf.cast(v, tf.int64), tf.cast(v, tf.float64) / 4.0, tf.cast(v, tf.float16), tf.cast(v, tf.uint8), tf.cast(v, tf.int8)]
        tf.Assert(v < 5, data)
        total += v
    return total


@tf.function
def two_in_a_row(x):
    y = x
    for i in tf.range(3):
        tf.Assert(tf.reduce_sum(y) < 100.0, ["large", i, y])
        with tf.control_dependencies([y]):
            y = y * 2.0
    for i in tf.range(2):
        tf.debugging.assert_less(y, 40.0, "second loop")
        y = y + 1.0
    return y


case("in_a_loop", in_a_loop, [f"{F}[?]"], [([1.0, 4.0],), ([],)], errors=[([1.0, -4.0, -9.0],)])
case("in_an_endless_loop", in_an_endless_loop, [f"{F}[?]"], [([8.0, 2.0],), ([0.5],)], errors=[([200.0, 1.0, 2.0, 3.0],)])
case("stacked", stacked, [f"{F}[?,?]"], [([[1.0, 2.0, 3.0], [4.0, 1.0, 0.0]],)], errors=[([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0], [9.0, 9.0, 9.0]],)])
case("in_a_branch", in_a_branch, [f"{F}[?]", "int32[]"], [([1.0, 2.0], 3), ([-1.0], 1), ([-1.0, 1.0], 0)], errors=[([1.0, -2.0], 3), ([-1.0, 2.0, 3.0, 4.0, 5.0], 1)])
case("nested", nested, [f"{F}[?]"], [([1.0, 7.0],), ([9.0, 8.0],)], errors=[([1.0, 5.5],)])
case("of_many_dtypes", of_many_dtypes, ["int32[?]"], [([1, 2],)], errors=[([1, 7, 9],)])
case("two_in_a_row", two_in_a_row, [f"{F}[?]"], [([1.0, 2.0],)], errors=[([60.0, 1.0],), ([4.9],)])
