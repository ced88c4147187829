"""Functions, branches, loops and tensor lists, as tf.function and autograph write them."""

from cases import case, keep, rand
from golden import tf

raw = tf.raw_ops
F = "float32"


@tf.function(autograph=False)
def inner(x):
    return x * 2.0 + 1.0


@tf.function(autograph=False)
def outer(x):
    return inner(inner(x)) - inner(x)


case("nested_calls", lambda x: outer(x), [f"{F}[?]"], [(rand(3),)])

branches = (lambda x: x * 2.0), (lambda x: x - 1.0), (lambda x: tf.reverse(x, [0]))
case(
    "If",
    lambda x, flag: tf.cond(flag, lambda: branches[0](x), lambda: branches[1](x)),
    [f"{F}[?]", "bool[]"],
    [(rand(3), True), (rand(3), False)],
)
case(
    "If_on_data",
    lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: tf.sqrt(tf.abs(x)), lambda: x[:1]),
    [f"{F}[?]"],
    [([1.0, 4.0],), ([-1.0, -4.0],)],
)
case(
    "If_several_results",
    lambda x, flag: list(tf.cond(flag, lambda: (x, tf.shape(x)[0]), lambda: (-x, 7))),
    [f"{F}[?]", "bool[]"],
    [(rand(2), True), (rand(2), False)],
)
case(
    "If_nested",
    lambda x, n: tf.cond(n > 0, lambda: tf.cond(n > 5, lambda: x, lambda: x * 2.0), lambda: -x),
    [f"{F}[?]", "int32[]"],
    [(rand(2), n) for n in (9, 3, -1)],
)
case(
    "Case",
    lambda x, n: tf.switch_case(n, [lambda: branches[0](x), lambda: branches[1](x), lambda: branches[2](x)]),
    [f"{F}[?]", "int32[]"],
    [(rand(3), n) for n in (0, 1, 2, 5, -1)],
)

case(
    "While_count",
    lambda x, n: tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 2.0 + 1.0), [0, x])[1],
    [f"{F}[?]", "int32[]"],
    [(rand(3), 4), (rand(3), 0)],
)
case(
    "While_on_data",
    lambda x: tf.while_loop(lambda y: tf.reduce_max(tf.abs(y)) > 1.0, lambda y: (y / 2.0,), [x])[0],
    [f"{F}[?]"],
    [([8.0, -3.0],), ([0.5],)],
)
case(
    "While_growing",
    lambda x, n: tf.while_loop(
        lambda i, y: i < n,
        lambda i, y: (i + 1, tf.concat([y, y[-1:] + 1.0], 0)),
        [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
    )[1],
    [f"{F}[?]", "int32[]"],
    [([1.0, 2.0], 3), ([1.0], 0)],
)
case(
    "While_nested",
    lambda n: tf.while_loop(
        lambda i, s: i < n,
        lambda i, s: (i + 1, s + tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + j), [0, 0])[1]),
        [0, 0],
    )[1],
    ["int32[]"],
    [(5,), (0,)],
)
case(
    "While_two_conditions",
    lambda x: list(tf.while_loop(lambda i, y: (i < 10) & (y < 50.0), lambda i, y: (i + 1, y * y), [0, x])),
    [f"{F}[]"],
    [(2.0,), (100.0,), (1.0,)],
)


def accumulate(x):
    """A TensorArray filled in a loop."""
    n = tf.shape(x)[0]
    array = tf.TensorArray(tf.float32, size=n, element_shape=[None])
    body = lambda i, s, a: (i + 1, s + x[i], a.write(i, s + x[i]))
    return tf.while_loop(lambda i, *_: i < n, body, [0, tf.zeros_like(x[0]), array])[2].stack()


case("TensorArray_running_sum", accumulate, [f"{F}[?,3]"], [(rand(4, 3),), (rand(1, 3),)])
case(
    "TensorArray_unstack_gather",
    lambda x: tf.TensorArray(tf.float32, size=3).unstack(x).gather([2, 0]),
    [f"{F}[3,?]"],
    [(rand(3, 2),)],
)
case(
    "TensorArray_concat",
    lambda x: tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, x).write(1, x[:1]).concat(),
    [f"{F}[?,2]"],
    [(rand(3, 2),)],
)
case(
    "TensorList_from_tensor",
    lambda x: raw.TensorListStack(
        input_handle=raw.TensorListFromTensor(tensor=x, element_shape=[2]), element_shape=[2], element_dtype=tf.float32
    ),
    [f"{F}[?,2]"],
    [(rand(3, 2),)],
)
case(
    "map_fn",
    lambda x: tf.map_fn(lambda row: tf.reduce_sum(row) * row, x),
    [f"{F}[?,3]"],
    [(rand(4, 3),), (rand(0, 3),)],
)
case(
    "map_fn_to_int",
    lambda x: tf.map_fn(lambda row: tf.argmax(row), x, fn_output_signature=tf.int64),
    [f"{F}[?,3]"],
    [(rand(4, 3),)],
)
case("scan", lambda x: tf.scan(lambda a, b: a * 0.5 + b, x), [f"{F}[?,2]"], [(rand(4, 2),)])
case("foldl", lambda x: tf.foldl(lambda a, b: a - b, x), [f"{F}[?,2]"], [(rand(4, 2),)])
case(
    "vectorized_map",
    lambda x: tf.vectorized_map(lambda row: row / tf.reduce_sum(tf.abs(row)), x),
    [f"{F}[?,3]"],
    [(rand(4, 3),)],
)


@tf.function
def collatz(n):
    steps = tf.constant(0)
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


@tf.function
def first_negative(x):
    found = tf.constant(-1)
    for i in tf.range(tf.shape(x)[0]):
        if x[i] < 0.0:
            found = i
            break
    return found


case("autograph_collatz", lambda n: collatz(n), ["int32[]"], [(n,) for n in (1, 6, 27)])
case("autograph_break", lambda x: first_negative(x), [f"{F}[?]"], [([1.0, -2.0, 3.0],), ([1.0],), ([],)])
case("assert", lambda x: control(x), [f"{F}[?]"], [([1.0, 2.0],)], errors=[([-1.0],)])


def control(x):
    with tf.control_dependencies([tf.debugging.assert_non_negative(x, "x must not be negative")]):
        return tf.sqrt(x)


scale = keep(tf.Variable([2.0, 3.0]))
case(
    "variable_in_a_branch",
    lambda x, flag: tf.cond(flag, lambda: x * scale, lambda: x),
    [f"{F}[?,2]", "bool[]"],
    [(rand(2, 2), True), (rand(2, 2), False)],
)
case(
    "variable_in_a_loop",
    lambda x, n: tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * scale), [0, x])[1],
    [f"{F}[?,2]", "int32[]"],
    [(rand(2, 2), 3)],
)
