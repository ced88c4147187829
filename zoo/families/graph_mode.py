"""Graphs as TensorFlow 1 saved them: reference variables, feeds in the middle of the graph, dataflow control flow."""

import numpy as np
from cases import case, rand
from golden import example, tf

v1 = tf.compat.v1
raw = tf.raw_ops


def variable(name, shape, seed, resource=False):
    values = np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)
    return v1.get_variable(name, initializer=values, use_resource=resource)


def dense(x):
    with v1.variable_scope("dense"):
        return tf.nn.relu(tf.matmul(x, variable("kernel", (4, 3), 1)) + variable("bias", (3,), 2))


def convolution(x):
    with v1.variable_scope("convolution"):
        y = tf.nn.conv2d(x, variable("kernel", (3, 3, 2, 4), 3), 1, "SAME")
        statistics = variable("mean", (4,), 4), tf.exp(variable("log_variance", (4,), 5))
        y = v1.nn.fused_batch_norm(y, tf.ones(4), variable("beta", (4,), 6), *statistics, is_training=False)[0]
        return tf.nn.max_pool2d(tf.nn.relu(y), 2, 2, "VALID")


def partitioned(x):
    """One logical variable saved in slices."""
    with v1.variable_scope("partitioned", partitioner=v1.fixed_size_partitioner(2)):
        table = v1.get_variable("table", (6, 2), initializer=v1.random_normal_initializer(seed=7), use_resource=False)
        return tf.gather(tf.convert_to_tensor(table), x)


def resource(x):
    with v1.variable_scope("resource"):
        return x * variable("scale", (3,), 8, resource=True)


def control_dependency(x):
    with tf.control_dependencies([v1.assert_greater(tf.shape(x)[0], -1)]):
        return tf.identity(x) + 1.0


def branch(x, flag):
    return v1.cond(flag, lambda: x * 2.0, lambda: x - 1.0)


def loop(x, n):
    return v1.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 2.0 + 1.0), [tf.constant(0), x])[1]


def old_ops(x):
    """Names that newer exporters no longer write."""
    return {
        "add": raw.Add(x=x, y=x),
        "div": raw.Div(x=x, y=2.0),
        "select": raw.Select(condition=x > 0.0, x=x, y=-x),
        "gather": raw.Gather(params=x, indices=[1, 0]),
        "inv": raw.Inv(x=x),
        "concat": raw.Concat(concat_dim=1, values=[x, x]),
        "bias": raw.BiasAddV1(value=x, bias=[1.0, 2.0, 3.0]),
    }


case("dense", dense, ["float32[?,4]"], [(rand(2, 4),), (rand(0, 4),)])
case("convolution", convolution, ["float32[?,6,6,2]"], [(rand(2, 6, 6, 2),)])
case("partitioned_variable", partitioned, ["int32[?]"], [([0, 5, 2],)])
case("resource_variable", resource, ["float32[?,3]"], [(rand(2, 3),)])
case("control_dependency", control_dependency, ["float32[?]"], [(rand(3),)])
case("switch_and_merge", branch, ["float32[?]", "bool[]"], [(rand(3), True), (rand(3), False)])
case("while_frame", loop, ["float32[?]", "int32[]"], [(rand(3), 4), (rand(3), 0)])
case("old_ops", old_ops, ["float32[?,3]"], [(rand(2, 3, low=0.5, high=2),)])
case(
    "dropout", lambda x: v1.nn.dropout(x, rate=v1.placeholder_with_default(0.0, [])), ["float32[?,3]"], [(rand(2, 3),)]
)


def example_feature(serialized):
    """The middle tensor `example/x` is the input of the signature fed_in_the_middle, where its shape is [-1, 1]."""
    parsed = v1.parse_example(serialized, {"x": tf.io.FixedLenFeature([1], tf.float32)})
    x = tf.identity(parsed["x"], name="x")
    return tf.identity(x * 0.5 + 2.0, name="y")


case("example", example_feature, ["string[?]"], [(np.array([example(x=2.0), example(x=-1.0)], object),)])
case("fed_in_the_middle", lambda x: None, ["float32[?,1]"], [([[2.0], [4.0]],), ([2.0, 3.0, 4.0],), (5.0,)])


def save(family, directory):
    builder = v1.saved_model.Builder(str(directory))
    v1.disable_control_flow_v2()
    try:
        with v1.Session(graph=tf.Graph()) as session:
            signatures = {}
            for declared in family.cases:
                with v1.name_scope(declared.name):
                    fed = [v1.placeholder(s.dtype, s.shape, s.name) for s in declared.specs]
                    if declared.name == "fed_in_the_middle":
                        fed = [session.graph.get_tensor_by_name("example/x:0")]
                        outputs = session.graph.get_tensor_by_name("example/y:0")
                    else:
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
