"""Rows for dtypes, constants, annotations and attributes; for what is erased; and for what is declared missing."""

from __future__ import annotations

from .table import Erase, Missing, Value

_DTYPES = {
    "float": "float32", "float32": "float32", "float64": "float64", "float16": "float16", "bfloat16": "bfloat16",
    "half": "float16", "double": "float64", "int": "int32", "int16": "int16", "int8": "int8",
    "long": "int64", "int64": "int64", "int32": "int32", "uint8": "uint8", "bool": "bool", "complex64": "complex64",
}
_INIT = (
    "zeros_", "ones_", "constant_", "normal_", "uniform_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_",
    "_calculate_fan_in_and_fan_out",
)
_NOT_ON_GPU = "tensors have no device to be moved to: TensorFlow places them"

VALUES = (
    *(Value(f"torch.{torch}", f"tf.{tf}") for torch, tf in _DTYPES.items()),
    Value("torch.dtype", "tf.DType"),
    Value("torch.device", "str"),
    Value("torch.Size", "tf.TensorShape"),
    Value("torch.jit.annotations.List", "List", note="typing's"),
    Value("torch.pi", "math.pi"),
    Value("torch.nn.Parameter", "nn.Parameter", note="a keras.Variable"),
    Value("torch.nn.parameter.Parameter", "nn.Parameter"),
    Value("torch.nn.modules.batchnorm._BatchNorm", "nn.BatchNorm"),
    Value("torch.finfo", "F.finfo"),
    Value("torch.distributions.Beta", "F.Beta"),
    Value("torch.hub.load_state_dict_from_url", "nn.load_state_dict_from_url"),
    Value("torch.nn.utils.fusion.fuse_conv_bn_eval", "nn.fuse_conv_bn_eval", "not of transposed convolutions"),
    *(Value(f"torch.nn.init.{name}", f"nn.init.{name}") for name in _INIT),
)

ERASED = (
    Erase("torch.jit.ignore", "no TorchScript here"),
    Erase("torch.jit.unused", "no TorchScript here"),
    Erase("torch.jit.export", "no TorchScript here"),
    Erase("torch.jit.script", "no TorchScript here"),
    Erase("torch.jit.Final", "no TorchScript here"),
    Erase("torch.jit.is_scripting", "no TorchScript here", constant=False),
    Erase("torch.jit.is_tracing", "no TorchScript here", constant=False),
    Erase("torch.compiler.disable", "no torch.compile here"),
    Erase("torch.fx.wrap", "no torch.fx here"),
    Erase("torch.no_grad", "gradients are taken by tf.GradientTape only where asked for"),
    Erase("torch.inference_mode", "gradients are taken by tf.GradientTape only where asked for"),
    Erase("torch.amp.autocast", "mixed precision is a Keras dtype policy", constant=None),
    Erase("torch.cuda.amp.autocast", "as torch.amp.autocast, its older name", constant=None),
    Erase("torch.autocast", "as torch.amp.autocast", constant=None),
    Erase("torch.is_autocast_enabled", "mixed precision is a Keras dtype policy", constant=False),
    Erase("torch.is_autocast_cpu_enabled", "mixed precision is a Keras dtype policy", constant=False),
    Erase("torch.Tensor.contiguous", "TensorFlow tensors have no strides"),
    Erase("torch.contiguous_format", "TensorFlow tensors have no strides"),
    Erase("torch.Tensor.cpu", _NOT_ON_GPU),
    Erase("torch.Tensor.cuda", _NOT_ON_GPU),
    Erase("torch.Tensor.is_meta", "there is no meta device", constant=False),
    Erase("torch.nn.Module.train", "Keras hands `training` down with each call"),
    Erase("torch.nn.Module.eval", "Keras hands `training` down with each call"),
    Erase("timm.layers.fast_norm.is_autocast_enabled", "mixed precision is a Keras dtype policy", constant=False),
    Erase("timm.layers._fx.register_notrace_module", "no torch.fx here"),
    Erase("timm.layers._fx.register_notrace_function", "no torch.fx here"),
    Erase("timm.layers.typing.disable_compiler", "no torch.compile here"),
    Erase("timm.layers.helpers.get_device_dtype", "layers are made in the Keras dtype policy, on TensorFlow's device"),
)

MISSING = (
    Missing("torch.autograd.Function", "custom gradients are written with tf.custom_gradient", "write an override"),
    Missing("torch.optim.Optimizer", "optimizers are Keras optimizers", "use keras.optimizers"),
    Missing("torch.distributed", "distribution is tf.distribute's", "use tf.distribute"),
    Missing("torch.save", "weights are saved as safetensors or by Keras", "use model.save_weights"),
    Missing("torch.load", "checkpoints are read by runtime/checkpoints.py", "use generated.load_weights"),
)
