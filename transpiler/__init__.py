"""timm2tf: turns PyTorch image-model source (timm's first of all) into TensorFlow/Keras source."""

__version__ = "0.1.0"
