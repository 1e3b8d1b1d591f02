"""For tasks: a database that is down, or not migrated yet, is no reason to lose one."""

import logging
import time
from collections.abc import Callable
from functools import wraps

from celery.exceptions import Reject, SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, ProgrammingError

log = logging.getLogger(__name__)

PAUSE = 5  # seconds; nothing else could be done without a database

# In this order: no answer, connection closed, table does not exist yet, no answer until the task timed out.
AWAY = (OperationalError, InterfaceError, ProgrammingError, SoftTimeLimitExceeded)


def waits_for_database(task: Callable[..., None]) -> Callable[..., None]:
    """Puts the task back into the queue, behind the others, as often as necessary.

    Not `retry`: that queues a copy first, which fails if Redis is down or full too, and then the task is lost.
    """

    @wraps(task)
    def patient(*args, **kwargs) -> None:
        try:
            task(*args, **kwargs)
        except AWAY as error:
            log.warning("back to the queue, because the database is not available: %s", error)
            time.sleep(PAUSE)
            raise Reject(error, requeue=True) from error

    return patient
