"""Fourier transforms, complex numbers and linear algebra."""

import keras
from cases import FLOATS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"


def parts(z):
    return {"re": tf.math.real(z), "im": tf.math.imag(z)}


case("FFT", lambda re, im: parts(raw.FFT(input=tf.complex(re, im))), [f"{F}[?,8]"] * 2, [(rand(2, 8), rand(2, 8))])
case("IFFT", lambda re, im: parts(raw.IFFT(input=tf.complex(re, im))), [f"{F}[?,?]"] * 2, [(rand(2, 6), rand(2, 6))])
case(
    "FFT2D",
    lambda re, im: parts(raw.FFT2D(input=tf.complex(re, im))),
    [f"{F}[?,4,6]"] * 2,
    [(rand(1, 4, 6), rand(1, 4, 6))],
)
for length in (4, 8):
    case(f"RFFT_{length}", lambda x, n=length: parts(raw.RFFT(input=x, fft_length=[n])), [f"{F}[?,8]"], [(rand(2, 8),)])
case("RFFT_unknown", lambda x: parts(tf.signal.rfft(x)), [f"{F}[?,?]"], [(rand(2, 8),), (rand(1, 5),)])
case(
    "IRFFT",
    lambda re, im: raw.IRFFT(input=tf.complex(re, im), fft_length=[8]),
    [f"{F}[?,5]"] * 2,
    [(rand(2, 5), rand(2, 5))],
)
case("RFFT2D", lambda x: parts(raw.RFFT2D(input=x, fft_length=[4, 6])), [f"{F}[?,4,6]"], [(rand(1, 4, 6),)])
case("stft", lambda x: parts(tf.signal.stft(x, 8, 4)), [f"{F}[?,32]"], [(rand(2, 32),)])
case(
    "stft_padded",
    lambda x: tf.abs(tf.signal.stft(x, 10, 5, fft_length=16, pad_end=True)),
    [f"{F}[?,?]"],
    [(rand(2, 33),)],
)
case("frame", lambda x: tf.signal.frame(x, 4, 2), [f"{F}[?,?]"], [(rand(2, 11),)])
case("hann_window", lambda n: tf.signal.hann_window(n), ["int32[]"], [(8,), (1,)])
case("dct", lambda x: tf.signal.dct(x, norm="ortho"), [f"{F}[?,8]"], [(rand(2, 8),)])
case("mel", lambda x: tf.matmul(x, tf.signal.linear_to_mel_weight_matrix(5, 9, 8000)), [f"{F}[?,9]"], [(rand(2, 9),)])
case("keras_stft", lambda x: list(keras.ops.stft(x, 8, 4, 8)), [f"{F}[?,32]"], [(rand(1, 32),)])

for dtype in ("complex64", "complex128"):
    for op in ("AddV2", "Mul", "Sub", "RealDiv"):
        case(f"{op}_{dtype}", lambda x, y, o=op: getattr(raw, o)(x=x, y=y), [f"{dtype}[?]"] * 2, [(rand(4), rand(4))])
    out = tf.float32 if dtype == "complex64" else tf.float64
    case(f"ComplexAbs_{dtype}", lambda x, t=out: raw.ComplexAbs(x=x, Tout=t), [f"{dtype}[?]"], [(rand(4),)])
    case(
        f"Real_Imag_{dtype}",
        lambda x, t=out: {"re": raw.Real(input=x, Tout=t), "im": raw.Imag(input=x, Tout=t)},
        [f"{dtype}[?]"],
        [(rand(4),)],
    )
case("Angle", lambda x: raw.Angle(input=x, Tout=tf.float32), ["complex64[?]"], [(rand(4),)])
case("Conj", lambda x: raw.Conj(input=x), ["complex64[?]"], [(rand(4),)])
case("MatMul_complex64", lambda a, b: raw.MatMul(a=a, b=b), ["complex64[?,?]"] * 2, [(rand(2, 3), rand(3, 2))])


def positive(x):
    return tf.matmul(x, x, transpose_b=True) + 3.0 * tf.eye(3, dtype=x.dtype)


for dtype in FLOATS:
    square = f"{dtype}[?,3,3]"
    case(f"Cholesky_{dtype}", lambda x: raw.Cholesky(input=positive(x)), [square], [(rand(2, 3, 3),)])
    case(f"MatrixInverse_{dtype}", lambda x: raw.MatrixInverse(input=positive(x)), [square], [(rand(2, 3, 3),)])
    case(f"MatrixDeterminant_{dtype}", lambda x: raw.MatrixDeterminant(input=x), [square], [(rand(2, 3, 3),)])
    case(
        f"MatrixSolve_{dtype}",
        lambda x, b: raw.MatrixSolve(matrix=positive(x), rhs=b),
        [square, f"{dtype}[?,3,2]"],
        [(rand(2, 3, 3), rand(2, 3, 2))],
    )
    case(
        f"MatrixTriangularSolve_{dtype}",
        lambda x, b: raw.MatrixTriangularSolve(matrix=positive(x), rhs=b),
        [square, f"{dtype}[?,3,2]"],
        [(rand(2, 3, 3), rand(2, 3, 2))],
    )
case("eigenvalues", lambda x: tf.linalg.eigvalsh(positive(x)), [f"{F}[?,3,3]"], [(rand(2, 3, 3),)])
case("singular_values", lambda x: tf.linalg.svd(x, compute_uv=False), [f"{F}[?,3,4]"], [(rand(2, 3, 4),)])
