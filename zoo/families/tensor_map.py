"""Maps from tensors to tensors."""

import numpy as np
from cases import case
from golden import tf
from tensorflow.python.ops import map_ops as maps


def filled(keys, values):
    m = maps.empty_tensor_map()
    for i in range(3):
        m = maps.tensor_map_insert(m, keys[i], values[i])
    return m


for key, keys in (("string", [b"a", b"b\x00", b""]), ("int64", [1, -2, 2**40]), ("int32", [1, 2, 3]), ("float32", [0.5, -0.0, 2]), ("bool", [1, 0, 1]), ("float64", [1, 2, 3])):
    for value in ("float32", "string", "int64"):
        values = [b"x", b"", b"zz"] if value == "string" else [1, 2, 3]
        other = b"c" if key == "string" else 7
        find = (lambda v: lambda keys, values, x: maps.tensor_map_lookup(filled(keys, values), x, v))(value)
        case(f"lookup_{key}_{value}", find, [f"{key}[3]", f"{value}[3]", f"{key}[]"], [(keys, values, k) for k in keys], errors=[] if key == "bool" else [(keys, values, other)])
    case(f"has_key_{key}", lambda keys, x: {"found": maps.tensor_map_has_key(filled(keys, keys), x), "size": maps.tensor_map_size(filled(keys, keys))}, [f"{key}[3]", f"{key}[]"], [(keys, keys[1]), (keys, other), ([keys[0]] * 3, keys[0])])
    case(f"erase_{key}", lambda keys, x: maps.tensor_map_size(maps.tensor_map_erase(filled(keys, keys), x, tf.float32)[0] if False else tf.raw_ops.TensorMapErase(input_handle=filled(keys, keys), key=x, value_dtype=keys.dtype)), [f"{key}[3]", f"{key}[]"], [(keys, keys[2])], errors=[] if key == "bool" else [(keys, other)])
case("replaced", lambda k, v: maps.tensor_map_lookup(maps.tensor_map_insert(maps.tensor_map_insert(maps.empty_tensor_map(), k, v), k, v * 2), k, tf.float32), ["int32[]", "float32[?,2]"], [(3, [[1, 2]]), (3, np.zeros([0, 2]))])
case("vectors_as_keys", lambda k, v, x: maps.tensor_map_lookup(maps.tensor_map_insert(maps.empty_tensor_map(), k, v), x, tf.float32), ["int32[?]", "float32[]", "int32[?]"], [([1, 2], 5, [1, 2]), ([], 1, [])], errors=[([1, 2], 5, [2, 1]), ([1, 2], 5, [1])])
case("minus_zero_is_another_key", lambda k, x: maps.tensor_map_has_key(maps.tensor_map_insert(maps.empty_tensor_map(), k, k), x), ["float32[]", "float32[]"], [(0.0, -0.0), (-0.0, -0.0), (float("nan"), float("nan"))])
case("stack_keys", lambda keys: tf.sort(maps.tensor_map_stack_keys(filled(keys, keys), tf.int32)), ["int32[3]"], [([3, 1, 2],), ([1, 1, 2],)])
case("stack_keys_strings", lambda keys: tf.strings.length(maps.tensor_map_stack_keys(filled(keys, keys), tf.string)), ["string[3]"], [([b"ab", b"cd", b"ef"],)])
case("stack_one_vector", lambda k: maps.tensor_map_stack_keys(maps.tensor_map_insert(maps.empty_tensor_map(), k, k), tf.float32), ["float32[?]"], [([3, 1, 2],), ([],)])
case("stack_keys_of_none", lambda x: maps.tensor_map_stack_keys(maps.empty_tensor_map(), tf.float32) + x, ["float32[]"], [], errors=[(1.0,)])
case("stack_keys_errors", lambda k, l: maps.tensor_map_stack_keys(maps.tensor_map_insert(maps.tensor_map_insert(maps.empty_tensor_map(), k, k), l, l), tf.float32), ["float32[*]", "float32[*]"], [], errors=[([1.0], [1.0, 2.0])])
case("other_dtype", lambda k: maps.tensor_map_stack_keys(maps.tensor_map_insert(maps.empty_tensor_map(), k, k), tf.float32), ["int32[]"], [], errors=[(1,)])


def in_loop(keys, values):
    def body(i, m):
        before = tf.cond(maps.tensor_map_has_key(m, keys[i]), lambda: maps.tensor_map_lookup(m, keys[i], tf.float32), lambda: tf.constant(0.0))
        before.set_shape([])
        return i + 1, maps.tensor_map_insert(m, keys[i], before + values[i])

    m = tf.while_loop(lambda i, m: i < tf.size(keys), body, [0, maps.empty_tensor_map()])[1]
    return {"size": maps.tensor_map_size(m), "first": maps.tensor_map_lookup(m, keys[0], tf.float32)}


case("sums_in_a_loop", in_loop, ["string[?]", "float32[?]"], [([b"a", b"b", b"a", b"a"], [1, 2, 3, 4]), ([b"z"], [1])])
case("chosen_by_a_condition", lambda c, k, v: maps.tensor_map_size(tf.cond(c, lambda: maps.tensor_map_insert(maps.empty_tensor_map(), k, v), lambda: maps.empty_tensor_map())), ["bool[]", "int32[]", "float32[]"], [(True, 1, 2), (False, 1, 2)])
