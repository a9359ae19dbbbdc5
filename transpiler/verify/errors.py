"""The exceptions of the verifier, and others' as one line of a result."""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FOLDERS = re.compile(r'(?<=File ")[^"]*/(?=[^"/]+/[^"/]+")')  # all but the last, which say where on this machine


class VerifyError(Exception):
    """The request cannot be carried out. The message is one line for the user."""


class NotApplicable(Exception):
    """A check has nothing to compare, because timm itself does not offer this. The message says what timm said."""


class ParityFailure(Exception):
    """The two models disagree in a way that no error figure expresses, or the comparison would prove nothing."""


def one_line(error: BaseException, longest: int = 400) -> str:
    """The type and text of an error in `longest` letters, without line ends, colours and this machine's folders."""
    text = _FOLDERS.sub("", _COLOUR.sub("", " ".join(str(error).split())))
    said = f"{type(error).__name__}: {text}"
    return said if len(said) <= longest else said[: longest - 1] + "…"
