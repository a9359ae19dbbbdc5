"""The layers of mmcv.cnn.bricks.wrappers; old torch versions, which could not handle empty tensors, don't come up here."""

from transpiler.runtime import nn


class Linear(nn.Linear):
    """torch.nn.Linear.

    Stands for mmcv.cnn.bricks.wrappers.Linear; hand-written because the original asks for torch's version.
    """


class Conv2d(nn.Conv2d):
    """torch.nn.Conv2d.

    Stands for mmcv.cnn.bricks.wrappers.Conv2d; hand-written because the original asks for torch's version.
    """


class ConvTranspose2d(nn.ConvTranspose2d):
    """torch.nn.ConvTranspose2d.

    Stands for mmcv.cnn.bricks.wrappers.ConvTranspose2d; hand-written because the original asks for torch's version.
    """
