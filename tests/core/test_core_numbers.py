"""Numbers whose type only the run knows: torch promotes and defaults where TensorFlow raises."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("torch.arange(4)", "tf.range(4, dtype=tf.int64)"),
        ("torch.arange(0.5, 4)", "tf.range(0.5, 4, dtype=tf.float32)"),
        ("torch.arange(self.size[0])", "F.arange(self.size[0])"),
        ("torch.zeros(2, dtype=dtype)", "tf.zeros((2,), dtype=dtype or tf.float32)"),
        ("torch.zeros(2, dtype=x.dtype)", "tf.zeros((2,), dtype=x.dtype)"),
        ("torch.zeros(2, dtype=torch.int64)", "tf.zeros((2,), dtype=tf.int64)"),
        ("torch.arange(4) * max(n / 2, 1.0)", "tf.cast(tf.range(4, dtype=tf.int64), tf.float32) * max(n / 2, 1.0)"),
        ("0.5 + torch.arange(4)", "0.5 + tf.cast(tf.range(4, dtype=tf.int64), tf.float32)"),
        ("torch.arange(4) * n", "tf.range(4, dtype=tf.int64) * n"),
        ("torch.arange(4) * 2", "tf.range(4, dtype=tf.int64) * 2"),
        ("torch.relu(x) * 0.5", "tf.nn.relu(x) * 0.5"),
        ("torch.fft.fft(x) * torch.arange(4)", "F.fft(x) * tf.cast(tf.range(4, dtype=tf.int64), tf.complex64)"),
        ("torch.zeros(4) + torch.fft.fft(x)", "tf.cast(tf.zeros((4,)), tf.complex64) + F.fft(x)"),
        ("torch.fft.fft(x).real", "tf.math.real(F.fft(x))"),
    ],
)
def test_numbers_are_written_as_torch_reads_them(transpile, code, expected):
    body = f"    def make(self, x: torch.Tensor, n: int):\n        dtype = None\n        return {code}\n"
    assert f"return {expected}\n" in transpile("class Net(nn.Module):\n" + body).text()
