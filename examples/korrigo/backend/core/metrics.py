"""Metrics for Prometheus: from the web processes at /metrics, from the worker on a separate port.

Every process counts in its own file in memory, and the one that is scraped adds them up. A process that replaces another
continues in its file (`use_slot`), so there are never more files than slots.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import redis
from billiard.process import current_process
from celery import current_app
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_process_init, worker_ready
from django.conf import settings
from django.http import HttpRequest, HttpResponse

# The library decides at import whether it counts for one process or several.
memory = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
FOLDER = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", f"{memory}/korrigo-metrics"))
FOLDER.mkdir(parents=True, exist_ok=True)

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, values  # noqa: E402
from prometheus_client.metrics_core import GaugeMetricFamily, Metric  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

slot: str | None = None
values.ValueClass = values.MultiProcessValue(lambda: slot or str(os.getpid()))

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
# All of them have labels: then a process that counts nothing, e.g. a migration, leaves no file.
requests_total = Counter("http_requests", "Requests answered.", ["method", "endpoint", "status"])
request_seconds = Histogram("http_request_duration_seconds", "Time until Django had the response.", ["method", "endpoint"], buckets=SECONDS)
tasks_total = Counter("celery_tasks", "Tasks finished.", ["task", "outcome"])
task_seconds = Histogram("celery_task_duration_seconds", "Time from the start of a task to its end.", ["task"], buckets=SECONDS)
task_wait_seconds = Histogram("celery_task_wait_seconds", "Time from queueing a task to its start.", ["task"], buckets=SECONDS)
copies_total = Counter("korrigo_copies", "Scanned copies processed.", ["outcome"])

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OUTCOMES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried", "REJECTED": "retried"}


def use_slot(name: str) -> None:
    """Continues the counters of the process that had this slot before."""
    global slot
    slot = name


# Requests.


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Counts requests, and answers /metrics itself: Prometheus requests a container's address, which is not in ALLOWED_HOSTS."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info == "/metrics":
            return page(request)
        began = time.perf_counter()
        response = get_response(request)
        # The route, not the path, and only known methods: strangers must not create time series.
        match = request.resolver_match
        labels = (request.method if request.method in METHODS else "other", match.route if match else "unmatched")
        requests_total.labels(*labels, response.status_code).inc()
        request_seconds.labels(*labels).observe(time.perf_counter() - began)
        return response

    return handle


def page(request: HttpRequest) -> HttpResponse:
    if not is_allowed(request.META):
        return HttpResponse("Forbidden\n", status=403, content_type="text/plain")
    return HttpResponse(exposition(Queue(), Build()), content_type=CONTENT_TYPE_LATEST)


def is_allowed(environ: Mapping[str, object]) -> bool:
    """X-Metrics-Token, or Authorization: Bearer. Without a METRICS_TOKEN no one is allowed."""
    given = str(environ.get("HTTP_X_METRICS_TOKEN") or environ.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and secrets.compare_digest(given.encode(), expected.encode())


def exposition(*collectors) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(FOLDER))
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


class Queue:
    """Reported by the web processes, because the queue matters most when the worker is down."""

    def collect(self) -> Iterable[Metric]:
        name = current_app.conf.task_default_queue
        try:
            with redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=1, socket_timeout=1) as client:
                waiting, running = client.pipeline().llen(name).hlen("unacked").execute()
        except redis.RedisError:
            return  # better no value than a wrong one; Redis's own exporter reports that it is down
        for metric, text, value in (
            ("celery_queue_length", "Tasks waiting for a worker.", waiting),
            ("celery_tasks_unacknowledged", "Tasks that a worker has taken but not finished.", running),
        ):
            family = GaugeMetricFamily(metric, text, labels=["queue"])
            family.add_metric([name], value)
            yield family


class Build:
    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("korrigo_build_info", "Always 1.", labels=["commit"])
        family.add_metric([settings.RELEASE_COMMIT], 1)
        yield family


# Tasks.


def count_tasks() -> None:
    before_task_publish.connect(stamp)
    task_prerun.connect(begin)
    task_postrun.connect(end)
    worker_process_init.connect(begin_process)
    worker_ready.connect(serve)


def stamp(headers: dict, **_: object) -> None:
    headers["queued_at"] = time.time()


def begin(task, **_: object) -> None:
    task.request.began = time.perf_counter()
    if queued_at := task.request.get("queued_at"):
        task_wait_seconds.labels(task.name).observe(max(0, time.time() - queued_at))


def end(task, state: str | None = None, **_: object) -> None:
    tasks_total.labels(task.name, OUTCOMES.get(state or "", "other")).inc()
    if began := task.request.get("began"):
        task_seconds.labels(task.name).observe(time.perf_counter() - began)


def begin_process(**_: object) -> None:
    # Its slot in the pool: after 100 tasks a new process takes it.
    use_slot(f"task-{current_process().index}")
    # Prometheus sees no increase in a series that starts at 1: the first failure would go unnoticed.
    for task in current_app.tasks:
        if not task.startswith("celery."):
            for outcome in OUTCOMES.values():
                tasks_total.labels(task, outcome)
    for outcome in ("processed", "failed"):
        copies_total.labels(outcome)


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(**_: object) -> None:
    """In the worker's main process, which outlives those that do the work. Not without a token: no one could read it."""
    if settings.METRICS_TOKEN:
        server = make_server("0.0.0.0", settings.CELERY_METRICS_PORT, answer, ThreadingServer, Silent)
        Thread(target=server.serve_forever, daemon=True).start()


def answer(environ: dict, start_response: Callable) -> list[bytes]:
    if not is_allowed(environ):
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"Forbidden\n"]
    start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
    return [exposition(Build())]
