"""`torch.nn` for TensorFlow: layers, containers and parameters under torch's names."""

from . import functional, init
from .absent import require_module
from .activation import (
    CELU,
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .containers import ModuleDict, ModuleList, Sequential
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose2d
from .dropout import Dropout, Dropout2d
from .embedding import Embedding
from .fusion import fuse_conv_bn_eval
from .linear import Flatten, Identity, Linear
from .model import Model
from .module import Module
from .normalization import (
    BatchNorm,
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    FrozenBatchNorm2d,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    SyncBatchNorm,
)
from .padding import ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from .parameter import ImageParameter, Parameter, ParameterSlice, StoredTensor, is_parameter
from .pooling import AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, MaxPool2d
from .recipe import keras_arguments
from .recurrent import LSTM
from .resize import PixelShuffle, PixelUnshuffle, Unfold, Upsample
from .url import load_state_dict_from_url

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "LSTM",
    "SELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "ConstantPad2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose2d",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "FrozenBatchNorm2d",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "ImageParameter",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Mish",
    "Model",
    "Module",
    "ModuleDict",
    "ModuleList",
    "PReLU",
    "Parameter",
    "ParameterSlice",
    "PixelShuffle",
    "PixelUnshuffle",
    "RMSNorm",
    "ReLU",
    "ReLU6",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StoredTensor",
    "SyncBatchNorm",
    "Tanh",
    "Unfold",
    "Upsample",
    "ZeroPad2d",
    "functional",
    "fuse_conv_bn_eval",
    "init",
    "is_parameter",
    "keras_arguments",
    "load_state_dict_from_url",
    "require_module",
]
