"""TensorFlow 1's control flow, as graphs of Switch, Merge, Enter, Exit and NextIteration, and its TensorArrays."""

import numpy as np
from cases import case, rand
from golden import tf

v1 = tf.compat.v1
F = "float32"


def wide(x, flag):
    """Several results of one branch; a constant is one of them."""
    a, b, c = v1.cond(flag, lambda: (x * 2.0, tf.shape(x)[0], 1.5), lambda: (x - 1.0, -1, 0.5))
    return {"a": a, "b": b, "c": c}


def nested(x, n):
    return v1.cond(n > 0, lambda: v1.cond(n > 5, lambda: x + 1.0, lambda: x * 2.0), lambda: -x)


def in_a_row(x, flag):
    """The second branch works on what the first returned."""
    y = v1.cond(flag, lambda: x * 2.0, lambda: x - 1.0)
    z = v1.cond(flag, lambda: y + x, lambda: y * y)
    return {"y": y, "z": z}


def shapes(x, flag):
    return v1.cond(flag, lambda: x[:1], lambda: tf.concat([x, x], 0))


def case_of(x, n):
    return v1.case([(tf.equal(n, 0), lambda: x + 1.0), (tf.equal(n, 1), lambda: x * 3.0)], default=lambda: -x, exclusive=False)


def many_variables(x, n):
    i, y, z = v1.while_loop(lambda i, y, z: i < n, lambda i, y, z: (i + 1, z, y + x), [0, x, x * 0.0])
    return {"i": i, "y": y, "z": z}


def nested_loops(n):
    return v1.while_loop(
        lambda i, s: i < n,
        lambda i, s: (i + 1, s + v1.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + j * n), [0, 0])[1]),
        [0, 0],
    )[1]


def loop_with_branch(x, n):
    return v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, v1.cond(tf.equal(i % 2, 0), lambda: y + x, lambda: y * 2.0)), [0, x])[1]


def branch_with_loop(x, n):
    return v1.cond(n > 2, lambda: v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 1.5), [0, x])[1], lambda: x * 0.5)


def on_data(x):
    return v1.while_loop(lambda y: tf.reduce_max(tf.abs(y)) > 1.0, lambda y: y / 2.0, [x])


def growing(x, n):
    invariants = [tf.TensorShape([]), tf.TensorShape([None])]
    return v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.concat([y, y[-1:] + 1.0], 0)), [0, x], invariants)[1]


def array_in_a_loop(x):
    n = tf.shape(x)[0]
    given = tf.TensorArray(tf.float32, n, clear_after_read=False).unstack(x)
    result = tf.TensorArray(tf.float32, n)
    body = lambda i, s, a: (i + 1, s + given.read(i), a.write(i, s + given.read(i)))  # noqa: E731
    result = v1.while_loop(lambda i, *_: i < n, body, [0, tf.zeros_like(x[0]), result])[2]
    return {"y": result.stack(), "size": result.size()}


def array_outside(x):
    array = tf.TensorArray(tf.float32, 3, clear_after_read=False, infer_shape=False).write(0, x).write(1, x[:1]).write(2, x * 2.0)
    return {"concat": array.concat(), "read": array.read(1), "size": array.size()}


def array_gather(x):
    return tf.TensorArray(tf.float32, 3).unstack(x).gather([2, 0])


def array_split(x):
    array = tf.TensorArray(tf.float32, 2, infer_shape=False).split(x, [1, 2])
    return {"a": array.read(0), "b": array.read(1)}


def checked(x):
    assertion = v1.Assert(tf.reduce_min(x) > 0.0, ["not positive:", x, tf.shape(x)])
    with tf.control_dependencies([assertion]):
        return tf.sqrt(x)


case("map_fn", lambda x: v1.map_fn(lambda row: tf.reduce_sum(row) * row, x), [f"{F}[?,3]"], [(rand(4, 3),), (rand(0, 3),)])
case("scan", lambda x: v1.scan(lambda a, b: a * 0.5 + b, x), [f"{F}[?,2]"], [(rand(4, 2),)])
case("foldl", lambda x: v1.foldl(lambda a, b: a - b, x), [f"{F}[?,2]"], [(rand(4, 2),)])
for fn in (wide, in_a_row, shapes):
    case(fn.__name__, fn, [f"{F}[?]", "bool[]"], [(rand(3), True), (rand(3), False)])
for fn in (nested, case_of):
    case(fn.__name__, fn, [f"{F}[?]", "int32[]"], [(rand(3), n) for n in (9, 1, 0)])
for fn in (many_variables, loop_with_branch, branch_with_loop):
    case(fn.__name__, fn, [f"{F}[?]", "int32[]"], [(rand(3), n) for n in (5, 1, 0)])
case("nested_loops", nested_loops, ["int32[]"], [(5,), (0,)])
case("on_data", on_data, [f"{F}[?]"], [([8.0, -3.0],), ([0.5],)])
case("growing", growing, [f"{F}[?]", "int32[]"], [([1.0, 2.0], 3), ([1.0], 0)])
case("array_in_a_loop", array_in_a_loop, [f"{F}[?,2]"], [(rand(4, 2),), (rand(1, 2),)])
case("array_outside", array_outside, [f"{F}[?,2]"], [(rand(3, 2),)])
case("array_gather", array_gather, [f"{F}[3,?]"], [(rand(3, 2),)])
case("array_split", array_split, [f"{F}[3,2]"], [(rand(3, 2),)])
case("checked", checked, [f"{F}[?]"], [([1.0, 4.0],)], errors=[([1.0, -2.0, 3.0, 4.0],), ([-0.125, 1e-7, 2.5e8],)])


def detections(boxes, scores):
    """As the detection models of TensorFlow 1 end: suppression per image, padded."""

    def one(image):
        chosen = tf.image.non_max_suppression(image[0], image[1], 3, 0.5)
        missing = 3 - tf.size(chosen)
        padded = tf.pad(tf.gather(image[0], chosen), [[0, missing], [0, 0]])
        padded.set_shape([3, 4])
        return padded, tf.pad(tf.gather(image[1], chosen), [[0, missing]]), tf.cast(tf.size(chosen), tf.float32)

    found = v1.map_fn(one, (boxes, scores), dtype=(tf.float32,) * 3, parallel_iterations=4)
    return dict(zip(("boxes", "scores", "count"), found))


BOXES = [[[0, 0, 1, 1], [0, 0, 1, 0.9], [2, 2, 3, 3], [0, 2, 1, 3]], [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]]
case("detections", detections, [f"{F}[?,?,4]", f"{F}[?,?]"], [(BOXES, [[0.9, 0.8, 0.7, 0.95], [0.1, 0.4, 0.3, 0.2]])])


def cell(x, w, h, kind):
    """A recurrence over time with lengths, as dynamic_rnn writes it: batch rows that have ended keep their state."""
    with v1.variable_scope(kind):
        return tf.tanh(tf.matmul(tf.concat([x, h], 1), w))


def dynamic(x, lengths):
    units = 3
    w = v1.get_variable("w", initializer=np.random.default_rng(5).normal(0, 0.5, (7, units)).astype(np.float32), use_resource=False)
    batch, time = tf.shape(x)[0], tf.shape(x)[1]
    inputs = tf.TensorArray(tf.float32, time).unstack(tf.transpose(x, [1, 0, 2]))
    outputs = tf.TensorArray(tf.float32, time)
    longest, shortest = tf.reduce_max(lengths), tf.reduce_min(lengths)

    def step(t, h, ta):
        def compute():
            return cell(inputs.read(t), w, h, "cell")

        def some():
            ended = (t >= lengths)[:, None]
            new = compute()
            return tf.where(ended, tf.zeros_like(new), new), tf.where(ended, h, new)

        def all_run():
            new = compute()
            return new, new

        y, new = v1.cond(t < shortest, all_run, lambda: v1.cond(t < longest, some, lambda: (tf.zeros_like(h), h)))
        y.set_shape([None, units])
        return t + 1, new, ta.write(t, y)

    _, last, outputs = v1.while_loop(lambda t, *_: t < time, step, [0, tf.zeros([batch, units]), outputs])
    return {"y": tf.transpose(outputs.stack(), [1, 0, 2]), "h": last}


case("dynamic_rnn", dynamic, [f"{F}[?,?,4]", "int32[?]"], [(rand(3, 5, 4), [5, 2, 3]), (rand(2, 3, 4), [1, 2])])


def save(family, directory):
    """As a session saved it."""
    builder = v1.saved_model.Builder(str(directory))
    v1.disable_control_flow_v2()
    try:
        with v1.Session(graph=tf.Graph()) as session:
            signatures = {}
            for declared in family.cases:
                with v1.name_scope(declared.name):
                    fed = [v1.placeholder(s.dtype, s.shape, s.name) for s in declared.specs]
                    outputs = declared.fn(*fed)
                    outputs = outputs if isinstance(outputs, dict) else {"y": outputs}
                info = v1.saved_model.build_tensor_info
                signatures[declared.name] = v1.saved_model.build_signature_def(
                    {s.name: info(t) for s, t in zip(declared.specs, fed)},
                    {k: info(t) for k, t in outputs.items()},
                    "tensorflow/serving/predict",
                )
            session.run(v1.global_variables_initializer())
            builder.add_meta_graph_and_variables(session, ["serve"], signatures)
    finally:
        v1.enable_control_flow_v2()
    builder.save()
