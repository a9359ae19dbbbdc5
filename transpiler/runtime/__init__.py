"""Keras layers and functions with torch's semantics, for images stored channels-last."""
