"""Statements and classes: each pass does one job to a module's tree."""
