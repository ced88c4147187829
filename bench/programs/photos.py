"""Writes JPEGs like photographs, 640 by 480: photos.py FOLDER COUNT"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

folder, count = Path(sys.argv[1]), int(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
draws = np.random.default_rng(7)
for i in range(count):
    rough = tf.image.resize(draws.uniform(0, 220, (32, 42, 3)).astype(np.float32), (480, 640), method="bicubic")
    photo = np.clip(rough + draws.normal(0, 6, (480, 640, 3)), 0, 255).astype(np.uint8)
    (folder / f"{i}.jpg").write_bytes(tf.io.encode_jpeg(photo, quality=90).numpy())
