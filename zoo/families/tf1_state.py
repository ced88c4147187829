"""TensorFlow 1's variables that requests change: a counter as TensorFlow Serving's own test model has it, in reference and
resource variables. The cases run one after the other on one loaded model."""

import numpy as np
from cases import case, rand
from golden import tf
from v1_save import save  # noqa: F401  how export.py saves the family

v1 = tf.compat.v1
F = "float32"
variables = {}


def variable(name, value, dtype=np.float32, resource=False):
    """The signatures share their variables."""
    if name not in variables:
        with v1.variable_scope("shared", reuse=v1.AUTO_REUSE):
            variables[name] = v1.get_variable(name, initializer=np.array(value, dtype), use_resource=resource)
    return variables[name]


def counter():
    return variable("counter", 0.0)


def total():
    return variable("total", [0.0, 0.0], resource=True)


def rows():
    return variable("rows", np.arange(8).reshape(4, 2))


def read_then_write(x):
    """The control edge makes the first read see what was there before."""
    before = tf.identity(counter()) + 0.0
    with tf.control_dependencies([before]):
        after = v1.assign_add(counter(), x)
    with tf.control_dependencies([after]):
        return {"before": before, "after": counter() * 1.0}


def resource_order(x):
    first = total().read_value()
    with tf.control_dependencies([first]):
        added = total().assign_add(x, read_value=False)
    with tf.control_dependencies([added]):
        second = total().read_value()
    return {"first": first, "second": second}


def scatter(i, v):
    updated = v1.scatter_update(rows(), i, v)
    with tf.control_dependencies([updated]):
        added = v1.scatter_add(rows(), [0, 0], tf.ones([2, 2]))
    with tf.control_dependencies([added]):
        return {"rows": tf.identity(rows()), "row": tf.gather(rows(), i)}


def in_a_branch(flag):
    y = v1.cond(flag, lambda: v1.assign_add(counter(), 5.0), lambda: tf.identity(counter()) * 2.0)
    with tf.control_dependencies([y]):
        return {"y": y * 1.0, "after": counter() + 0.0}


def in_a_loop(n):
    def body(i, s):
        with tf.control_dependencies([total().assign_add([1.0, 2.0], read_value=False)]):
            return i + 1, s + total().read_value()

    return v1.while_loop(lambda i, s: i < n, body, [0, tf.zeros(2)], parallel_iterations=1)[1]


case("get_counter", lambda: tf.identity(counter()), [], [()])
case("incr_counter", lambda: v1.assign_add(counter(), 1.0), [], [(), ()])
case("incr_counter_by", lambda delta: v1.assign_add(counter(), delta), [f"{F}[]"], [(3.0,)])
case("decr_counter", lambda: v1.assign_sub(counter(), 1.0), [], [()])
case("reset_counter", lambda: v1.assign(counter(), 0.0), [], [()])
case("read_then_write", read_then_write, [f"{F}[]"], [(2.0,), (0.5,)])
case("resource_order", resource_order, [f"{F}[2]"], [([1.0, 2.0],), ([0.5, 0.5],)])
case("scatter", scatter, ["int32[?]", f"{F}[?,2]"], [([3, 1], rand(2, 2))])
case("in_a_branch", in_a_branch, ["bool[]"], [(True,), (False,)])
case("in_a_loop", in_a_loop, ["int32[]"], [(3,), (0,)])
case("get_again", lambda: {"counter": tf.identity(counter()), "rows": tf.identity(rows())}, [], [()])
