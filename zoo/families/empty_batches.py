"""Batches without rows: what is inferred of them, and what loops over nothing give."""

from cases import case, rand
from golden import tf

F = "float32"
none = lambda *shape: rand(0, *shape)


def rows_of(x, last):
    """As detectors flatten their grids: the batch stays, the sizes of the grid are not known."""
    return tf.reshape(x, [tf.shape(x)[0], -1, last])


def computed(x):
    shape = tf.shape(x)
    return tf.reshape(x, tf.stack([shape[0], shape[1] * shape[2] * 2, 3]))


def moved(x):
    shape = tf.shape(x)
    return tf.reshape(x, [shape[2], shape[0], -1])


@tf.function
def mapped(x):
    return tf.map_fn(lambda row: tf.matmul(row, row, transpose_b=True), x)


@tf.function
def without_shape(n):
    rows = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[None])
    for i in tf.range(n):
        rows = rows.write(i, tf.range(n))
    return rows.stack()


@tf.function
def with_shape(n):
    rows = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[3])
    for i in tf.range(n):
        rows = rows.write(i, tf.range(3) + i)
    return rows.stack()


case("grid", lambda x: rows_of(x, 5), [f"{F}[?,?,?,5]"], [(rand(2, 3, 4, 5),), (none(3, 4, 5),)])
case("grid_of_anchors", lambda x: rows_of(x, 3), [f"{F}[?,?,?,6]"], [(rand(2, 3, 4, 6),), (none(3, 4, 6),), (rand(1, 0, 4, 6),)])
case("one_open_size", lambda x: rows_of(x, 8), [f"{F}[?,?,2,4]"], [(rand(2, 3, 2, 4),), (none(3, 2, 4),)])
case("computed", computed, [f"{F}[?,?,?,6]"], [(rand(2, 3, 4, 6),), (none(3, 4, 6),)])
case("moved", moved, [f"{F}[?,?,?]"], [(rand(2, 3, 4),), (none(3, 4),), (rand(2, 3, 0),)])
case("not_divisible", lambda x: rows_of(x, 4), [f"{F}[?,?,?]"], [(rand(2, 2, 4),), (none(2, 4),)], errors=[(rand(2, 3, 3),)])
case("mapped", mapped, [f"{F}[?,2,3]"], [(rand(2, 2, 3),), (none(2, 3),)])
case("without_shape", without_shape, ["int32[]"], [(2,)], errors=[(0,)])
case("with_shape", with_shape, ["int32[]"], [(2,), (0,)])
