"""For tasks: a database that is away, or that is not migrated yet, is no reason to lose one."""

import logging
import time
from collections.abc import Callable
from functools import wraps

from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, ProgrammingError

log = logging.getLogger(__name__)

PAUSE = 5  # seconds; nothing else could be done without a database

# In this order: it does not answer, it hung up, it has no such table yet, it was silent until the task's time was up.
AWAY = (OperationalError, InterfaceError, ProgrammingError, SoftTimeLimitExceeded)


def waits_for_database(task: Callable[..., None]) -> Callable[..., None]:
    """Puts the task back into the queue, behind the others, as often as it takes.

    Not `retry`: that queues a copy first, which fails when Redis is away or full too, and then the task is lost.
    """

    @wraps(task)
    def patient(*args, **kwargs) -> None:
        try:
            task(*args, **kwargs)
        except AWAY as error:
            log.warning("back to the queue, for want of a database: %s", error)
            time.sleep(PAUSE)
            raise Reject(error, requeue=True) from error

    return patient
