"""Checkpoints of mmengine.runner.checkpoint, read from files."""

from transpiler.runtime.checkpoints import read_checkpoint


class CheckpointLoader:
    """Reads checkpoints from files.

    Stands for mmengine.runner.checkpoint.CheckpointLoader; hand-written because the original fetches them from many
    places, through tables that modules add to when they are imported.
    """

    @classmethod
    def load_checkpoint(cls, filename, map_location=None, logger="current"):
        """The arrays of a .safetensors, .npz or torch file, by name."""
        return read_checkpoint(filename)
