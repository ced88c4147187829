"""Image files: every format and kind that TensorFlow decodes, as small images, and damaged ones that it refuses."""

import io

import numpy as np
from cases import case
from golden import tf
from PIL import Image

raw = tf.raw_ops
FILE = ["string[]"]
rng = np.random.default_rng(8)


def picture(width, height):
    """Shades, edges and some noise, so that every part of a codec has something to do."""
    y, x = np.mgrid[0:height, 0:width]
    shades = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], -1)
    shades[height // 3 : height // 2, width // 4 : width // 2] = (250, 10, 30)
    return np.clip(shades + rng.integers(-12, 13, shades.shape), 0, 255).astype(np.uint8)


def file(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


RGB = Image.fromarray(picture(21, 18))
GREY = RGB.convert("L")
jpegs = {
    "420": file(RGB, "JPEG", quality=80, subsampling=2),
    "422": file(RGB, "JPEG", quality=90, subsampling=1),
    "444": file(RGB, "JPEG", quality=97, subsampling=0),
    "grey": file(GREY, "JPEG", quality=75),
    "progressive": file(RGB, "JPEG", quality=85, progressive=True),
    "cmyk": file(RGB.convert("CMYK"), "JPEG", quality=85),
    "rough": file(RGB, "JPEG", quality=8),
    "one_pixel": file(Image.fromarray(picture(1, 1)), "JPEG"),
    "wide": file(Image.fromarray(picture(40, 3)), "JPEG", subsampling=2),
}
few = [(jpegs[name],) for name in ("420", "444", "grey", "progressive")]
full = jpegs["420"]
broken = [(b"",), (b"no image",), (full[: len(full) // 2],), (full[:40],), (b"\xff\xd8\xff\xd9",), (b"\xff\xd8\xff\xe0\x00",)]


def decode(op, **options):
    return lambda contents: getattr(raw, op)(contents=contents, **options)


case("DecodeJpeg", decode("DecodeJpeg"), FILE, [(v,) for v in jpegs.values()], broken)
case("DecodeJpeg_accurate", decode("DecodeJpeg", dct_method="INTEGER_ACCURATE"), FILE, [(v,) for v in jpegs.values()])
case("DecodeJpeg_grey", decode("DecodeJpeg", channels=1), FILE, few, [(jpegs["cmyk"],)])
case("DecodeJpeg_rgb", decode("DecodeJpeg", channels=3), FILE, few)
case("DecodeJpeg_plain", decode("DecodeJpeg", fancy_upscaling=False), FILE, few)
for ratio in (2, 4, 8):
    case(f"DecodeJpeg_ratio_{ratio}", decode("DecodeJpeg", ratio=ratio), FILE, few)
case(
    "DecodeAndCropJpeg",
    lambda contents, window: raw.DecodeAndCropJpeg(contents=contents, crop_window=window),
    ["string[]", "int32[4]"],
    [(jpegs[name], window) for name in ("420", "444", "grey") for window in ([3, 17, 8, 3], [0, 0, 18, 21], [12, 9, 6, 7])],
    [(full, [0, 0, 19, 21]), (full, [-1, 0, 5, 5]), (full, [0, 0, 0, 5])],
)

grey16 = Image.fromarray((np.arange(13 * 11).reshape(11, 13) * 450).astype(np.uint16))
alpha = RGB.copy()
alpha.putalpha(Image.fromarray((np.arange(21 * 18).reshape(18, 21) % 256).astype(np.uint8)))
palette = RGB.quantize(16)
pngs = {
    "rgb": file(RGB, "PNG"),
    "rgba": file(alpha, "PNG"),
    "grey": file(GREY, "PNG"),
    "grey_alpha": file(alpha.convert("LA"), "PNG"),
    "bit": file(GREY.convert("1"), "PNG"),
    "palette": file(palette, "PNG", bits=4),
    "palette_transparent": file(palette, "PNG", transparency=3),
    "grey_16": file(grey16, "PNG"),
    "grey_transparent": file(GREY, "PNG", transparency=77),
    "rgb_transparent": file(RGB, "PNG", transparency=tuple(RGB.getpixel((3, 3)))),
    "rgb_16": tf.io.encode_png((np.arange(5 * 4 * 3).reshape(5, 4, 3) * 1000).astype(np.uint16)).numpy(),
    "rgba_16": tf.io.encode_png((np.arange(5 * 4 * 4).reshape(5, 4, 4) * 800).astype(np.uint16)).numpy(),
}


def chunk(kind, body):
    import struct
    import zlib

    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def interlaced(width, height):
    """A PNG in Adam7's order, which Pillow does not write."""
    import struct
    import zlib

    pixels = picture(width, height)
    lines = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for line in pixels[y0::dy, x0::dx]:
            if len(line):
                lines += b"\0" + line.tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


pngs["interlaced"] = interlaced(13, 10)
pngs["interlaced_small"] = interlaced(3, 2)
with_gamma = pngs["rgb"][:33] + chunk(b"gAMA", (45455).to_bytes(4, "big")) + pngs["rgb"][33:]
every = [(v,) for v in pngs.values()]
wrong_sum = bytearray(pngs["rgb"])
wrong_sum[60] ^= 1
case("DecodePng", decode("DecodePng"), FILE, every, [(bytes(wrong_sum),), (pngs["rgb"][:-20],), (pngs["rgb"][:20],), (pngs["grey"][:-12],)])
for channels in (1, 3, 4):
    case(f"DecodePng_{channels}", decode("DecodePng", channels=channels), FILE, every)
case("DecodePng_uint16", decode("DecodePng", dtype=tf.uint16), FILE, every)
case("DecodePng_gamma_to_grey", decode("DecodePng", channels=1), FILE, [(with_gamma,)])

frames = [Image.fromarray(picture(11, 8)) for _ in range(3)]
gif = file(frames[0], "GIF")
animated = file(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=10)
still = RGB.resize((16, 12))
dot = still.copy()
dot.paste((0, 255, 0), (5, 5, 8, 8))
optimized = file(still, "GIF", save_all=True, append_images=[dot, still], duration=10)
bmps = [file(RGB, "BMP"), file(alpha, "BMP"), file(GREY, "BMP")]
case("DecodeGif", decode("DecodeGif"), FILE, [(gif,), (animated,), (optimized,), (full,), (pngs["rgb"],)], [(gif[:30],), (b"GIF89a",)])
case("DecodeBmp", decode("DecodeBmp"), FILE, [(bmps[0],)], [(bmps[0][:-1],), (b"BM",), (full,)])
case("DecodeBmp_4", decode("DecodeBmp", channels=4), FILE, [(bmps[0],)])
several = [(full,), (pngs["rgba"],), (gif,), (animated,), (optimized,), (bmps[0],), (pngs["grey_16"],), (jpegs["grey"],)]
case("DecodeImage", decode("DecodeImage"), FILE, several)
case("DecodeImage_still", decode("DecodeImage", channels=3, expand_animations=False), FILE, several)
for dtype in (tf.uint16, tf.float32):
    case(f"DecodeImage_{dtype.name}", decode("DecodeImage", channels=3, dtype=dtype, expand_animations=False), FILE, several)
case("decode_image_as_jpeg", decode("DecodeJpeg"), FILE, [(pngs["rgb"],), (gif,)], [(animated,), (bmps[0],)])


webps = [(file(RGB, "WEBP", quality=80),), (file(RGB, "WEBP", lossless=True),), (file(alpha, "WEBP", quality=60),), (file(alpha, "WEBP", lossless=True),)]
case("DecodeWebP", decode("DecodeWebP"), FILE, webps, [(webps[0][0][:40],), (webps[1][0][:25],)])
case("DecodeImage_webp", decode("DecodeImage", expand_animations=False), FILE, webps)


def served(contents):
    image = tf.io.decode_jpeg(contents, channels=3)
    return tf.image.resize(tf.cast(image, tf.float32) / 255.0, [8, 8])[None]


case("served_image", served, FILE, [(full,), (jpegs["444"],)])


def served_batch(contents):
    one = lambda c: tf.image.resize(tf.io.decode_image(c, channels=3, expand_animations=False), [6, 6])
    return tf.map_fn(one, contents, fn_output_signature=tf.TensorSpec([6, 6, 3], tf.float32)) / 255.0


case("served_batch", served_batch, ["string[?]"], [([full, jpegs["444"], pngs["rgba"]],), ([],)], [([full, b"no image"],)])

IMAGES = [(np.array(RGB),), (picture(16, 16),), (picture(1, 5),)]
case("EncodeJpeg", lambda image: raw.EncodeJpeg(image=image), ["uint8[?,?,?]"], [*IMAGES, (np.array(GREY)[..., None],)])
case("EncodeJpeg_rough", lambda image: raw.EncodeJpeg(image=image, quality=30, x_density=72, y_density=96), ["uint8[?,?,3]"], IMAGES)
case("EncodeJpeg_full_colour", lambda image: raw.EncodeJpeg(image=image, chroma_downsampling=False), ["uint8[?,?,3]"], IMAGES)
case("EncodeJpegVariableQuality", lambda image, quality: raw.EncodeJpegVariableQuality(images=image, quality=quality), ["uint8[?,?,3]", "int32[]"], [(*IMAGES[0], 66)])
case("EncodePng_round_trip", lambda image: raw.DecodePng(contents=raw.EncodePng(image=image)), ["uint8[?,?,?]"], [*IMAGES, (np.array(alpha),)])
case("EncodePng_round_trip_16", lambda image: raw.DecodePng(contents=raw.EncodePng(image=image), dtype=tf.uint16), ["uint16[?,?,1]"], [((np.arange(12).reshape(3, 4, 1) * 5000),)])
