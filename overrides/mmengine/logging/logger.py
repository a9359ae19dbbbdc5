"""Python's logging in the place of mmengine.logging.logger."""

import logging


class MMLogger:
    """Where messages go: the logger called `mmengine`.

    Stands for mmengine.logging.logger.MMLogger; hand-written because the original asks torch.distributed who may log.
    """

    def __init__(
        self,
        name,
        logger_name="mmengine",
        log_file=None,
        log_level="INFO",
        file_mode="w",
        distributed=False,
        file_handler_cfg=None,
    ):
        self.name = name

    @staticmethod
    def get_current_instance():
        """Python's logger of that name."""
        return logging.getLogger("mmengine")


def print_log(msg, logger=None, level=logging.INFO):
    """Log a message.

    Stands for mmengine.logging.logger.print_log; hand-written because the original asks torch.distributed who may log.
    """
    if logger != "silent":
        (logger if isinstance(logger, logging.Logger) else logging.getLogger("mmengine")).log(level, msg)
