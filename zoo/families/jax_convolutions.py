"""Convolutions, pools and padding, as JAX writes them."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import rand
from flax import linen as nn
from jax import lax
from jax_cases import jax_case

F = "float32"
RNG = np.random.default_rng(3)


def kernel(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def conv(layout, shape, **options):
    k = kernel(*shape)
    strides = options.pop("strides", (1,) * (len(shape) - 2))
    return lambda x: lax.conv_general_dilated(x, k, strides, options.pop("padding", "SAME"), dimension_numbers=layout, **options)


NHWC = ("NHWC", "HWIO", "NHWC")
IMAGE = [f"{F}[?,6,5,3]"], [(rand(2, 6, 5, 3),)]
CONVOLUTIONS = {
    "same": lambda x, k=kernel(3, 3, 3, 4): lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=NHWC),
    "valid": lambda x, k=kernel(3, 2, 3, 4): lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=NHWC),
    "strided": lambda x, k=kernel(3, 3, 3, 4): lax.conv_general_dilated(x, k, (2, 2), "SAME", dimension_numbers=NHWC),
    "dilated": lambda x, k=kernel(2, 2, 3, 4): lax.conv_general_dilated(x, k, (1, 1), "SAME", rhs_dilation=(2, 2), dimension_numbers=NHWC),
    "input_dilated": lambda x, k=kernel(3, 3, 3, 4): lax.conv_general_dilated(x, k, (1, 1), ((1, 1), (1, 1)), lhs_dilation=(2, 2), dimension_numbers=NHWC),
    "uneven": lambda x, k=kernel(3, 3, 3, 4): lax.conv_general_dilated(x, k, (1, 1), ((2, 0), (0, 1)), dimension_numbers=NHWC),
    "cropped": lambda x, k=kernel(2, 2, 3, 4): lax.conv_general_dilated(x, k, (1, 1), ((-1, 0), (1, -1)), dimension_numbers=NHWC),
    "depthwise": lambda x, k=kernel(3, 3, 1, 6): lax.conv_general_dilated(x, k, (1, 1), "SAME", feature_group_count=3, dimension_numbers=NHWC),
    "transposed": lambda x, k=kernel(3, 3, 3, 4): lax.conv_transpose(x, k, (2, 2), "SAME", dimension_numbers=NHWC),
    "reversed": lambda x, k=kernel(3, 3, 4, 3): lax.conv_transpose(x, k, (2, 2), "VALID", dimension_numbers=NHWC, transpose_kernel=True),
}
for name, fn in CONVOLUTIONS.items():
    jax_case(f"conv_{name}", fn, *IMAGE)
jax_case("conv_nchw", lambda x, k=kernel(4, 3, 3, 3): lax.conv(x, k, (1, 1), "SAME"), [f"{F}[?,3,5,4]"], [(rand(2, 3, 5, 4),)])
jax_case("conv_1d", lambda x, k=kernel(3, 2, 4): lax.conv_general_dilated(x, k, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")),
         [f"{F}[?,7,2]"], [(rand(2, 7, 2),)])
jax_case("conv_3d", lambda x, k=kernel(2, 2, 2, 2, 3): lax.conv_general_dilated(x, k, (1, 1, 1), "SAME", dimension_numbers=("NDHWC", "DHWIO", "NDHWC")),
         [f"{F}[?,3,4,3,2]"], [(rand(1, 3, 4, 3, 2),)])
jax_case("convolve", lambda x: jnp.convolve(x, jnp.array([1.0, 2.0, 3.0])), [f"{F}[8]"], [(rand(8),)])
POOLS = {
    "max": lambda x: nn.max_pool(x, (2, 2), (2, 2)),
    "max_same": lambda x: nn.max_pool(x, (3, 3), (2, 2), "SAME"),
    "min": lambda x: nn.pooling.min_pool(x, (2, 2), (1, 1)),
    "average": lambda x: nn.avg_pool(x, (2, 2), (2, 2)),
    "average_same": lambda x: nn.avg_pool(x, (3, 3), (1, 1), "SAME"),
    "average_without_padding": lambda x: nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False),
    "global": lambda x: x.mean((1, 2)),
}
for name, fn in POOLS.items():
    jax_case(f"pool_{name}", fn, *IMAGE)
jax_case("pool_1d", lambda x: nn.max_pool(x, (2,), (1,)), [f"{F}[?,6,2]"], [(rand(2, 6, 2),)])
jax_case("pool_int", lambda x: lax.reduce_window(x, 0, lax.max, (1, 2), (1, 2), "VALID"), ["int32[?,6]"], [(rand(2, 6),)])
jax_case("window_general", lambda x: lax.reduce_window(x, 1.0, lambda a, b: a * b + a, (1, 2), (1, 2), "VALID"), [f"{F}[2,6]"], [(rand(2, 6),)])
PADS = {
    "low_high": [(1, 2, 0), (0, 1, 0)],
    "interior": [(0, 0, 1), (1, 0, 2)],
    "negative": [(-1, 2, 0), (1, -1, 0)],
    "interior_negative": [(-1, 0, 1), (0, -2, 1)],
}
for name, config in PADS.items():
    jax_case(f"pad_{name}", lambda x, c=config: lax.pad(x, jnp.float32(7), c), [f"{F}[3,4]"], [(rand(3, 4),)])
jax_case("pad_edge", lambda x: jnp.pad(x, ((0, 0), (1, 2)), "edge"), [f"{F}[?,3]"], [(rand(2, 3),)])
jax_case("pad_reflect", lambda x: jnp.pad(x, ((0, 0), (1, 2)), "reflect"), [f"{F}[?,4]"], [(rand(2, 4),)])
jax_case("pad_bool", lambda x: jnp.pad(x, ((0, 0), (1, 2))), ["bool[?,4]"], [(rand(2, 4),)])
jax_case("resize_bilinear", lambda x: jax.image.resize(x, (x.shape[0], 8, 7, 3), "bilinear"), *IMAGE)
jax_case("resize_nearest", lambda x: jax.image.resize(x, (x.shape[0], 3, 10, 3), "nearest"), *IMAGE)
