"""Nets of convolutions are channels-last throughout: nothing in their graphs moves axes."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import pytest
import tensorflow as tf


@pytest.mark.parametrize("arch", ["resnet50", "convnext_tiny", "tf_efficientnet_b0", "densenet121"])
def test_no_transpose_in_the_graph(generated_package: ModuleType, arch: str) -> None:
    model = generated_package.create_model(arch, num_classes=11)
    images = tf.TensorSpec((None, 64, 64, 3))
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(images).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    operations = Counter(node.op for node in nodes)
    assert operations["Conv2D"] + operations["DepthwiseConv2dNative"] > 20
    assert not [operation for operation in operations if "Transpose" in operation]
