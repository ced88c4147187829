"""TensorFlow models of Hugging Face's transformers (the last major version that has them), small and with random weights.

serving_default    predict   what the model's call gives
"""

import numpy as np
from draws import Draws
from golden import tf

IDS = ((None, None), tf.int32)
TEXT = {"input_ids": IDS, "attention_mask": IDS}
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37}
WORDS = {**SIZES, "vocab_size": 99, "max_position_embeddings": 64}
GPT2 = {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}


def network(name, configure, seed, signature, draw, call=None):
    """`configure(transformers)` gives the configuration of the class `name`; `call(model, inputs)` is what is served."""

    def make(directory):
        import transformers

        tf.keras.utils.set_random_seed(seed)
        model = getattr(transformers, name)(configure(transformers))
        serve = call or (lambda model, inputs: model(inputs, training=False))
        draws = Draws(seed)
        cases = [draw(draws, n) for n in (1, 2)]
        serve(model, {alias: tf.constant(value) for alias, value in cases[0].items()})
        for weight in model.weights:
            value = weight.numpy()
            if value.dtype.kind == "f" and value.std() < 0.05:
                weight.assign(value + draws.normal(*value.shape, scale=0.1))
        specs = {alias: tf.TensorSpec(shape, dtype, name=alias) for alias, (shape, dtype) in signature.items()}
        run = tf.function(lambda **inputs: tensors(serve(model, inputs))).get_concrete_function(**specs)
        tf.saved_model.save(model, str(directory), signatures={"serving_default": run})
        return [(f"batch of {n}", "serving_default", given) for n, given in zip((1, 2), cases)]

    return make


def tensors(output):
    """The tensors of an output object by name; without those that are caches."""
    if isinstance(output, tf.Tensor):
        return {"output": output}
    return {name: value for name, value in output.items() if isinstance(value, tf.Tensor)}


def text(draws, n, length=7):
    mask = np.ones((n, length), np.int32)
    mask[-1, length - 2 :] = 0
    return {"input_ids": draws.integers(5, 97, n, length), "attention_mask": mask}


def steps(draws, n):
    caches = {f"{kind}{i}": draws.normal(n, 4, 5, 8) for kind in ("key", "value") for i in range(2)}
    return {"input_ids": draws.integers(0, 97, n, 1), **caches}


def one_step(model, inputs):
    past = tuple(tf.stack([inputs[f"key{i}"], inputs[f"value{i}"]]) for i in range(2))
    output = model(input_ids=inputs["input_ids"], past_key_values=past, use_cache=True, training=False)
    return {"logits": output.logits, **{f"past{i}": cache for i, cache in enumerate(output.past_key_values)}}


def gpt2(t):
    return t.GPT2Config(**GPT2, eos_token_id=98, bos_token_id=98, pad_token_id=97)


CACHES = {f"{kind}{i}": ((None, 4, None, 8), tf.float32) for kind in ("key", "value") for i in range(2)}

MODELS = {
    "hf_bert_classifier": network("TFBertForSequenceClassification", lambda t: t.BertConfig(**WORDS), 721, TEXT, text),
    "hf_gpt2_step": network(
        "TFGPT2LMHeadModel", gpt2, 724, {"input_ids": ((None, 1), tf.int32), **CACHES}, steps, one_step
    ),
}
