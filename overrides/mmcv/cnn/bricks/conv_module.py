"""The convolution block of mmcv.cnn.bricks.conv_module without what rebuilds torch modules while they run."""

from mmcv.cnn.bricks.activation import build_activation_layer
from mmcv.cnn.bricks.conv import build_conv_layer
from mmcv.cnn.bricks.norm import build_norm_layer
from mmcv.cnn.bricks.padding import build_padding_layer
from mmengine.model.weight_init import constant_init, kaiming_init
from mmengine.registry import MODELS
from transpiler.runtime import nn


@MODELS.register_module()
class ConvModule(nn.Module):
    """Convolution, norm and activation, in any order. Takes and gives images (B, H, W, C).

    Stands for mmcv.cnn.bricks.conv_module.ConvModule; hand-written because the original swaps its convolution's
    forward function and rewrites modules for spectral norm.
    """

    _abbr_ = "conv_block"

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias="auto",
        conv_cfg=None,
        norm_cfg=None,
        act_cfg=dict(type="ReLU"),
        inplace=True,
        with_spectral_norm=False,
        padding_mode="zeros",
        order=("conv", "norm", "act"),
        fast_conv_bn_eval=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if with_spectral_norm or padding_mode == "circular":
            raise NotImplementedError("spectral norm and circular padding are not part of the generated package")
        assert len(order) == 3 and set(order) == {"conv", "norm", "act"}
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.act_cfg = act_cfg
        self.order = order
        self.with_norm = norm_cfg is not None
        self.with_activation = act_cfg is not None
        self.with_explicit_padding = padding_mode != "zeros"
        self.with_bias = not self.with_norm if bias == "auto" else bias
        if self.with_explicit_padding:
            self.padding_layer = build_padding_layer(dict(type=padding_mode), padding)
        self.conv = build_conv_layer(
            conv_cfg,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=0 if self.with_explicit_padding else padding,
            dilation=dilation,
            groups=groups,
            bias=self.with_bias,
        )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.norm_name = None
        if self.with_norm:
            channels = out_channels if order.index("norm") > order.index("conv") else in_channels
            self.norm_name, norm = build_norm_layer(norm_cfg, channels)
            self.add_module(self.norm_name, norm)
        if self.with_activation:
            self.activate = build_activation_layer(act_cfg)
        self.init_weights()

    @property
    def norm(self):
        return getattr(self, self.norm_name) if self.norm_name else None

    def init_weights(self):
        """Kaiming's initialisation of the convolution, for the activation that follows."""
        leaky = self.with_activation and self.act_cfg["type"] == "LeakyReLU"
        slope = self.act_cfg.get("negative_slope", 0.01) if leaky else 0
        kaiming_init(self.conv, a=slope, nonlinearity="leaky_relu" if leaky else "relu")
        if self.with_norm:
            constant_init(self.norm, 1, bias=0)

    def call(self, x, activate=True, norm=True):
        for layer in self.order:
            if layer == "conv":
                x = self.conv(self.padding_layer(x) if self.with_explicit_padding else x)
            elif layer == "norm" and norm and self.with_norm:
                x = self.norm(x)
            elif layer == "act" and activate and self.with_activation:
                x = self.activate(x)
        return x
