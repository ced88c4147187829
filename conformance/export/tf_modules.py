"""`tf.Module`s as people export them by hand: pipelines around a network, several signatures, decoding loops, state.

Each model's signatures are those that its `build` returns: { name: (function, [TensorSpec]) }.
"""

import numpy as np
from draws import Draws
from golden import METHOD_CLASSIFY, METHOD_REGRESS, example, set_method_names, tf

F32, I32, I64, STR = tf.float32, tf.int32, tf.int64, tf.string


def spec(name, dtype, *shape):
    return tf.TensorSpec(shape, dtype, name)


def module(build, seed, methods=None):
    """A model function for export.py: `build(module, draws)` gives the signatures and the cases."""

    def make(directory):
        tf.random.set_seed(seed)
        holder, draws = tf.Module(), Draws(seed)
        holder.kept = []
        signatures, cases = build(holder, draws)
        made = {name: tf.function(f, input_signature=specs) for name, (f, specs) in signatures.items()}
        tf.saved_model.save(holder, str(directory), made)
        if methods:
            set_method_names(directory, methods)
        return [(f"case {i + 1}", name, inputs) for i, (name, inputs) in enumerate(cases)]

    return make


def dense(m, d, *sizes):
    """Variables of dense layers."""
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers.append((tf.Variable(d.normal(a, b, scale=a**-0.5)), tf.Variable(d.normal(b, scale=0.2))))
    m.kept.append(layers)

    def call(x, last=None):
        for i, (w, b) in enumerate(layers):
            x = x @ w + b
            if i < len(layers) - 1:
                x = tf.nn.relu(x)
        return last(x) if last else x

    return call


def several_signatures(m, d):
    net, head = dense(m, d, 8, 16, 4), dense(m, d, 8, 12)
    x = [spec("x", F32, None, 8)]
    signatures = {
        "serving_default": (lambda x: {"probabilities": tf.nn.softmax(net(x))}, x),
        "embed": (lambda x: {"vector": tf.math.l2_normalize(head(x), -1)}, x),
        "nearest": (
            lambda x, k: dict(zip(("distances", "places"), tf.math.top_k(-tf.norm(x[:, None] - x[None], axis=-1), k))),
            [*x, spec("k", I32)],
        ),
    }
    cases = [(s, {"x": d.normal(n, 8)}) for s in ("serving_default", "embed") for n in (1, 5)]
    return signatures, [*cases, ("nearest", {"x": d.normal(6, 8), "k": 3})]


def detector(m, d):
    """Boxes and scores of a small network, decoded from anchors, thinned out per class."""
    w = tf.Variable(d.normal(3, 3, 3, 12, scale=0.3))
    heads = tf.Variable(d.normal(1, 1, 12, 2 * (4 + 3), scale=0.3))
    m.kept += [w, heads]

    def detect(image):
        x = tf.nn.relu(tf.nn.conv2d(image / 255.0, w, 4, "SAME"))
        y = tf.nn.conv2d(x, heads, 1, "SAME")
        shape = tf.shape(y)
        y = tf.reshape(y, [shape[0], -1, 7])
        rows, columns = tf.meshgrid(tf.range(shape[1]), tf.range(shape[2]), indexing="ij")
        centre = tf.repeat(tf.reshape(tf.cast(tf.stack([rows, columns], -1), F32), [-1, 2]), 2, axis=0) * 4.0
        middle = centre + tf.tanh(y[..., :2]) * 4.0
        half = tf.exp(tf.clip_by_value(y[..., 2:4], -1.0, 1.0)) * 6.0
        boxes = tf.concat([middle - half, middle + half], -1)
        found = tf.image.combined_non_max_suppression(
            boxes[:, :, None], tf.sigmoid(y[..., 4:]), 5, 20, 0.4, 0.3, clip_boxes=False
        )
        return {
            "boxes": found.nmsed_boxes,
            "scores": found.nmsed_scores,
            "classes": found.nmsed_classes,
            "count": found.valid_detections,
        }

    signature = [spec("image", F32, None, None, None, 3)]
    return {"serving_default": (detect, signature)}, [
        ("serving_default", {"image": d.uniform(1, 32, 32, 3, high=255)}),
        ("serving_default", {"image": d.uniform(3, 24, 40, 3, high=255)}),
    ]


def detector_by_image(m, d):
    """NonMaxSuppression per image in a map_fn, padded, with crops of what was found."""

    def one(args):
        image, boxes, scores = args
        kept, count = tf.image.non_max_suppression_padded(boxes, scores, 4, 0.5, 0.2, pad_to_max_output_size=True)
        picked = tf.gather(boxes, kept)
        crops = tf.image.crop_and_resize(image[None], picked, tf.zeros([4], I32), [8, 8])
        return picked, tf.gather(scores, kept), crops, count

    def detect(image, boxes, scores):
        outputs = (F32, F32, F32, I32)
        picked, best, crops, count = tf.map_fn(one, (image, boxes, scores), fn_output_signature=outputs)
        return {"boxes": picked, "scores": best, "crops": crops, "count": count}

    specs = [
        spec("image", F32, None, None, None, 3),
        spec("boxes", F32, None, None, 4),
        spec("scores", F32, None, None),
    ]

    def inputs(n, boxes):
        corner = d.uniform(n, boxes, 2, high=0.6)
        return {
            "image": d.uniform(n, 20, 20, 3),
            "boxes": np.concatenate([corner, corner + d.uniform(n, boxes, 2, low=0.1, high=0.4)], -1),
            "scores": d.uniform(n, boxes),
        }

    return {"serving_default": (detect, specs)}, [("serving_default", inputs(n, 12)) for n in (1, 3)]


def keyword_spotter(m, d):
    """Sound to words: short-time Fourier transform, mel bands, cepstrum, a convolution."""
    mel = tf.signal.linear_to_mel_weight_matrix(24, 129, 8000, 60.0, 3800.0)
    w = tf.Variable(d.normal(5, 13, 10, scale=0.1))
    m.kept.append(w)

    def listen(wave):
        spectra = tf.abs(tf.signal.stft(wave, 256, 128, pad_end=True))
        bands = tf.math.log(tf.tensordot(spectra**2, mel, 1) + 1e-4)
        cepstrum = tf.signal.mfccs_from_log_mel_spectrograms(bands)[..., :13]
        logits = tf.reduce_mean(tf.nn.conv1d(cepstrum, w, 1, "SAME"), 1)
        return {"logits": logits, "bands": bands}

    waves = lambda n, length: (
        np.sin(np.arange(length) * d.uniform(n, 1, low=0.02, high=1)) + d.normal(n, length, scale=0.05)
    ).astype(np.float32)
    return {"serving_default": (listen, [spec("wave", F32, None, None)])}, [
        ("serving_default", {"wave": waves(1, 2000)}),
        ("serving_default", {"wave": waves(3, 1500)}),
    ]


def denoiser(m, d):
    """A gate in the frequency domain, and back to sound."""

    def clean(wave):
        spectra = tf.signal.stft(wave, 128, 32, window_fn=tf.signal.hann_window)
        size = tf.abs(spectra)
        gate = tf.cast(tf.sigmoid((size - tf.reduce_mean(size, -2, keepdims=True)) * 4.0), tf.complex64)
        window = tf.signal.inverse_stft_window_fn(32, forward_window_fn=tf.signal.hann_window)
        return {"wave": tf.signal.inverse_stft(spectra * gate, 128, 32, window_fn=window)}

    return {"serving_default": (clean, [spec("wave", F32, None, 1024)])}, [
        ("serving_default", {"wave": d.normal(n, 1024)}) for n in (1, 4)
    ]


def pictures(d, n, encode, size=24):
    from golden import tf

    made = []
    for _ in range(n):
        blobs = tf.image.resize(d.uniform(4, 4, 3, high=255), (size, size + 7), method="bicubic")
        made.append(encode(tf.cast(tf.clip_by_value(blobs, 0, 255), tf.uint8)).numpy())
    return np.array(made, dtype=object)


def image_bytes(m, d):
    """Files of images in, classes out, as on TensorFlow Hub's and Cloud's models."""
    w = tf.Variable(d.normal(3, 3, 3, 8, scale=0.4))
    net = dense(m, d, 8, 5)
    m.kept.append(w)

    def one(data):
        image = tf.io.decode_image(data, channels=3, expand_animations=False)
        image = tf.image.convert_image_dtype(image, F32)
        image = tf.image.resize(tf.image.central_crop(image, 0.875), (20, 20))
        return (image - 0.5) * 2.0

    def classify(image_bytes):
        images = tf.map_fn(one, image_bytes, fn_output_signature=tf.TensorSpec([20, 20, 3], F32))
        x = tf.nn.relu(tf.nn.conv2d(images, w, 2, "SAME"))
        scores = net(tf.reduce_mean(x, [1, 2]), tf.nn.softmax)
        best = tf.argmax(scores, -1)
        return {"scores": scores, "class": tf.gather(tf.constant(["ant", "bee", "cat", "dog", "eel"]), best)}

    png, gif = tf.io.encode_png, lambda image: tf.io.encode_png(image[..., :1])
    jpeg = lambda image: tf.io.encode_jpeg(image, quality=90)
    key = "image_bytes"
    return {"serving_default": (classify, [spec(key, STR, None)])}, [
        ("serving_default", {key: pictures(d, n, encode)}) for n, encode in ((1, png), (3, png), (2, gif), (2, jpeg))
    ]


def image_to_image(m, d):
    """A file in and a file out."""

    def edges(png):
        image = tf.image.rgb_to_grayscale(tf.io.decode_png(png[0], channels=3))
        gradients = tf.image.sobel_edges(tf.cast(image, F32)[None])
        strength = tf.clip_by_value(tf.norm(gradients, axis=-1)[0], 0, 255)
        out = tf.io.encode_png(tf.cast(tf.round(strength), tf.uint8))
        return {"size": tf.shape(image), "again": tf.io.decode_png(out), "bytes": tf.strings.length(out) > 60}

    return {"serving_default": (edges, [spec("png", STR, None)])}, [
        ("serving_default", {"png": pictures(d, 1, tf.io.encode_png)})
    ]


def base64_image(m, d):
    """Web-safe base64 of a raw image, normalised."""

    def read(encoded):
        raw = tf.io.decode_raw(tf.io.decode_base64(encoded), tf.uint8)
        image = tf.reshape(tf.cast(raw, F32), [-1, 6, 5, 3])
        return {"image": tf.image.per_image_standardization(image), "mean": tf.reduce_mean(image, [1, 2])}

    values = [d.integers(0, 256, n, 90, dtype=np.uint8) for n in (1, 3)]
    encode = lambda a: np.array([tf.io.encode_base64(row.tobytes()).numpy() for row in a], dtype=object)
    return {"serving_default": (read, [spec("encoded", STR, None)])}, [
        ("serving_default", {"encoded": encode(v)}) for v in values
    ]


def ragged_recommender(m, d):
    """Baskets of words of any length: lookup, ragged embeddings, mean per basket."""
    keys = tf.constant([f"item{i}" for i in range(20)])
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, tf.range(20, dtype=I64)), -1)
    vectors = tf.Variable(d.normal(21, 6))
    net = dense(m, d, 6, 8, 3)
    m.kept += [table, vectors]

    def score(basket):
        parts = tf.strings.split(tf.strings.lower(basket), ",")
        places = tf.ragged.map_flat_values(lambda t: table.lookup(t) + 1, parts)
        embedded = tf.ragged.map_flat_values(lambda t: tf.gather(vectors, t), places)
        mean = tf.math.divide_no_nan(
            tf.reduce_sum(embedded, 1), tf.cast(tf.maximum(parts.row_lengths(), 1), F32)[:, None]
        )
        return {
            "scores": net(mean, tf.nn.softmax),
            "count": parts.row_lengths(),
            "known": tf.reduce_sum(tf.cast(places > 0, I64), 1),
        }

    baskets = lambda *texts: {"basket": np.array(texts, dtype=object)}
    return {"serving_default": (score, [spec("basket", STR, None)])}, [
        ("serving_default", baskets("item1,item2,ITEM19")),
        ("serving_default", baskets("item3", "nothing", "item1,item1,zzz", "item0,item7")),
    ]


def sparse_recommender(m, d):
    """Sparse features given by indices and values, weights of their own, several combiners."""
    vectors = tf.Variable(d.normal(30, 8))
    m.kept.append(vectors)

    def score(indices, values, weights, rows):
        shape = tf.stack([rows, tf.constant(5, I64)])
        ids, w = tf.SparseTensor(indices, values, shape), tf.SparseTensor(indices, weights, shape)
        made = {c: tf.nn.embedding_lookup_sparse(vectors, ids, w, combiner=c) for c in ("sum", "mean", "sqrtn")}
        made["safe"] = tf.nn.safe_embedding_lookup_sparse(vectors, ids, w)
        made["dense"] = tf.sparse.to_dense(w)
        made["total"] = tf.sparse.reduce_sum(w, 1)
        return made

    specs = [spec("indices", I64, None, 2), spec("values", I64, None), spec("weights", F32, None), spec("rows", I64)]
    inputs = {
        "indices": [[0, 0], [0, 3], [1, 1], [2, 0], [2, 4]],
        "values": [3, 17, 29, 0, 3],
        "weights": [1.0, 0.5, 2.0, 0.25, 1.5],
        "rows": 3,
    }
    return {"serving_default": (score, specs)}, [("serving_default", inputs)]


def greedy_decoder(m, d):
    """A recurrent decoder that feeds its own choice back, until all have ended or the limit is reached."""
    table = tf.Variable(d.normal(20, 12))
    kernel, head = tf.Variable(d.normal(24, 12, scale=0.3)), tf.Variable(d.normal(12, 20))
    m.kept += [table, kernel, head]

    def decode(state, limit):
        rows = tf.shape(state)[0]
        tokens = tf.TensorArray(I32, 0, dynamic_size=True, element_shape=[None])

        def step(i, token, h, ended, tokens):
            h = tf.tanh(tf.concat([tf.gather(table, token), h], 1) @ kernel)
            token = tf.where(ended, 0, tf.argmax(h @ head, -1, I32))
            return i + 1, token, h, ended | (token == 3), tokens.write(i, token)

        going = lambda i, token, h, ended, tokens: (i < limit) & ~tf.reduce_all(ended)
        start = (0, tf.ones([rows], I32), state, tf.zeros([rows], tf.bool), tokens)
        n, _, h, ended, tokens = tf.while_loop(
            going,
            step,
            start,
            shape_invariants=(
                tf.TensorShape([]),
                tf.TensorShape([None]),
                tf.TensorShape([None, 12]),
                tf.TensorShape([None]),
                tf.TensorShape(None),
            ),
        )
        return {"tokens": tf.transpose(tokens.stack()), "steps": n, "ended": ended, "state": h}

    return {"serving_default": (decode, [spec("state", F32, None, 12), spec("limit", I32)])}, [
        ("serving_default", {"state": d.normal(n, 12), "limit": limit}) for n, limit in ((1, 8), (4, 15))
    ]


def beam_search(m, d):
    """Beams over a bigram model."""
    table = tf.Variable(d.normal(16, 16, scale=2))
    m.kept.append(table)

    def search(first):
        rows, beams = tf.shape(first)[0], 3
        logits = tf.nn.log_softmax(tf.gather(table, first))
        scores, tokens = tf.math.top_k(logits, beams)
        paths = tf.concat([tf.tile(first[:, None, None], [1, beams, 1]), tokens[..., None]], -1)
        for _ in range(5):
            step = tf.nn.log_softmax(tf.gather(table, paths[..., -1])) + scores[..., None]
            scores, flat = tf.math.top_k(tf.reshape(step, [rows, beams * 16]), beams)
            paths = tf.concat([tf.gather(paths, flat // 16, batch_dims=1), (flat % 16)[..., None]], -1)
        return {"paths": paths, "scores": scores}

    return {"serving_default": (search, [spec("first", I32, None)])}, [
        ("serving_default", {"first": d.integers(0, 16, n)}) for n in (1, 5)
    ]


def tagger(m, d):
    """Viterbi decoding of a conditional random field."""
    net, transitions = dense(m, d, 10, 5), tf.Variable(d.normal(5, 5))
    m.kept.append(transitions)

    def tag(x):
        scores = net(x)

        def forward(before, now):
            best = before[0][:, :, None] + transitions[None]
            return tf.reduce_max(best, 1) + now, tf.argmax(best, 1, I32)

        steps = tf.transpose(scores[:, 1:], [1, 0, 2])
        start = (scores[:, 0], tf.zeros_like(scores[:, 0], I32))
        totals, pointers = tf.scan(forward, steps, start)
        last = tf.argmax(totals[-1], -1, I32)
        back = tf.scan(lambda t, p: tf.gather(p, t, batch_dims=1), pointers, last, reverse=True)
        path = tf.transpose(tf.concat([back, last[None]], 0))
        return {"tags": path, "score": tf.reduce_max(totals[-1], -1)}

    return {"serving_default": (tag, [spec("x", F32, None, None, 10)])}, [
        ("serving_default", {"x": d.normal(n, 7, 10)}) for n in (1, 4)
    ]


def quantised(m, d):
    """Trained for quantisation: fake-quantised weights and activations."""
    w1, w2 = tf.Variable(d.normal(3, 3, 3, 8, scale=0.4)), tf.Variable(d.normal(8, 4))
    m.kept += [w1, w2]

    def run(image):
        x = tf.quantization.fake_quant_with_min_max_args(image, -1.0, 1.0)
        low, high = d.uniform(8, low=-1.5, high=-1), d.uniform(8, low=1, high=1.5)
        kernel = tf.quantization.fake_quant_with_min_max_vars_per_channel(w1, low, high, narrow_range=True)
        x = tf.nn.relu6(
            tf.nn.depthwise_conv2d(tf.nn.conv2d(x, kernel, 1, "SAME"), tf.ones([3, 3, 8, 1]) / 9, [1, 2, 2, 1], "SAME")
        )
        x = tf.quantization.fake_quant_with_min_max_vars(x, 0.0, 6.0, num_bits=8)
        return {"y": tf.quantization.fake_quant_with_min_max_args(tf.reduce_mean(x, [1, 2]) @ w2, -8, 8)}

    return {"serving_default": (run, [spec("image", F32, None, 12, 12, 3)])}, [
        ("serving_default", {"image": d.uniform(n, 12, 12, 3, low=-1)}) for n in (1, 4)
    ]


def integers(m, d):
    """Integer arithmetic as in quantised kernels: products of int8 in int32, scaled back with shifts and rounding."""
    w = tf.constant(d.integers(-127, 128, 16, 8))

    def run(x):
        total = tf.matmul(tf.cast(x, I32) - 3, w)
        wide = tf.cast(total, I64) * 1518500250
        scaled = tf.cast(tf.bitwise.right_shift(wide + (1 << 36), tf.constant(37, I64)), I32)
        y = tf.clip_by_value(scaled + 5, -128, 127)
        return {
            "y": tf.cast(y, tf.int8),
            "parity": tf.bitwise.bitwise_and(total, 1),
            "mod": total % 7,
            "div": total // 7,
        }

    return {"serving_default": (run, [spec("x", tf.int8, None, 16)])}, [
        ("serving_default", {"x": d.integers(-128, 128, n, 16, dtype=np.int8)}) for n in (1, 6)
    ]


def estimator(m, d):
    """classify, regress and predict over serialised tf.Examples."""
    net, line = dense(m, d, 6, 10, 3), dense(m, d, 6, 1)
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(["red", "green", "blue"]), tf.range(3, dtype=I64)), 1
    )
    m.kept.append(table)
    names = tf.constant(["small", "middle", "large"])
    described = {
        "size": tf.io.FixedLenFeature([2], F32, [0.5, 1.5]),
        "colour": tf.io.VarLenFeature(STR),
        "age": tf.io.FixedLenFeature([], I64, 7),
    }

    def features(examples):
        parsed = tf.io.parse_example(examples, described)
        colours = tf.sparse.to_dense(parsed["colour"], "")
        hot = tf.reduce_sum(tf.one_hot(table.lookup(colours), 3), 1)
        return tf.concat([parsed["size"], hot, tf.cast(parsed["age"], F32)[:, None] / 10.0], 1)

    def classify(examples):
        scores = tf.nn.softmax(net(features(examples)))
        return {"classes": tf.tile(names[None], [tf.shape(scores)[0], 1]), "scores": scores}

    signatures = {
        "serving_default": (classify, [spec("examples", STR, None)]),
        "regression": (lambda examples: {"outputs": line(features(examples))}, [spec("examples", STR, None)]),
        "predict": (lambda x: {"logits": net(x), "best": tf.argmax(net(x), -1)}, [spec("x", F32, None, 6)]),
    }
    # Names of signatures' inputs are fixed by their methods.
    for name in ("serving_default", "regression"):
        function = signatures[name][0]
        signatures[name] = (lambda inputs, f=function: f(inputs), [spec("inputs", STR, None)])
    examples = np.array(
        [
            example(size=[1.0, 2.0], colour=["red", "blue"], age=3),
            example(size=[0.0, -2.0]),
            example(colour=["pink"], age=-4),
        ],
        dtype=object,
    )
    cases = [(s, {"inputs": examples[:n]}) for s in ("serving_default", "regression") for n in (1, 3)]
    return signatures, [*cases, ("predict", {"x": d.normal(4, 6)})]


def counter(m, d):
    """State that calls change, and a running mean."""
    m.count, m.mean = tf.Variable(0, dtype=I64), tf.Variable(tf.zeros([3]))

    def add(x):
        n = m.count.assign_add(tf.shape(x, I64)[0])
        mean = m.mean.assign_add(tf.reduce_sum(x - m.mean, 0) / tf.cast(n, F32))
        return {"count": n, "mean": mean}

    return {"serving_default": (add, [spec("x", F32, None, 3)])}, [
        ("serving_default", {"x": d.normal(n, 3)}) for n in (2, 1, 4)
    ]


def gaussian_process(m, d):
    points, values = tf.constant(d.normal(12, 2)), tf.constant(d.normal(12, 1))

    def kernel(a, b):
        return tf.exp(-tf.reduce_sum(tf.math.squared_difference(a[:, None], b[None]), -1) / 2.0)

    def predict(x):
        lower = tf.linalg.cholesky(kernel(points, points) + 0.1 * tf.eye(12))
        across = kernel(x, points)
        mean = across @ tf.linalg.cholesky_solve(lower, values)
        solved = tf.linalg.triangular_solve(lower, tf.transpose(across))
        variance = 1.0 - tf.reduce_sum(solved**2, 0)
        upper = 0.5 * tf.math.erfc(-mean[:, 0] / tf.sqrt(2.0 * tf.maximum(variance, 1e-6)))
        return {"mean": mean[:, 0], "variance": variance, "above": upper}

    return {"serving_default": (predict, [spec("x", F32, None, 2)])}, [
        ("serving_default", {"x": d.normal(n, 2)}) for n in (1, 5)
    ]


def clusters(m, d):
    """k-means' places, principal components and a whitening."""
    centres, basis = tf.Variable(d.normal(7, 4)), tf.Variable(np.linalg.qr(d.normal(4, 4))[0].astype(np.float32))
    m.kept += [centres, basis]

    def assign(x):
        distance = tf.reduce_sum(tf.math.squared_difference(x[:, None], centres), -1)
        nearest = tf.argmin(distance, 1)
        sums = tf.math.unsorted_segment_sum(x, nearest, 7)
        return {
            "nearest": nearest,
            "soft": tf.nn.softmax(-distance),
            "sums": sums,
            "counts": tf.math.bincount(tf.cast(nearest, I32), minlength=7),
            "components": tf.matmul(x, basis)[:, :2],
        }

    return {"serving_default": (assign, [spec("x", F32, None, 4)])}, [
        ("serving_default", {"x": d.normal(n, 4)}) for n in (1, 9)
    ]


def normaliser(m, d):
    """Cleans text: regular expressions, code points, n-grams, hashes."""

    def clean(text):
        plain = tf.strings.regex_replace(tf.strings.lower(text, encoding="utf-8"), r"[^\p{L}\p{N}\s]+", " ")
        words = tf.strings.split(tf.strings.strip(plain))
        pairs = tf.strings.ngrams(words, 2, separator="_")
        return {
            "plain": plain,
            "words": words.to_tensor(""),
            "pairs": pairs.to_tensor("-"),
            "buckets": tf.strings.to_hash_bucket_fast(words.to_tensor("", shape=[None, 6]), 1000),
            "strong": tf.strings.to_hash_bucket_strong(plain, 97, [1, 2]),
            "length": tf.strings.length(text, unit="UTF8_CHAR"),
            "start": tf.strings.substr(text, 0, 3, unit="UTF8_CHAR"),
            "joined": tf.strings.reduce_join(words, axis=-1, separator="+"),
            "is_number": tf.strings.regex_full_match(text, r"\s*[-+]?\d+(\.\d+)?\s*"),
        }

    texts = lambda *t: {"text": np.array(t, dtype=object)}
    return {"serving_default": (clean, [spec("text", STR, None)])}, [
        ("serving_default", texts("Hello, wörld! 42")),
        ("serving_default", texts("ÀÉÎ öü", "", "-3.5", "a b c d e f g h", "日本語 テキスト", "x\ty\nz")),
    ]


def calendar(m, d):
    """Dates out of strings, numbers back into strings, a table with a default."""
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2, 3], I64), tf.constant(["Jan", "Feb", "Mar"])), "?"
    )
    m.kept.append(table)

    def read(date):
        parts = tf.strings.to_number(tf.strings.split(date, "-").to_tensor("0", shape=[None, 3]), I64)
        year, month, day = tf.unstack(parts, axis=1)
        a = (14 - month) // 12
        y, mm = year + 4800 - a, month + 12 * a - 3
        julian = day + (153 * mm + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045
        angle = tf.cast(julian % 7, F32) * (2 * np.pi / 7)
        text = tf.strings.join([table.lookup(month), " ", tf.strings.as_string(day, width=2, fill="0")])
        return {"julian": julian, "text": text, "week": tf.stack([tf.sin(angle), tf.cos(angle)], 1)}

    return {"serving_default": (read, [spec("date", STR, None)])}, [
        ("serving_default", {"date": np.array(["2024-02-29", "1999-12-31", "2000-1-1"], dtype=object)})
    ]


def seasons(m, d):
    """A time series taken apart: moving means, differences, autocorrelation, quantiles by sorting."""

    def take_apart(x):
        trend = tf.nn.avg_pool1d(tf.pad(x[..., None], [[0, 0], [3, 3], [0, 0]], "REFLECT"), 7, 1, "VALID")[..., 0]
        rest = x - trend
        power = tf.abs(tf.signal.rfft(rest)) ** 2
        auto = tf.signal.irfft(tf.cast(power, tf.complex64))
        order = tf.sort(rest, -1)
        return {
            "trend": trend,
            "auto": auto[:, :8] / tf.maximum(auto[:, :1], 1e-6),
            "quantiles": tf.gather(order, [0, 12, 24, 47], axis=-1),
            "total": tf.cumsum(rest, -1, exclusive=True),
            "frames": tf.signal.frame(rest, 12, 6),
        }

    return {"serving_default": (take_apart, [spec("x", F32, None, 48)])}, [
        ("serving_default", {"x": d.normal(n, 48)}) for n in (1, 3)
    ]


def dispatcher(m, d):
    """Branches by a name and by a number, a loop whose length comes from the request."""
    nets = [dense(m, d, 4, 4) for _ in range(3)]

    def run(x, which, times):
        y = tf.switch_case(which, [lambda f=f: f(x) for f in nets])
        y = tf.cond(tf.reduce_sum(y) > 0, lambda: y, lambda: -y)
        i = tf.constant(0)
        _, y = tf.while_loop(lambda i, y: i < times, lambda i, y: (i + 1, tf.tanh(y) + x), (i, y))
        return {"y": y}

    return {"serving_default": (run, [spec("x", F32, None, 4), spec("which", I32), spec("times", I32)])}, [
        ("serving_default", {"x": d.normal(n, 4), "which": w, "times": t})
        for n, w, t in ((1, 0, 3), (3, 2, 0), (2, 7, 5))
    ]


def graph_network(m, d):
    """Messages along the edges of a graph, summed at the nodes."""
    message, update = dense(m, d, 6, 6), dense(m, d, 12, 6)

    def run(nodes, edges):
        for _ in range(3):
            sent = tf.nn.relu(message(tf.gather(nodes, edges[:, 0])))
            summed = tf.math.unsorted_segment_sum(sent, edges[:, 1], tf.shape(nodes)[0])
            nodes = tf.tanh(update(tf.concat([nodes, summed], 1)))
        return {"nodes": nodes, "graph": tf.reduce_max(nodes, 0)}

    return {"serving_default": (run, [spec("nodes", F32, None, 6), spec("edges", I32, None, 2)])}, [
        ("serving_default", {"nodes": d.normal(n, 6), "edges": d.integers(0, n, e, 2)}) for n, e in ((4, 7), (9, 20))
    ]


def pose(m, d):
    """Heat maps into points: maxima, offsets, a warp."""

    def points(heat):
        shape = tf.shape(heat)
        flat = tf.reshape(heat, [shape[0], -1, shape[3]])
        place = tf.argmax(flat, 1, I32)
        yx = tf.stack([place // shape[2], place % shape[2]], -1)
        smooth = tf.nn.max_pool2d(heat, 3, 1, "SAME")
        peaks = tf.where(tf.equal(smooth, heat) & (heat > 1.0))
        large = tf.image.resize(heat, [20, 24], method="bicubic")
        return {"points": yx, "best": tf.reduce_max(flat, 1), "peaks": peaks, "large": large}

    return {"serving_default": (points, [spec("heat", F32, None, None, None, 5)])}, [
        ("serving_default", {"heat": d.normal(n, 10, 12, 5)}) for n in (1, 3)
    ]


def speech_decoder(m, d):
    """Connectionist temporal classification: the best path, merged."""

    def decode(logits, lengths):
        (best,), score = tf.nn.ctc_greedy_decoder(tf.transpose(logits, [1, 0, 2]), lengths)
        return {"tokens": tf.sparse.to_dense(best, -1), "score": score}

    return {"serving_default": (decode, [spec("logits", F32, None, None, 6), spec("lengths", I32, None)])}, [
        ("serving_default", {"logits": d.normal(2, 12, 6, scale=2), "lengths": np.array([12, 8], np.int32)})
    ]


MODELS = {
    "several_signatures": module(several_signatures, 301),
    "detector": module(detector, 302),
    "detector_by_image": module(detector_by_image, 303),
    "keyword_spotter": module(keyword_spotter, 304),
    "denoiser": module(denoiser, 305),
    "image_bytes": module(image_bytes, 306),
    "image_to_image": module(image_to_image, 307),
    "base64_image": module(base64_image, 308),
    "ragged_recommender": module(ragged_recommender, 309),
    "sparse_recommender": module(sparse_recommender, 310),
    "greedy_decoder": module(greedy_decoder, 311),
    "beam_search": module(beam_search, 312),
    "tagger": module(tagger, 313),
    "quantised": module(quantised, 314),
    "integers": module(integers, 315),
    "estimator": module(estimator, 316, {"serving_default": METHOD_CLASSIFY, "regression": METHOD_REGRESS}),
    "counter": module(counter, 317),
    "gaussian_process": module(gaussian_process, 318),
    "clusters": module(clusters, 319),
    "text_normaliser": module(normaliser, 320),
    "calendar": module(calendar, 321),
    "seasons": module(seasons, 322),
    "dispatcher": module(dispatcher, 323),
    "graph_network": module(graph_network, 324),
    "pose": module(pose, 325),
    "speech_decoder": module(speech_decoder, 326),
}
