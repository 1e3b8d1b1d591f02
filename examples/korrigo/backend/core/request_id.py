"""One ID follows a request through the logs of nginx, gunicorn, Django and Celery.

nginx (or whatever is in front of us) sets it in X-Request-ID, the response returns it, and a task inherits it from the
request that queued it.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponse

current: ContextVar[str | None] = ContextVar("request_id", default=None)

# It comes from outside and goes into our logs: accept nothing that could be mistaken for more than an ID.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def handle(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        token = current.set(given if ACCEPTABLE.fullmatch(given) else uuid4().hex)
        try:
            response = get_response(request)
            response["X-Request-ID"] = current.get()
            return response
        finally:
            current.reset(token)

    return handle


def follow_tasks() -> None:
    before_task_publish.connect(send)
    task_prerun.connect(take)
    task_postrun.connect(drop)


def send(headers: dict, **_: object) -> None:
    headers["request_id"] = current.get()


def take(task, **_: object) -> None:
    # In tests a task may run inside the request that queued it.
    if not task.request.is_eager:
        current.set(task.request.get("request_id") or task.request.id)


def drop(task, **_: object) -> None:
    if not task.request.is_eager:
        current.set(None)
