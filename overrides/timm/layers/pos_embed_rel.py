"""Resizing of relative position bias tables, as timm.layers.pos_embed_rel does it, on NumPy arrays."""

import numpy as np
import tensorflow as tf
from timm.layers.interpolate import RegularGridInterpolator
from timm.layers.pos_embed_rel import _USE_SCIPY


def resize_rel_pos_bias_table(
    rel_pos_bias,
    new_window_size: tuple[int, int],
    new_bias_shape: tuple[int, ...],
    old_window_size: tuple[int, int] | None = None,
):
    """Resize a relative position bias table to another window, keeping the resolution near the centre.

    Stands for timm.layers.pos_embed_rel.resize_rel_pos_bias_table; hand-written because the original goes through in-place
    tensor code, torch views and the meta device. The old offsets are spread over the new range in a geometric
    progression (BEiT's scheme) and the table is interpolated linearly between them.

    Args:
        rel_pos_bias: Variable, tensor or array; flat (positions [+ extra tokens], heads), or (heads, 2H-1, 2W-1).
        new_window_size: (height, width) of the new window.
        new_bias_shape: Shape of the new table, in the same layout.
        old_window_size: Window of a flat table; without it a square window is assumed, or, where the size rules
            that out, the new window.

    Returns:
        Tensor of new_bias_shape in the dtype of the table; the table itself when its size does not change.

    Raises:
        ValueError: If a flat table's window is neither given nor can be told from its size.
        NotImplementedError: If TIMM_USE_SCIPY_INTERP asks for the cubic variant.
    """
    dst_size = (2 * new_window_size[0] - 1, 2 * new_window_size[1] - 1)
    flat = len(rel_pos_bias.shape) == 2
    if flat:
        extra = new_bias_shape[0] - dst_size[0] * dst_size[1]
        src_size = _flat_table_size(rel_pos_bias.shape[0] - extra, dst_size, old_window_size)
    else:
        assert len(rel_pos_bias.shape) == 3 and tuple(new_bias_shape[1:]) == dst_size
        extra = 0
        src_size = tuple(rel_pos_bias.shape[1:])
    if src_size == dst_size:
        return rel_pos_bias
    if _USE_SCIPY:
        raise NotImplementedError(
            "TIMM_USE_SCIPY_INTERP needs scipy.interpolate.interp2d, which SciPy 1.14 removed; "
            "unset it to resize the table linearly"
        )

    table = tf.cast(tf.convert_to_tensor(rel_pos_bias), tf.float32).numpy()
    grid, extra_tokens = (table[: len(table) - extra], table[len(table) - extra :]) if flat else (table, None)
    heads = grid.reshape(*src_size, -1) if flat else grid.transpose(1, 2, 0)
    resized = _resize_grid(heads, dst_size)
    if flat:
        resized = np.concatenate([resized.reshape(dst_size[0] * dst_size[1], -1), extra_tokens])
    else:
        resized = resized.transpose(2, 0, 1)
    return tf.cast(resized, rel_pos_bias.dtype)


def _flat_table_size(
    num_positions: int, dst_size: tuple[int, int], old_window_size: tuple[int, int] | None
) -> tuple[int, int]:
    """(height, width) of the offsets that a flat table holds."""
    if old_window_size is not None:
        return 2 * old_window_size[0] - 1, 2 * old_window_size[1] - 1
    side = int(num_positions**0.5)
    if side * side == num_positions:
        return side, side
    if num_positions == dst_size[0] * dst_size[1]:
        return dst_size
    raise ValueError(
        f"a relative position table of {num_positions} positions (extra tokens not counted) is not square; "
        f"pass old_window_size"
    )


def _resize_grid(table: np.ndarray, dst_size: tuple[int, int]) -> np.ndarray:
    """(H, W, heads) to (*dst_size, heads)."""
    sources = [_geometric_offsets(src, dst) for src, dst in zip(table.shape[:2], dst_size, strict=True)]
    targets = np.meshgrid(*(np.arange(dst) - dst // 2.0 for dst in dst_size), indexing="ij")
    columns = [RegularGridInterpolator(sources, table[..., head])(targets) for head in range(table.shape[-1])]
    return np.stack([np.asarray(column) for column in columns], axis=-1)


def _geometric_offsets(src: int, dst: int) -> list[float]:
    """Where src offsets lie in the range of dst: 0 in the middle, gaps growing by a constant ratio on both sides.

    The ratio is searched in [1.01, 1.5] so that the outermost offset is dst // 2; the last one tried is used, as in timm.
    """
    half = src // 2
    low, high = 1.01, 1.5
    ratio = low
    while high - low > 1e-6:
        ratio = (low + high) / 2.0
        reach = (1.0 - ratio**half) / (1.0 - ratio)
        low, high = (low, ratio) if reach > dst // 2 else (ratio, high)
    # 1 + ratio + ratio² ..., added one by one
    positive = np.cumsum([ratio**i for i in range(half)]).tolist()
    return [-offset for offset in reversed(positive)] + [0.0] + positive
