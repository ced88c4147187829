"""Loops that count, loops over rows, and variables that live no longer than a request."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops


def function(f, *specs):
    return tf.function(f).get_concrete_function(*specs)


def spec(shape=(), dtype=tf.float32):
    return tf.TensorSpec(shape, dtype)


BOUNDS = ["int32[]"] * 3
body = function(lambda i, a, b: [a + tf.cast(i, tf.float32), b * 2 + a], spec((), tf.int32), spec(), spec())
case("For", lambda s, l, d, a, b: raw.For(start=s, limit=l, delta=d, input=[a, b], body=body), [*BOUNDS, "float32[]", "float32[]"], [(0, 5, 1, 1, 2), (0, 5, 2, 1, 2), (5, 0, -2, 1, 2), (3, 3, 1, 1, 2), (3, 3, 0, 1, 2), (-2, 2, 3, 1, 2)], errors=[(5, 0, 1, 1, 2), (0, 5, -1, 1, 2), (0, 5, 0, 1, 2)])
grow = function(lambda i, a: [tf.concat([a, tf.cast(i, tf.float32)[None]], 0)], spec((), tf.int32), spec([None]))
case("For_growing", lambda n, a: raw.For(start=0, limit=n, delta=1, input=[a], body=grow), ["int32[]", "float32[?]"], [(3, [7]), (0, [7, 8]), (2, [])])
text = function(lambda i, s: [s + tf.strings.as_string(i)], spec((), tf.int32), spec((), tf.string))
case("For_strings", lambda n, s: raw.For(start=0, limit=n, delta=1, input=[s], body=text), ["int32[]", "string[]"], [(3, b"x"), (0, b"")])
none = function(lambda i: [], spec((), tf.int32))
case("For_constant", lambda a: raw.For(start=0, limit=3, delta=1, input=[a, a], body=body), ["float32[]"], [(1,)])

row = function(lambda x, y: [x * y, tf.reduce_sum(x)], spec([3]), spec())
defun = lambda f, args, captured, types, shapes: raw.MapDefun(arguments=args, captured_inputs=captured, output_types=types, output_shapes=shapes, f=f)
case("MapDefun", lambda x, y: defun(row, [x, y], [], [tf.float32, tf.float32], [[3], []]), ["float32[?,3]", "float32[?]"], [(rand(4, 3), rand(4)), (rand(0, 3), rand(0))], errors=[(rand(2, 3), rand(3))])
captured = function(lambda x, w: [tf.linalg.matvec(w, x)], spec([3]), spec([2, 3]))
case("MapDefun_captured", lambda x, w: defun(captured, [x], [w], [tf.float32], [[2]]), ["float32[?,3]", "float32[2,3]"], [(rand(4, 3), rand(2, 3)), (rand(0, 3), rand(2, 3))])
upper = function(lambda s: [tf.strings.upper(s), tf.strings.length(s)], spec((), tf.string))
case("MapDefun_strings", lambda x: defun(upper, [x], [], [tf.string, tf.int32], [[], []]), ["string[?]"], [([b"a", b"bc"],), ([],)])
ranges = function(lambda n: [tf.range(n)], spec((), tf.int32))
case("MapDefun_open", lambda x: defun(ranges, [x], [], [tf.int32], [[None]]), ["int32[?]"], [([2, 2],)], errors=[([2, 3],)])
