"""What TensorFlow runs in the graphs of version 1 alone: a choice of reference variables, parts put side by side."""

import cases
from cases import case, rand
from families import graph_mode
from golden import tf

cases.current.cases.clear()  # those that the other family has declared

v1 = tf.compat.v1
raw = tf.raw_ops


def choose(index, x):
    with v1.variable_scope("choose"):
        choices = [graph_mode.variable(f"v{i}", (3,), 20 + i) for i in range(3)]
        return tf.identity(raw.RefSelect(index=index, inputs=[v._ref() for v in choices])) * x


for dtype in ("float32", "int64", "bool", "string", "complex64", "bfloat16", "uint8"):
    case(f"ParallelConcat_{dtype}", lambda x, y: raw.ParallelConcat(values=[x, y], shape=[2, 3]), [f"{dtype}[1,3]", f"{dtype}[1,3]"], [(rand(1, 3), rand(1, 3))])
case("RefSelect", choose, ["int32[]", "float32[?,3]"], [(0, rand(2, 3)), (2, rand(2, 3)), (1, rand(0, 3))], [(3, rand(2, 3)), (-1, rand(2, 3))])
save = graph_mode.save
