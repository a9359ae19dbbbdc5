"""Rows for torch.nn classes: the runtime class with the same constructor that stands for each."""

from __future__ import annotations

from .table import Layer

_ANY = (
    "Module", "Identity", "Dropout", "Sequential", "ModuleList", "ModuleDict", "GELU", "ReLU", "ReLU6", "SiLU", "Sigmoid",
    "Hardsigmoid", "Hardswish", "LeakyReLU", "ELU", "CELU", "SELU", "Mish", "PReLU", "Tanh", "Softplus", "Hardtanh",
)

ROWS = (
    *(Layer(f"torch.nn.{name}", f"nn.{name}") for name in _ANY),
    Layer("torch.nn.Linear", "nn.Linear", "plain"),
    Layer("torch.nn.LayerNorm", "nn.LayerNorm", "plain"),
    Layer("torch.nn.Softmax", "nn.Softmax", "plain"),
    Layer("torch.nn.Embedding", "nn.Embedding", "plain", "plain"),
    Layer("torch.nn.Flatten", "nn.Flatten", "any", "plain", note="a rank-4 input is an image held channels-last; it is flattened in torch's order"),
    Layer("torch.nn.Conv2d", "nn.Conv2d", "image", "image", 4),
    Layer("torch.nn.Conv1d", "nn.Conv1d", "plain", "plain", 3, note="(B, C, L) in torch's order"),
    Layer("torch.nn.AvgPool1d", "nn.AvgPool1d", "plain", "plain", 3, note="(B, C, L) in torch's order"),
    Layer("torch.nn.LSTM", "nn.LSTM", "plain", "sequence and states", 3, note="without `proj_size`"),
    Layer("torch.nn.Conv3d", "nn.Conv3d", "image", "image", 5),
    Layer("torch.nn.ConvTranspose2d", "nn.ConvTranspose2d", "image", "image", 4),
    Layer("torch.nn.BatchNorm2d", "nn.BatchNorm2d", "image", "image", 4),
    Layer("torch.nn.SyncBatchNorm", "nn.SyncBatchNorm", "image", "image", 4),
    Layer("torch.nn.BatchNorm1d", "nn.BatchNorm1d", "any"),
    Layer("torch.nn.GroupNorm", "nn.GroupNorm", "image", "image"),
    Layer("torch.nn.MaxPool2d", "nn.MaxPool2d", "image", "image", 4),
    Layer("torch.nn.AvgPool2d", "nn.AvgPool2d", "image", "image", 4),
    Layer("torch.nn.AdaptiveAvgPool2d", "nn.AdaptiveAvgPool2d", "image", "image", 4),
    Layer("torch.nn.AdaptiveMaxPool2d", "nn.AdaptiveMaxPool2d", "image", "image", 4),
    Layer("torch.nn.BatchNorm3d", "nn.BatchNorm3d", "image", "image", 5),
    Layer("torch.nn.ReflectionPad2d", "nn.ReflectionPad2d", "image", "image", 4),
    Layer("torch.nn.ReplicationPad2d", "nn.ReplicationPad2d", "image", "image", 4),
    Layer("torch.nn.ZeroPad2d", "nn.ZeroPad2d", "image", "image", 4),
    Layer("torch.nn.ConstantPad2d", "nn.ConstantPad2d", "image", "image", 4),
    Layer("torch.nn.Upsample", "nn.Upsample", "image", "image", 4),
    Layer("torch.nn.PixelShuffle", "nn.PixelShuffle", "image", "image", 4),
    Layer("torch.nn.PixelUnshuffle", "nn.PixelUnshuffle", "image", "image", 4),
    Layer("torch.nn.Unfold", "nn.Unfold", "image", "plain", note="gives torch's (B, C x kernel size, places)"),
    Layer("torch.nn.Dropout2d", "nn.Dropout2d", "image", "image", 4),
    Layer("torchvision.ops.misc.FrozenBatchNorm2d", "nn.FrozenBatchNorm2d", "image", "image", 4),
)
