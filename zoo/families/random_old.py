"""Ops of random numbers that TensorFlow no longer lets anybody build, and still runs in graphs that are old enough. They
are saved as their successors and then renamed. The cases run one after the other on one loaded model."""

import cases
from cases import case
from golden import tf

# The module declares cases of its own.
here, cases.current = cases.current, cases.Family()
from families.graph_mode import save as save_graph

cases.current = here
raw = tf.raw_ops
v1 = tf.compat.v1


def state(name):
    return v1.get_variable(name, initializer=tf.constant([1, 2**40, -7, 5], tf.int64), use_resource=True)


def normals(name, dtype):
    return lambda n: raw.StatefulStandardNormalV2(resource=state(name).handle, algorithm=tf.constant(1, tf.int64), shape=[n], dtype=dtype)


case("poisson", lambda rate: raw.RandomPoissonV2(shape=[4], rate=rate, seed=9, seed2=1, dtype=tf.float32), ["float32[?]"], [([0.5, 3.0, 30.0],), ([0.5, 3.0],)])
case("poisson_double", lambda rate: raw.RandomPoissonV2(shape=[2], rate=rate, seed=2, seed2=0, dtype=tf.float64), ["float64[?]"], [([0.5, 3.0, 30.0],)])
case("normal", normals("tagged", tf.float32), ["int32[]"], [(5,), (3,)])
case("normal_double", normals("tagged_double", tf.float64), ["int32[]"], [(5,), (3,)])


def save(family, directory):
    from tensorflow.core.protobuf import saved_model_pb2

    save_graph(family, directory)
    path = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        graph.graph_def.versions.producer = 24
        for node in graph.graph_def.node:
            if node.op == "RandomPoissonV2":
                node.op = "RandomPoisson"
                del node.attr["R"]
            elif node.op == "StatefulStandardNormalV2":
                node.op = "StatefulStandardNormal"
                del node.input[1]
    path.write_bytes(model.SerializeToString(deterministic=True))
