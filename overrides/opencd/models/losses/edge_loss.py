"""The loss of opencd.models.losses.edge_loss, which is refused."""

from transpiler.runtime import nn


class EdgeLoss(nn.Module):
    """A loss on edges.

    Stands for opencd.models.losses.edge_loss.EdgeLoss; hand-written because the original works on CUDA devices only. It
    refuses; `loss_type="BCELoss"` is that of RSBuilding's configurations.
    """

    def __init__(self, ignore_index=255, edge_factor=10.0, **kwargs):
        raise NotImplementedError("EdgeLoss is not part of the generated package; use loss_type='BCELoss'")
