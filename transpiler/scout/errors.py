"""What stops the scout."""


class ScoutError(Exception):
    """The request can't be carried out; the message is for the user."""
