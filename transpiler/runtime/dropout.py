"""Dropout layers: active while the model is being trained."""

from __future__ import annotations

from typing import Any

import keras

from . import functional as F
from .module import Module


class Dropout(Module, keras.layers.Dropout):
    """`torch.nn.Dropout`; `p` may be changed at any time."""

    def __init__(self, p: float = 0.5, inplace: bool = False, **kwargs: Any):
        # Rate 0 spares the seed variable: our random numbers follow TensorFlow's global seed.
        super().__init__(rate=0.0, **kwargs)
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"Expected a dropout probability between 0 and 1. Received: {p}")
        self.rate = p
        self.inplace = inplace

    @property
    def p(self) -> float:
        return self.rate

    @p.setter
    def p(self, p: float) -> None:
        self.rate = p

    def call(self, x: Any) -> Any:
        return F.dropout(x, self.rate, self.training)


class Dropout2d(Dropout):
    """`torch.nn.Dropout2d`: whole channels of images (B, H, W, C)."""

    def call(self, x: Any) -> Any:
        return F.dropout2d(x, self.rate, self.training)
