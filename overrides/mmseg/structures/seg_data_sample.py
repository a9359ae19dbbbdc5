"""What belongs to one image, of mmseg.structures.seg_data_sample, without torch's devices."""


class _DataElement:
    def __init__(self, *, metainfo=None, **data):
        self.metainfo = dict(metainfo or {})
        self.set_data(data)

    def set_data(self, data):
        """Set attributes by name."""
        for name, value in data.items():
            setattr(self, name, value)


class SegDataSample(_DataElement):
    """Data of one image: `metainfo`, and what is set under names of its own.

    Stands for mmseg.structures.seg_data_sample.SegDataSample; hand-written because the original moves tensors between
    devices.
    """
