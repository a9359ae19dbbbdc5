"""Data of pixels, of mmengine.structures.pixel_data, without torch's devices."""


class PixelData:
    """Maps of one image, by name.

    Stands for mmengine.structures.pixel_data.PixelData; hand-written because the original moves tensors between devices.
    """

    def __init__(self, **data):
        for name, value in data.items():
            setattr(self, name, value)
