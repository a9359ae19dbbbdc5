"""The exception of the benchmarks."""


class BenchError(Exception):
    """A benchmark cannot be made, or would mean nothing. The message is one line for the user."""
