"""Drop layers of mmcv.cnn.bricks.drop by name."""

from mmcv.cnn.bricks.drop import Dropout, DropPath


def build_dropout(cfg, default_args=None):
    """The drop layer that a configuration describes.

    Stands for mmcv.cnn.bricks.drop.build_dropout; hand-written because the original finds the classes by name only.
    """
    layers = {"DropPath": DropPath, "Dropout": Dropout}
    args = {**(default_args or {}), **cfg}
    wanted = args.pop("type")
    return (layers[wanted] if isinstance(wanted, str) else wanted)(**args)
