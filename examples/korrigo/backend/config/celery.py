"""The Celery application, its logs, and the file that the container's healthcheck reads."""

import logging.config
import os
from pathlib import Path

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging

from core import metrics, request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("korrigo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
request_id.follow_tasks()
metrics.count_tasks()

ALIVE = Path(os.environ.get("CELERY_ALIVE_FILE", "/tmp/celery-alive"))


@setup_logging.connect
def use_the_logs_of_django(**_: object) -> None:
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@heartbeat_sent.connect
def touch_alive(**_: object) -> None:
    """Every 2 s from the worker's event loop, and only while it is connected to the broker.

    `find` reads the file in a millisecond; `celery inspect ping` starts a second Python for two seconds.
    """
    ALIVE.touch()
