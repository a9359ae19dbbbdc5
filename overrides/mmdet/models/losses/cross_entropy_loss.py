"""The sigmoid form of CrossEntropyLoss of mmdet.models.losses.cross_entropy_loss."""

import tensorflow as tf

from transpiler.runtime import nn


class CrossEntropyLoss(nn.Module):
    """Binary cross entropy of logits, averaged over all elements, those to be ignored included, as upstream does.

    Stands for mmdet.models.losses.cross_entropy_loss.CrossEntropyLoss; hand-written because the original's softmax and
    mask forms index in place; they are refused.
    """

    def __init__(
        self,
        use_sigmoid=False,
        use_mask=False,
        reduction="mean",
        class_weight=None,
        ignore_index=None,
        loss_weight=1.0,
        avg_non_ignore=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not use_sigmoid or use_mask or reduction != "mean" or class_weight is not None or avg_non_ignore:
            raise NotImplementedError(
                "of CrossEntropyLoss only use_sigmoid=True with the mean of all elements is there"
            )
        self.ignore_index = -100 if ignore_index is None else ignore_index
        self.loss_weight = loss_weight

    def call(self, cls_score, label):
        label = tf.cast(label, cls_score.dtype)
        counted = tf.cast((label >= 0) & (label != self.ignore_index), cls_score.dtype)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=cls_score)
        return self.loss_weight * tf.reduce_mean(losses * counted)
