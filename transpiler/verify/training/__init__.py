"""`python -m transpiler.verify.training`: training steps in torch and in TensorFlow, side by side."""
