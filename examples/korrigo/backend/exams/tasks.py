import hashlib
import logging

from celery import shared_task
from celery.signals import task_failure
from django.utils import timezone
from kombu.exceptions import OperationalError
from pypdf import PdfReader
from redis import RedisError

from core import metrics
from core.patience import waits_for_database
from exams.models import Copy

log = logging.getLogger(__name__)


def enqueue(copy: Copy) -> bool:
    """Processes the copy from the start. Returns False if the queue is down; the sweep queues it later (exams/sweep.py)."""
    copy.status, copy.error, copy.queued_at = Copy.Status.PENDING, "", None
    copy.save(update_fields=["status", "error", "queued_at"])
    return hand_in(copy)


def hand_in(copy: Copy) -> bool:
    try:
        process_copy.delay(copy.pk)
    except (OperationalError, RedisError) as error:  # no answer, or Redis is full
        log.warning("copy %d: not queued yet: %s", copy.pk, error)
        return False
    copy.queued_at = timezone.now()
    copy.save(update_fields=["queued_at"])
    log.info("copy %d: queued", copy.pk)
    return True


@shared_task(default_retry_delay=5)
@waits_for_database
def process_copy(copy_id: int) -> None:
    """Counts the pages and computes the checksum. May run twice for the same copy: the result is the same."""
    copy = Copy.objects.filter(pk=copy_id).first()
    if copy is None:
        return log.info("copy %d is gone", copy_id)
    try:
        with copy.file.open("rb") as file:
            copy.checksum = hashlib.file_digest(file, "sha256").hexdigest()
            copy.size = file.size
            copy.pages = len(PdfReader(file).pages)
        copy.status, copy.error = Copy.Status.PROCESSED, ""
    except Exception as error:
        # We parse untrusted files here: this can fail in any way, or hit the soft time limit.
        copy.status, copy.error = Copy.Status.FAILED, repr(error)[:200]
    copy.processed_at = timezone.now()
    copy.save(update_fields=["checksum", "size", "pages", "status", "error", "processed_at"])
    metrics.copies_total.labels(copy.status).inc()
    log.info("copy %d: %s", copy.pk, copy.error or f"{copy.pages} pages")


@task_failure.connect(sender=process_copy)
def say_so(args: tuple, exception: BaseException, **_: object) -> None:
    """Records what the task itself cannot: that it was killed, too many times or because it timed out."""
    Copy.objects.filter(pk=args[0], status=Copy.Status.PENDING).update(status=Copy.Status.FAILED, error=repr(exception)[:200])
