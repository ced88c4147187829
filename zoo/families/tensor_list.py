"""Lists of tensors: tf.TensorArray as TensorFlow 2 writes it, and the raw ops of its lists."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"


def from_tensor(x, shape):
    return raw.TensorListFromTensor(tensor=x, element_shape=shape)


def stack(handle, shape, dtype=tf.float32, n=-1):
    return raw.TensorListStack(input_handle=handle, element_shape=shape, element_dtype=dtype, num_elements=n)


def items(x, indices):
    handle = from_tensor(x, [2])
    return [raw.TensorListGetItem(input_handle=handle, index=i, element_shape=[2], element_dtype=tf.float32) for i in indices]


case("get_item", lambda x: items(x, [0, 2]), [f"{F}[?,2]"], [(rand(3, 2),)])
case("get_item_at_request", lambda x, i: items(x, [i]), [f"{F}[?,2]", "int32[]"], [(rand(3, 2), 1), (rand(3, 2), 2)], errors=[(rand(3, 2), 3)])
case(
    "set_item",
    lambda x, v: stack(raw.TensorListSetItem(input_handle=from_tensor(x, [2]), index=1, item=v), [2]),
    [f"{F}[?,2]", f"{F}[2]"],
    [(rand(3, 2), rand(2))],
)
case(
    "set_item_at_request",
    lambda x, v, i: stack(raw.TensorListSetItem(input_handle=from_tensor(x, [2]), index=i, item=v), [2]),
    [f"{F}[?,2]", f"{F}[2]", "int32[]"],
    [(rand(3, 2), rand(2), 0), (rand(3, 2), rand(2), 2)],
    errors=[(rand(3, 2), rand(2), 3)],
)
for dtype in ("float32", "float64", "int32", "int64", "bool", "uint8", "float16", "bfloat16"):
    case(
        f"reserved_{dtype}",
        lambda v, n: stack(
            raw.TensorListSetItem(
                input_handle=raw.TensorListReserve(element_shape=[2], num_elements=n, element_dtype=v.dtype), index=1, item=v
            ),
            [2],
            v.dtype,
        ),
        [f"{dtype}[2]", "int32[]"],
        [(rand(2), 3)],
    )
case("length", lambda x: raw.TensorListLength(input_handle=from_tensor(x, [2])), [f"{F}[?,2]"], [(rand(3, 2),), (rand(0, 2),)])
case("element_shape", lambda x: raw.TensorListElementShape(input_handle=from_tensor(x, [-1, 2]), shape_type=tf.int32), [f"{F}[?,3,2]"], [(rand(1, 3, 2),)])
case("gather", lambda x, i: raw.TensorListGather(input_handle=from_tensor(x, [2]), indices=i, element_shape=[2], element_dtype=tf.float32), [f"{F}[?,2]", "int32[?]"], [(rand(3, 2), [2, 0, 0]), (rand(3, 2), [])])
case(
    "scatter",
    lambda x, i: stack(raw.TensorListScatterV2(tensor=x, indices=i, element_shape=[2], num_elements=4), [2]),
    [f"{F}[?,2]", "int32[?]"],
    [(rand(2, 2), [3, 1])],
)
case("scatter_growing", lambda x, i: stack(raw.TensorListScatterV2(tensor=x, indices=i, element_shape=[2], num_elements=-1), [2]), [f"{F}[?,2]", "int32[?]"], [(rand(2, 2), [3, 1])])


def pushed(x):
    handle = raw.EmptyTensorList(element_shape=[2], max_num_elements=-1, element_dtype=tf.float32)
    for i in range(3):
        handle = raw.TensorListPushBack(input_handle=handle, tensor=x[i] + float(i))
    handle, last = raw.TensorListPopBack(input_handle=handle, element_shape=[2], element_dtype=tf.float32)
    return {"rest": stack(handle, [2]), "last": last, "length": raw.TensorListLength(input_handle=handle)}


case("push_and_pop", pushed, [f"{F}[?,2]"], [(rand(3, 2),)])
case("push_on_tensor", lambda x, v: stack(raw.TensorListPushBack(input_handle=from_tensor(x, [2]), tensor=v), [2]), [f"{F}[?,2]", f"{F}[2]"], [(rand(3, 2), rand(2)), (rand(0, 2), rand(2))])
case(
    "pop_from_tensor",
    lambda x: list(
        (lambda r: (stack(r[0], [2]), r[1]))(raw.TensorListPopBack(input_handle=from_tensor(x, [2]), element_shape=[2], element_dtype=tf.float32))
    ),
    [f"{F}[?,2]"],
    [(rand(3, 2),)],
)
case("resize", lambda x, n: stack(raw.TensorListResize(input_handle=from_tensor(x, [2]), size=n), [2]), [f"{F}[?,2]", "int32[]"], [(rand(3, 2), n) for n in (2, 3, 5)])
case("concat", lambda x: list(raw.TensorListConcatV2(input_handle=from_tensor(x, [2, 3]), element_shape=[2, 3], leading_dims=tf.constant([], tf.int64), element_dtype=tf.float32)), [f"{F}[?,2,3]"], [(rand(4, 2, 3),)])
case(
    "split",
    lambda x: [
        raw.TensorListGetItem(
            input_handle=raw.TensorListSplit(tensor=x, element_shape=[-1, 2], lengths=[1, 0, 2]), index=i, element_shape=[-1, 2], element_dtype=tf.float32
        )
        for i in range(3)
    ],
    [f"{F}[3,2]"],
    [(rand(3, 2),)],
)
case("concat_lists", lambda x, y: stack(raw.TensorListConcatLists(input_a=from_tensor(x, [2]), input_b=from_tensor(y, [2]), element_dtype=tf.float32), [2]), [f"{F}[?,2]", f"{F}[?,2]"], [(rand(2, 2), rand(1, 2))])


def growing(x):
    """A list without a size, written at the end by autograph."""
    result = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for i in tf.range(tf.shape(x)[0]):
        result = result.write(result.size(), x[i] * 2.0)
    return result.stack()


def growing_by_index(x):
    result = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for i in tf.range(tf.shape(x)[0]):
        result = result.write(i, x[i] * 2.0)
    return result.stack()


def until_negative(x):
    """Ends early: the rest of the list stays zero."""
    result = tf.TensorArray(tf.float32, size=tf.shape(x)[0], element_shape=[2])
    for i in tf.range(tf.shape(x)[0]):
        if x[i, 0] < 0.0:
            break
        result = result.write(i, x[i] * 2.0)
    return result.stack()


def every_other(x):
    result = tf.TensorArray(tf.float32, size=tf.shape(x)[0], element_shape=[None])
    for i in tf.range(tf.shape(x)[0]):
        if i % 2 == 0:
            result = result.write(i, x[i])
        else:
            result = result.write(i, x[i] * 0.0 - 1.0)
    return result.stack()


def backwards(x):
    n = tf.shape(x)[0]
    result = tf.TensorArray(tf.float32, size=n, element_shape=[None])
    for i in tf.range(n - 1, -1, -1):
        result = result.write(i, x[i] + tf.cast(i, tf.float32))
    return result.stack()


def fibonacci(n):
    """Reads what it wrote."""
    result = tf.TensorArray(tf.int32, size=n, clear_after_read=False, element_shape=[]).write(0, 1).write(1, 1)
    for i in tf.range(2, n):
        result = result.write(i, result.read(i - 1) + result.read(i - 2))
    return result.stack()


def two_slots(x):
    """A short list written at places that do not change."""
    result = tf.TensorArray(tf.float32, size=2, clear_after_read=False).write(0, x[0]).write(1, x[0])
    for i in tf.range(tf.shape(x)[0]):
        result = result.write(0, result.read(0) + x[i]).write(1, x[i])
    return result.stack()


def written_twice(x):
    n = tf.shape(x)[0]
    a = tf.TensorArray(tf.float32, size=n)
    b = tf.TensorArray(tf.int32, size=n)
    for i in tf.range(n):
        a = a.write(i, x[i])
        b = b.write(i, i * i)
    return [a.stack(), b.stack(), b.size()]


for fn in (growing, growing_by_index, until_negative, every_other, backwards, two_slots, written_twice):
    case(fn.__name__, tf.function(fn), [f"{F}[?,2]"], [(rand(4, 2),), (rand(1, 2),)])
case("fibonacci", tf.function(fibonacci), ["int32[]"], [(n,) for n in (2, 3, 9)])
case("scan_with_start", lambda x: tf.scan(lambda a, b: a * 0.5 + b, x, tf.zeros([2])), [f"{F}[?,2]"], [(rand(4, 2),), (rand(1, 2),)])
case("scan_backwards", lambda x: tf.scan(lambda a, b: a * 0.5 + b, x, reverse=True), [f"{F}[?,2]"], [(rand(4, 2),)])
case("map_fn_several", lambda x: list(tf.map_fn(lambda r: (r * 2.0, tf.argmax(r)), x, fn_output_signature=(tf.float32, tf.int64))), [f"{F}[?,3]"], [(rand(4, 3),)])
case("map_fn_nested", lambda x: tf.map_fn(lambda m: tf.map_fn(lambda r: r - tf.reduce_max(r), m), x), [f"{F}[?,?,3]"], [(rand(2, 4, 3),)])
case("foldr", lambda x: tf.foldr(lambda a, b: a - b, x), [f"{F}[?,2]"], [(rand(4, 2),)])
