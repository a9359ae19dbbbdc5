"""Exports of the generated models, each reloaded and compared with timm: `python -m transpiler.verify.exports`."""
