"""Fourier transforms, spectra of frames, and audio files."""

import io
import wave

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
rng = np.random.default_rng(2)
BOTH = (("complex64", "float32"), ("complex128", "float64"))

for wide, real in BOTH:
    for size in (8, 6, 1, 15):
        for op in ("FFT", "IFFT"):
            case(f"{op}_{size}_{wide}", lambda re, im, _o=op: (lambda y: {"re": tf.math.real(y), "im": tf.math.imag(y)})(getattr(raw, _o)(input=tf.complex(re, im))), [f"{real}[?,{size}]", f"{real}[?,{size}]"], [(rand(3, size), rand(3, size))])
    case(f"FFT2D_{wide}", lambda re, im: tf.abs(raw.FFT2D(input=tf.complex(re, im))), [f"{real}[?,4,6]", f"{real}[?,4,6]"], [(rand(2, 4, 6), rand(2, 4, 6))])
    case(f"IFFT3D_{wide}", lambda re, im: tf.math.real(raw.IFFT3D(input=tf.complex(re, im))), [f"{real}[2,3,4]", f"{real}[2,3,4]"], [(rand(2, 3, 4), rand(2, 3, 4))])
    for length in (8, 5, 12):
        case(f"RFFT_{length}_{real}", lambda x, _l=length: (lambda y: [tf.math.real(y), tf.math.imag(y)])(tf.signal.rfft(x, [_l])), [f"{real}[?,?]"], [(rand(2, 8),), (rand(1, 14),)])
        case(f"IRFFT_{length}_{real}", lambda re, im, _l=length: tf.signal.irfft(tf.complex(re, im), [_l]), [f"{real}[?,?]", f"{real}[?,?]"], [(rand(2, 5), rand(2, 5)), (rand(1, 9), rand(1, 9))])
    case(f"RFFT2D_{real}", lambda x: tf.abs(tf.signal.rfft2d(x)), [f"{real}[?,4,6]"], [(rand(2, 4, 6),)])
    case(f"IRFFT2D_{real}", lambda re, im: tf.signal.irfft2d(tf.complex(re, im), [4, 6]), [f"{real}[?,4,4]", f"{real}[?,4,4]"], [(rand(2, 4, 4), rand(2, 4, 4))])
    case(f"RFFT3D_{real}", lambda x: tf.abs(tf.signal.rfft3d(x)), [f"{real}[2,4,6]"], [(rand(2, 4, 6),)])
case("FFT_size_unknown", lambda re, im: tf.abs(tf.signal.fft(tf.complex(re, im))), ["float32[?,?]", "float32[?,?]"], [(rand(2, 12), rand(2, 12)), (rand(1, 16), rand(1, 16)), (rand(1, 7), rand(1, 7))])
case("RFFT_size_unknown", lambda x: tf.abs(tf.signal.rfft(x)), ["float32[?,?]"], [(rand(2, 12),), (rand(1, 7),)])
case("RFFT_large", lambda x: tf.abs(tf.signal.rfft(x)), ["float32[1,1500]"], [(rand(1, 1500),)])
case("fft_there_and_back", lambda re, im: (lambda y: {"re": tf.math.real(y), "im": tf.math.imag(y)})(tf.signal.ifft(tf.signal.fft(tf.complex(re, im)))), ["float32[?,10]", "float32[?,10]"], [(rand(2, 10), rand(2, 10))])

SOUND = [(rand(1, 300, low=-1, high=1),), (rand(2, 257, low=-1, high=1),)]
case("stft", lambda x: tf.abs(tf.signal.stft(x, 64, 32)), ["float32[?,?]"], SOUND)
case("stft_padded", lambda x: tf.abs(tf.signal.stft(x, 50, 20, fft_length=64, pad_end=True)), ["float32[?,?]"], SOUND)
case("stft_fixed", lambda x: tf.math.log(tf.abs(tf.signal.stft(x, 64, 16)) + 1e-3), ["float32[?,300]"], SOUND[:1])
case("stft_and_back", lambda x: tf.signal.inverse_stft(tf.signal.stft(x, 64, 32), 64, 32), ["float32[1,256]"], [(rand(1, 256),)])
case("frame", lambda x: tf.signal.frame(x, 7, 3, pad_end=True), ["float32[?,?]"], [(rand(2, 20),)])
case("overlap_and_add", lambda x: tf.signal.overlap_and_add(x, 3), ["float32[?,5,7]"], [(rand(2, 5, 7),)])


def mel(x):
    spectra = tf.abs(tf.signal.stft(x, 64, 32))
    bank = tf.signal.linear_to_mel_weight_matrix(10, 33, 8000, 80.0, 3600.0)
    return tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(tf.matmul(spectra, bank) + 1e-2))[..., :6]


case("mfccs", mel, ["float32[?,300]"], SOUND[:1])
for kind in (1, 2, 3):
    case(f"dct_{kind}", lambda x, _k=kind: tf.signal.dct(x, type=_k), ["float32[?,8]"], [(rand(2, 8),)])
case("dct_ortho", lambda x: [tf.signal.dct(x, norm="ortho"), tf.signal.idct(x, norm="ortho")], ["float32[?,8]"], [(rand(2, 8),)])
case("hilbert_window", lambda n: [tf.signal.hann_window(n), tf.signal.hamming_window(n, periodic=False)], ["int32[]"], [(8,), (5,)])
for squared in (True, False):
    case(f"AudioSpectrogram_{'power' if squared else 'magnitude'}", lambda x, _s=squared: raw.AudioSpectrogram(input=x, window_size=50, stride=20, magnitude_squared=_s), ["float32[?,2]"], [(rand(200, 2, low=-1, high=1),), (rand(50, 2),), (rand(20, 2),)])
case("Mfcc", lambda x: raw.Mfcc(spectrogram=raw.AudioSpectrogram(input=x, window_size=256, stride=128, magnitude_squared=True), sample_rate=8000, upper_frequency_limit=3800, filterbank_channel_count=20, dct_coefficient_count=10), ["float32[?,1]"], [(rand(1000, 1, low=-1, high=1),)])


def sound(channels, samples, rate=8000, width=2):
    out = io.BytesIO()
    with wave.open(out, "wb") as f:
        f.setnchannels(channels)
        f.setsampwidth(width)
        f.setframerate(rate)
        f.writeframes(rng.integers(0, 256, channels * samples * width, np.uint8).tobytes())
    return out.getvalue()


one, two = sound(1, 30), sound(2, 25, 44100)
damaged = [(b"",), (b"RIFF",), (one[:60],), (sound(1, 10, width=1),)]
case("DecodeWav", lambda contents: list(raw.DecodeWav(contents=contents)), ["string[]"], [(one,), (two,)], damaged)
case("DecodeWav_one_channel", lambda contents: list(raw.DecodeWav(contents=contents, desired_channels=1)), ["string[]"], [(one,), (two,)])
case("DecodeWav_two_channels", lambda contents: list(raw.DecodeWav(contents=contents, desired_channels=2)), ["string[]"], [(one,), (two,)])
case("DecodeWav_samples", lambda contents: [raw.DecodeWav(contents=contents, desired_samples=n).audio for n in (10, 40)], ["string[]"], [(one,), (two,)])
