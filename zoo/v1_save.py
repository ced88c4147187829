"""How families of TensorFlow 1's graphs are saved."""

from golden import tf

v1 = tf.compat.v1


def save(family, directory):
    """As a session saved it."""
    builder = v1.saved_model.Builder(str(directory))
    v1.disable_control_flow_v2()
    try:
        with v1.Session(graph=tf.Graph()) as session:
            signatures = {}
            for declared in family.cases:
                fed = [v1.placeholder(s.dtype, s.shape, f"{declared.name}_{s.name}") for s in declared.specs]
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
