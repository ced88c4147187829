"""SavedModels that others trained and published inside packages on PyPI. The wheels are downloaded, not installed.

basic_pitch    basic-pitch (Spotify, Apache-2.0): notes of music, with its constant-Q transform inside the graph
omnizart_*     omnizart (Music and Culture Technology Lab, MIT): the wheel holds graphs and the shapes of their variables
               but not the values, which are drawn here
"""

import pathlib
import subprocess
import sys
import zipfile

import numpy as np
from draws import Draws
from golden import tf

DOWNLOADS = pathlib.Path(__file__).resolve().parent.parent / ".cache" / "downloads"


def unpack(requirement, inside, directory):
    """The files of a folder of a wheel."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    prefix = requirement.replace("-", "_").replace("==", "-")
    found = list(DOWNLOADS.glob(f"{prefix}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", DOWNLOADS]
        subprocess.run([*map(str, command), requirement], check=True)
        found = list(DOWNLOADS.glob(f"{prefix}-*.whl"))
    directory = pathlib.Path(directory)
    with zipfile.ZipFile(found[0]) as wheel:
        for name in wheel.namelist():
            if name.startswith(inside) and not name.endswith("/"):
                target = directory / name.removeprefix(inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(wheel.read(name))


def basic_pitch(directory):
    unpack("basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp/", directory)
    draws = Draws(501)
    time = np.arange(43844) / 22050

    def chords(n):
        notes = draws.uniform(n, 4, 1, low=80, high=1500)
        wave = np.sin(2 * np.pi * notes * time).sum(1) / 5 + draws.normal(n, 43844, scale=0.01)
        return {"input_2": wave[..., None].astype(np.float32)}

    return [(f"batch of {n}", "serving_default", chords(n)) for n in (1, 2)]


def omnizart(folder, seed, shapes):
    """`shapes`: of the inputs by alias, the batch left out."""

    def make(directory):
        unpack("omnizart==0.6.0", f"omnizart/checkpoints/{folder}/", directory)
        prefix = str(pathlib.Path(directory) / "variables" / "variables")
        draws = Draws(seed)
        reader = tf.train.load_checkpoint(prefix)
        dtypes = reader.get_variable_to_dtype_map()
        names, values = [], []
        for name, shape in sorted(reader.get_variable_to_shape_map().items()):
            dtype = dtypes[name]
            if dtype == tf.string:
                value = tf.constant(b"")
            elif not dtype.is_floating:
                value = tf.zeros(shape, dtype)
            elif len(shape) < 2:  # which of them is a variance cannot always be told
                value = tf.constant(draws.uniform(*shape, low=0.5, high=1.5), dtype)
            else:
                value = tf.constant(draws.normal(*shape, scale=max(1, np.prod(shape[:-1])) ** -0.5), dtype)
            names.append(name)
            values.append(value)
        del reader
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)
        return [
            (f"batch of {n}", "serving_default", {k: draws.uniform(n, *s) for k, s in shapes.items()}) for n in (1, 2)
        ]

    return make


MODELS = {
    "basic_pitch": basic_pitch,
    "omnizart_drum": omnizart("drum/drum_keras", 513, {"input_tensor": (120, 120, 4)}),
    "omnizart_melody": omnizart("patch_cnn/patch_cnn_melody", 514, {"conv2d_1_input": (25, 25, 1)}),
    "omnizart_piano": omnizart("music/music_piano", 516, {"input_score_48": (128, 384, 2)}),
}
