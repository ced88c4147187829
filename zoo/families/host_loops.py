"""Loops and branches whose bodies hold ops that the engine lacks: strings, parsing, images."""

import numpy as np
from cases import case, rand
from golden import tf

F = "float32"
TEXTS = np.array([b"ab", b"c", b"", b"def"], object)
PNG = [bytes(tf.io.encode_png(np.full((2, 3, 1), v, np.uint8)).numpy()) for v in (7, 200, 31)]

case("map_upper", lambda s: tf.map_fn(tf.strings.upper, s), ["string[?]"], [(TEXTS,), (TEXTS[:0],)])
case("map_length", lambda s: tf.map_fn(tf.strings.length, s, fn_output_signature=tf.int32), ["string[?]"], [(TEXTS,), (TEXTS[:0],)])
case(
    "map_decode_png",
    lambda s: tf.map_fn(lambda b: tf.ensure_shape(tf.io.decode_png(b, channels=1), [2, 3, 1]), s, fn_output_signature=tf.uint8),
    ["string[?]"],
    [(np.array(PNG, object),), (np.array(PNG[:1], object),)],
)
case(
    "map_decode_and_scale",
    lambda s: tf.map_fn(
        lambda b: tf.cast(tf.ensure_shape(tf.io.decode_png(b, channels=1), [2, 3, 1]), tf.float32) / 255.0 * 2.0 - 1.0,
        s,
        fn_output_signature=tf.float32,
    ),
    ["string[?]"],
    [(np.array(PNG, object),)],
)
case(
    "map_crop_and_resize_none",
    lambda s: tf.map_fn(
        lambda b: tf.image.resize(tf.image.central_crop(tf.io.decode_png(b, channels=1), 0.5), (3, 4)),
        s,
        fn_output_signature=tf.TensorSpec([3, 4, 1], F),
    ),
    ["string[?]"],
    [(np.array(PNG, object),), (np.array(PNG[:0], object),)],
)
case("map_two_inputs", lambda s, x: tf.map_fn(lambda p: tf.strings.length(p[0]) + p[1], (s, x), fn_output_signature=tf.int32), ["string[?]", "int32[?]"], [(TEXTS, [1, 2, 3, 4])])
case(
    "while_on_text",
    lambda s: tf.while_loop(lambda t, n: tf.strings.length(t) < 10, lambda t, n: (t + "-" + tf.strings.as_string(n), n + 1), [s, 0]),
    ["string[]"],
    [("x",), ("a long enough text",)],
)
case("cond_on_text", lambda s, flag: tf.cond(flag, lambda: tf.strings.upper(s), lambda: s + "!"), ["string[?]", "bool[]"], [(TEXTS, True), (TEXTS, False)])
case(
    "cond_text_and_numbers",
    lambda s, x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: (tf.strings.as_string(tf.size(s)), x * 2.0), lambda: (tf.strings.reduce_join(s), -x)),
    ["string[?]", f"{F}[?]"],
    [(TEXTS, [1.0]), (TEXTS, [-1.0])],
)
case(
    "nested_loops",
    lambda s, n: tf.while_loop(
        lambda i, t: i < n,
        lambda i, t: (i + 1, tf.while_loop(lambda j, u: j <= i, lambda j, u: (j + 1, u + tf.strings.as_string(j)), [0, t + "|"])[1]),
        [0, s],
    )[1],
    ["string[]", "int32[]"],
    [("x", 3), ("x", 0)],
)
case(
    "branch_in_a_loop",
    lambda s: tf.map_fn(lambda t: tf.cond(tf.strings.length(t) > 1, lambda: tf.strings.upper(t), lambda: t + "?"), s),
    ["string[?]"],
    [(TEXTS,)],
)
case("switch_case", lambda s, n: tf.switch_case(n, [lambda: tf.strings.upper(s), lambda: s + "1", lambda: tf.strings.lower(s)]), ["string[?]", "int32[]"], [(TEXTS, n) for n in (0, 1, 2, 7)])
case("numbers_around_a_loop", lambda s, x: tf.reduce_sum(tf.cast(tf.map_fn(tf.strings.length, s, fn_output_signature=tf.int32), tf.float32)[:, None] * x, 0), ["string[?]", f"{F}[?,2]"], [(TEXTS, rand(4, 2))])
