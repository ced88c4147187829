"""Variables that live no longer than a request, and resources that are destroyed."""

from cases import case
from golden import tf
from v1_save import save  # noqa: F401  how export.py saves the family

v1 = tf.compat.v1
raw = tf.raw_ops


def temporary(name, dtype, shape, change):
    ref = raw.TemporaryVariable(shape=shape, dtype=dtype, var_name=name)
    return raw.DestroyTemporaryVariable(ref=change(ref), var_name=name)


def summed(dtype):
    return lambda x, y: temporary(f"sum_{dtype}", dtype, [2], lambda ref: v1.assign_sub(v1.assign_add(v1.assign(ref, x), y), x + x))


for dtype in ("float32", "float64", "int32", "int64", "complex64"):
    case(f"summed_{dtype}", summed(dtype), [f"{dtype}[2]", f"{dtype}[2]"], [([1, 2], [3, 5])])
case("read_between", lambda x: twice(x), ["float32[2]"], [([1, 2],)])
case("local_variable", lambda x: local(x, "anything"), ["float32[]"], [(2,), (3,)])
case("destroyed_twice", lambda x: local(x, "twice", True), ["float32[]"], [], errors=[(2,)])


def twice(x):
    ref = raw.TemporaryVariable(shape=[2], dtype=tf.float32, var_name="twice")
    first = v1.assign(ref, x, validate_shape=False)
    with tf.control_dependencies([first]):
        read = tf.identity(first) * 1.0
    with tf.control_dependencies([read]):
        second = v1.assign_add(first, x)
    return {"read": read, "after": raw.DestroyTemporaryVariable(ref=second, var_name="twice")}


def local(x, name, again=False):
    handle = raw.VarHandleOp(dtype=tf.float32, shape=[], shared_name=name)
    with tf.control_dependencies([raw.AssignVariableOp(resource=handle, value=x)]):
        added = raw.AssignAddVariableOp(resource=handle, value=x)
    with tf.control_dependencies([added]):
        read = raw.ReadVariableOp(resource=handle, dtype=tf.float32)
    with tf.control_dependencies([read]):
        gone = raw.DestroyResourceOp(resource=handle, ignore_lookup_error=not again)
    with tf.control_dependencies([gone]):
        if again:
            gone = raw.DestroyResourceOp(resource=handle, ignore_lookup_error=False)
    with tf.control_dependencies([gone]):
        return {"y": tf.identity(read), "there": raw.VarIsInitializedOp(resource=handle)}
