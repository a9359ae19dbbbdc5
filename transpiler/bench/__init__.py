"""Benchmarks: `python -m transpiler.bench vit` and `python -m transpiler.bench transpile`."""
