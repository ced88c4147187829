"""Signatures that change variables. The cases of this family run in the order in which they are written.

The model starts anew before the first case only: the answers depend on the calls before.
"""

from cases import case, keep
from golden import tf

raw = tf.raw_ops
counter = keep(tf.Variable(0.0, name="counter"))
vector = keep(tf.Variable([1.0, 2.0, 3.0], name="vector"))
total = keep(tf.Variable(0, dtype=tf.int64, name="total"))


def incr_counter():
    return {"output": counter.assign_add(1.0, read_value=True)}


def get_counter():
    return {"output": tf.identity(counter)}


def incr_counter_by(delta):
    return {"output": counter.assign_add(delta, read_value=True)}


def reset_counter():
    return {"output": counter.assign(0.0, read_value=True)}


def scatter_update(indices, updates):
    raw.ResourceScatterUpdate(resource=vector.handle, indices=indices, updates=updates)
    return vector.read_value()


def scatter_add(indices, updates):
    raw.ResourceScatterAdd(resource=vector.handle, indices=indices, updates=updates)
    return vector.read_value()


def running_total(x):
    total.assign_add(tf.cast(tf.size(x), tf.int64))
    return total.read_value()


def assign_sub(x):
    return vector.assign_sub(x, read_value=True)


case("get_counter", get_counter, [], [()])
case("incr_counter", incr_counter, [], [(), ()])
case("incr_counter_by", incr_counter_by, ["float32[]"], [(3.0,), (-0.5,)])
case("reset_counter", reset_counter, [], [()])
case("scatter_update", scatter_update, ["int32[?]", "float32[?]"], [([0, 2], [9.0, 8.0])])
case("scatter_add", scatter_add, ["int32[?]", "float32[?]"], [([1, 1], [0.5, 0.25])])
case("assign_sub", assign_sub, ["float32[3]"], [([1.0, 1.0, 1.0],)])
case("running_total", running_total, ["float32[?]"], [([1.0, 2.0],), ([3.0],)])
