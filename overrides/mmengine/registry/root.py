"""mmengine's registry of models, with what mmcv registers of torch when it is imported."""

from mmengine.registry.build_functions import build_model_from_cfg
from mmengine.registry.registry import Registry
from transpiler.runtime import nn

# mmcv.cnn.bricks.{activation,conv,norm,padding,upsample,wrappers}; those that the runtime has.
_TORCH_LAYERS = {
    "ReLU": nn.ReLU,
    "LeakyReLU": nn.LeakyReLU,
    "PReLU": nn.PReLU,
    "ReLU6": nn.ReLU6,
    "ELU": nn.ELU,
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
    "SiLU": nn.SiLU,
    "GELU": nn.GELU,
    "Conv1d": nn.Conv1d,
    "Conv2d": nn.Conv2d,
    "Conv": nn.Conv2d,
    "BN": nn.BatchNorm2d,
    "BN1d": nn.BatchNorm1d,
    "BN2d": nn.BatchNorm2d,
    "SyncBN": nn.SyncBatchNorm,
    "GN": nn.GroupNorm,
    "LN": nn.LayerNorm,
    "zero": nn.ZeroPad2d,
    "reflect": nn.ReflectionPad2d,
    "replicate": nn.ReplicationPad2d,
    "deconv": nn.ConvTranspose2d,
    "ConvTranspose2d": nn.ConvTranspose2d,
}


def _with_torch_layers(registry):
    for name, layer in _TORCH_LAYERS.items():
        registry.register_module(name, module=layer)
    return registry


# Stands for mmengine.registry.root.MODELS; hand-written because mmcv registers layers that are not there.
MODELS = _with_torch_layers(Registry("model", build_model_from_cfg))
