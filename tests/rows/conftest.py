"""Torch's side is imported before TensorFlow's: both carry LLVM, and the other order aborts."""

import timm  # noqa: F401
import torch  # noqa: F401
