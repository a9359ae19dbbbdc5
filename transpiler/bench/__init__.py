"""Benchmarks: `python -m transpiler.bench ARCH ...` and `python -m transpiler.bench transpile`."""
