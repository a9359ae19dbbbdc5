"""Parity verification of a generated package against the upstream models it was made from.

Run as `python -m transpiler.verify ARCH …`. Nothing is imported here: torch must be imported before
tensorflow, and `cli` sees to it.
"""
