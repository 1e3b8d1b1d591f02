"""Queues pending copies that are in no queue: uploaded while Redis was down, or lost by Redis (a restore)."""

import logging
import time
from datetime import timedelta
from threading import Thread

from celery.signals import worker_ready
from django.db import connections
from django.db.models import Q
from django.utils import timezone

from core.answers import AWAY
from exams.models import Copy
from exams.tasks import hand_in

log = logging.getLogger(__name__)

EVERY = 10  # seconds
# The queue may be long. If a copy is queued twice, it is processed twice, which does no harm.
LOST_AFTER = timedelta(hours=1)
# The others follow next time.
AT_ONCE = 100


@worker_ready.connect
def start(**_: object) -> None:
    """In the worker's main process: without a worker, no one could process the copies anyway."""
    Thread(target=keep_sweeping, daemon=True).start()


def keep_sweeping() -> None:
    while True:
        time.sleep(EVERY)
        try:
            sweep()
        except AWAY as error:
            log.warning("no sweep: %s", error)
        except Exception:
            log.exception("no sweep")
        finally:
            connections.close_all()


def sweep() -> int:
    """Returns how many it queued."""
    lost = Q(queued_at=None) | Q(queued_at__lt=timezone.now() - LOST_AFTER)
    # An upload in progress queues its own copy.
    waits = Copy.objects.filter(lost, status=Copy.Status.PENDING, uploaded_at__lt=timezone.now() - timedelta(seconds=EVERY))
    count = 0
    for copy in waits.order_by("pk")[:AT_ONCE]:
        if not hand_in(copy):
            break
        count += 1
    return count
