"""A NumPy form of timm.layers.interpolate, for tables of a few thousand entries that are resized once, at load time."""

from itertools import product

import numpy as np
import tensorflow as tf


class RegularGridInterpolator:
    """Multilinear interpolation on a rectilinear grid whose spacing may be uneven.

    Stands for timm.layers.interpolate.RegularGridInterpolator; hand-written because the original edits tensors in place
    through boolean masks. Outside the grid the value of the nearest border is taken, as there.

    Args:
        points: One ascending 1-d tensor or array of coordinates for each axis of values.
        values: Tensor or array of the grid's values.
    """

    def __init__(self, points, values):
        self.points = [np.asarray(p, dtype=np.float64) for p in points]
        self.values = np.asarray(values)
        shape = tuple(len(p) for p in self.points)
        assert shape == self.values.shape, f"grid of {shape} points does not fit values of {self.values.shape}"

    def __call__(self, points_to_interp):
        """Interpolate at points.

        Args:
            points_to_interp: For each axis, a tensor or array of coordinates; all of one shape.

        Returns:
            Tensor of that shape, in the dtype of values.
        """
        assert len(points_to_interp) == len(self.points)
        lower, upper, weight = zip(*map(_neighbours, self.points, points_to_interp), strict=True)
        result = np.zeros(())
        for corner in product((False, True), repeat=len(self.points)):
            index = tuple(u if right else low for right, low, u in zip(corner, lower, upper, strict=True))
            share = np.prod([w if right else 1 - w for right, w in zip(corner, weight, strict=True)], axis=0)
            result = result + self.values[index] * share
        return tf.convert_to_tensor(result.astype(self.values.dtype))


def _neighbours(grid: np.ndarray, points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the grid coordinates on either side of each point, and how far it lies from the lower to the upper."""
    inside = np.clip(np.asarray(points, dtype=np.float64), grid[0], grid[-1])
    upper = np.clip(np.searchsorted(grid, inside), min(1, len(grid) - 1), len(grid) - 1)
    lower = np.maximum(upper - 1, 0)
    gap = grid[upper] - grid[lower]
    # a grid of one point has no gap: take its value
    return lower, upper, np.where(gap > 0, (inside - grid[lower]) / np.where(gap > 0, gap, 1.0), 1.0)
