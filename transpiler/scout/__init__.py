"""Looks at what is there: writes the pages of the documentation that are read off the code."""
