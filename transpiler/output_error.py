"""What goes wrong with the output folder, as one line for the user."""

from __future__ import annotations

import errno

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EBUSY: "it is in use as a mount point; name a folder inside of it",
    errno.EXDEV: "it is on another file system than the folder around it",
    errno.ENAMETOOLONG: "the path is too long",
}


class OutputError(Exception):
    """The output folder can't be used as asked. The message is one line; nothing was changed when it is raised."""

    @classmethod
    def from_os(cls, action: str, error: OSError) -> OutputError:
        """`action` is what was being done, such as "cannot write generated"."""
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        return cls(f"{action}: {reason}")
