"""The frameworks, imported in the one order that works: timm and torch before tensorflow.

The other order aborts the process: libtriton and tensorflow carry a copy of LLVM each. Modules here that need
tensorflow take it from this module, so that none can get the order wrong.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# isort: off
import timm
import torch
import keras
import tensorflow as tf
# isort: on

tf.get_logger().setLevel("ERROR")  # one tf.function for each check is meant, whatever its retracing warning says

__all__ = ["keras", "tf", "timm", "torch", "use_exact_float32", "versions"]


def versions() -> dict[str, str]:
    modules = {"timm": timm, "torch": torch, "tensorflow": tf, "keras": keras}
    return {name: module.__version__ for name, module in modules.items()}


def use_exact_float32() -> None:
    """No TensorFloat-32 on GPUs: its ten bits of mantissa are fewer than the comparison needs."""
    tf.config.experimental.enable_tensor_float_32_execution(False)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
