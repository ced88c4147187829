"""Variables that requests change, in branches, in loops and in the order that control dependencies give. The cases run one
after the other on one loaded model, and each changes what the next one finds."""

import numpy as np
from cases import case, keep, rand, variable
from golden import tf

F = "float32"
counter = variable(0.0)
total = variable(np.zeros(2))
steps = variable(0, "int64")
table = variable(np.arange(12).reshape(4, 3))
text = variable("start", "string")


@tf.function
def get():
    return {"y": counter.read_value()}


def increment():
    return {"y": counter.assign_add(1.0)}


def increment_by(delta):
    return {"y": counter.assign_add(delta)}


def reset():
    return {"y": counter.assign(0.0)}


def order(x):
    """Reads before, between and after writes."""
    first = total.read_value()
    total.assign(x)
    second = total.read_value()
    total.assign_add(x * 2.0)
    third = total + 0.0
    total.assign_sub([1.0, 1.0])
    return {"first": first, "second": second, "third": third, "last": total.read_value()}


def two_variables(x):
    steps.assign_add(2)
    total.assign(x + tf.cast(steps, tf.float32))
    return {"steps": steps.read_value(), "total": total * 2.0}


def conditional(flag):
    def yes():
        counter.assign_add(10.0)
        return counter * 1.0

    return {"y": tf.cond(flag, yes, lambda: counter * 2.0), "after": counter.read_value()}


def looped(n):
    def body(i, s):
        counter.assign_add(1.0)
        return i + 1, s + counter

    return {"y": tf.while_loop(lambda i, s: i < n, body, [0, 0.0])[1], "after": counter.read_value()}


def read_in_loop(x, n):
    return {"y": tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y + total), [0, x])[1]}


def scatter(i, v):
    table.scatter_update(tf.IndexedSlices(v, i))
    table.scatter_add(tf.IndexedSlices(v, i))
    table.scatter_sub(tf.IndexedSlices(tf.ones([1, 3]), [0]))
    table.scatter_max(tf.IndexedSlices(tf.fill([1, 3], 2.5), [1]))
    table.scatter_nd_update([[3, 1], [3, 2]], [7.0, 8.0])
    return {"table": table.read_value(), "rows": tf.gather(table, i)}


def say(s):
    before = text.read_value()
    text.assign(s)
    return {"before": before, "after": text.read_value()}


def guarded(x):
    """The assertion comes first: a refused request changes nothing."""
    with tf.control_dependencies([tf.debugging.assert_positive(x, "x must be positive")]):
        return {"y": counter.assign_add(x)}


def call_inside(x):
    return {"y": nested(x) + nested(x)}


@tf.function
def nested(x):
    counter.assign_add(x)
    return counter * 1.0


def named(fn):
    return tf.function(fn)


case("get_counter", lambda: get(), [], [()])
case("incr_counter", lambda: named(increment)(), [], [(), ()])
case("incr_counter_by", lambda delta: named(increment_by)(delta), [f"{F}[]"], [(3.0,), (-0.5,)])
case("get_counter_again", lambda: get(), [], [()])
case("reset_counter", lambda: named(reset)(), [], [()])
case("incr_after_reset", lambda: named(increment)(), [], [(), ()])
case("order", lambda x: named(order)(x), [f"{F}[2]"], [([1.0, 2.0],), ([5.0, -1.0],)])
case("two_variables", lambda x: named(two_variables)(x), [f"{F}[2]"], [([1.0, 2.0],), ([0.0, 0.0],)])
case("conditional", lambda flag: named(conditional)(flag), ["bool[]"], [(True,), (False,)])
case("looped", lambda n: named(looped)(n), ["int32[]"], [(3,), (0,)])
case("read_in_loop", lambda x, n: named(read_in_loop)(x, n), [f"{F}[2]", "int32[]"], [([1.0, 2.0], 2)])
case("scatter", lambda i, v: named(scatter)(i, v), ["int32[?]", f"{F}[?,3]"], [([2, 0], rand(2, 3))], errors=[([4], rand(1, 3))])
case("say", lambda s: named(say)(s), ["string[]"], [("hello",), ("bye",)])
case("guarded", lambda x: named(guarded)(x), [f"{F}[]"], [(2.0,)], errors=[(-1.0,)])
case("call_inside", lambda x: named(call_inside)(x), [f"{F}[]"], [(1.0,)])
case("get_at_the_end", lambda: get(), [], [()])
