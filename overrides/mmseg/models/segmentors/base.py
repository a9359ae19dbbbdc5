"""The base class of networks that segment, of mmseg.models.segmentors.base, on Keras."""

from keras import ops
from mmengine.model import BaseModule
from mmseg.structures import SegDataSample


class BaseSegmentor(BaseModule):
    """What networks that segment have in common.

    Stands for mmseg.models.segmentors.base.BaseSegmentor; hand-written because the original's base class holds
    mmengine's data preprocessor and training loop. `data_preprocessor` is kept, and images are taken as they are:
    normalized, RGB, (B, H, W, C). Upstream's `loss` and `predict` are `loss_` and `predict_`: Keras models have their own.
    """

    def __init__(self, data_preprocessor=None, init_cfg=None, **kwargs):
        super().__init__(init_cfg, **kwargs)
        self.data_preprocessor = data_preprocessor

    @property
    def with_neck(self):
        return getattr(self, "neck", None) is not None

    @property
    def with_auxiliary_head(self):
        return getattr(self, "auxiliary_head", None) is not None

    @property
    def with_decode_head(self):
        return getattr(self, "decode_head", None) is not None

    def call(self, inputs, data_samples=None, mode="tensor", training=None):
        """Logits (B, H, W, classes) of the size of the images; with `mode`, losses or data samples as upstream."""
        if mode == "loss":
            return self.loss_(inputs, data_samples)
        if mode == "predict":
            return self.predict_(inputs, data_samples)
        if mode != "tensor":
            raise RuntimeError(f'Invalid mode "{mode}". Only supports loss, predict and tensor mode')
        if data_samples is None:
            data_samples = [SegDataSample(metainfo={"img_shape": ops.shape(inputs)[1:3]})]
        return self.encode_decode(inputs, data_samples)
