"""Stands in for the generated package until it is written."""

raise ImportError("there is no generated package yet; write it with `python -m transpiler timm.models.swin_transformer`")
