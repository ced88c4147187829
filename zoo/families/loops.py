"""Loops and branches over large weights, of every kind of variable, with early ends, and greedy decoding."""

import numpy as np
from cases import case, rand, variable
from golden import tf

F = "float32"
big = variable(rand(200, 100))
big2 = variable(rand(200, 100))
constant = tf.constant(np.random.default_rng(1).normal(size=(150, 120)).astype(np.float32))

case("cond_weights", lambda flag: tf.cond(flag, lambda: big.read_value(), lambda: big2.read_value())[:2], ["bool[]"], [(True,), (False,)])
case("loop_weight_initial", lambda n: tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 2.0 + big), [0, big2.read_value()])[1][:2], ["int32[]"], [(2,), (0,)])
case("loop_const_initial", lambda n: tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, constant + y), [0, constant * 1.0])[1][:2], ["int32[]"], [(2,)])
case("list_of_weights", lambda i: tf.TensorArray(tf.float32, 2).unstack(tf.stack([big, big2])).gather([i])[:, :2], ["int32[]"], [(1,)])
case("host_weights", lambda s: tf.map_fn(lambda t: tf.gather(big, tf.strings.length(t)), s, fn_output_signature=tf.float32), ["string[?]"], [(np.array([b"a", b"bcd"], object),)])
case("host_weight_carried", lambda s: tf.while_loop(lambda t, y: tf.strings.length(t) < 3, lambda t, y: (t + "x", y + big), [s, big2.read_value()])[1][:2], ["string[]"], [(b"a",), (b"abcd",)])
case("case_const_index", lambda x: tf.switch_case(tf.constant(1), [lambda: x, lambda: x * 2.0]), [f"{F}[?]"], [(rand(3),)])


@tf.function
def printing(x):
    tf.print("value", x, tf.shape(x))
    return x + 1.0


case("printing", lambda x: printing(x), [f"{F}[?]"], [(rand(3),)])


@tf.function
def nested_break(x):
    total = tf.zeros([2])
    for i in tf.range(tf.shape(x)[0]):
        for j in tf.range(3):
            if j > i:
                break
            total += x[i] * tf.cast(j, tf.float32)
        if tf.reduce_sum(total) > 100.0:
            break
    return -total


case("nested_break", lambda x: nested_break(x), [f"{F}[?,2]"], [(rand(4, 2),), ([[200.0, 1.0]] * 4,), (rand(0, 2),)])


@tf.function
def decode(x, n):
    """Greedy decoding."""
    out = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None])
    h = x
    step = tf.constant(0)
    done = tf.zeros(tf.shape(x)[:1], tf.bool)
    while step < n and not tf.reduce_all(done):
        logits = tf.matmul(h, big[:4, :6])
        token = tf.argmax(logits, -1, output_type=tf.int32)
        done = done | tf.equal(token, 2)
        h = tf.tanh(tf.gather(big[:6, :4], token) + h)
        out = out.write(step, token)
        step += 1
    return tf.transpose(out.stack())


case("decode", lambda x, n: decode(x, n), [f"{F}[?,4]", "int32[]"], [(rand(3, 4), 5), (rand(1, 4), 1)])


@tf.function
def by_position(x):
    return tf.map_fn(lambda r: r * tf.cast(tf.range(tf.size(r)), tf.float32), x)


case("map_static", lambda x: by_position(x), [f"{F}[3,2]"], [(rand(3, 2),)])
case("map_2d_out", lambda x: tf.map_fn(lambda r: r[:, None] * r[None, :], x), [f"{F}[?,?]"], [(rand(3, 2),)])
case("uint8_map", lambda x: tf.map_fn(lambda r: tf.cast(r, tf.uint8), x, fn_output_signature=tf.uint8), [f"{F}[?,2]"], [([[1.0, 2.0], [3.0, 250.0]],)])
case("bool_loop", lambda x: tf.while_loop(lambda c, i: c, lambda c, i: (i < 5, i + 2), [True, x])[1], ["int32[]"], [(0,), (9,)])
case("double_loop", lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 1.1), [0, x])[1], ["float64[?]"], [(rand(3),)])


def factors(x):
    """An op with several outputs that stands in a body alone, so that the model has no definition of it."""
    return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.matmul(*reversed(tf.linalg.qr(a)))), [0, x])[1]


case("loop_of_factors", factors, [f"{F}[3,3]"], [([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]],)])
