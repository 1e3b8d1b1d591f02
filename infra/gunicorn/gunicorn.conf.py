"""Read by gunicorn from its working directory. Of the application it takes the logs and, for each worker, the metrics."""

import ctypes
import errno
import itertools
import math
import os
import socket
from pathlib import Path

from gunicorn.workers.gthread import TConn, ThreadWorker

from core import logs


def cpus() -> int:
    """The CPUs that this container may use: at least 1, rounded up.

    Python knows of the machine's, and of those it may run on, but not of a quota (`cpus:` in a compose file).
    """
    available = os.process_cpu_count() or 1
    for files in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):  # cgroup 2, cgroup 1
        try:
            quota, period = " ".join((Path("/sys/fs/cgroup") / file).read_text() for file in files).split()
            if int(quota) > 0:
                available = min(available, math.ceil(int(quota) / int(period)))
        except (OSError, ValueError):  # no such cgroup, or "max"
            continue
    return available


# Calls that do not let another thread run: of Python's own, each does.
libc = ctypes.PyDLL(None, use_errno=True)
AGAIN = (errno.EINTR, errno.ECONNABORTED)


class Worker(ThreadWorker):
    """Leaves without hanging up on anybody: lets in who is at the door, shuts it, and then serves all of them.

    gunicorn's own worker stops letting in and shuts the door last, when all are served. Whoever came meanwhile, up to
    `graceful_timeout`, waits for nothing and is hung up on. nginx may ask another backend then, but not for a POST: it was
    sent, and may have been done. With the door shut, nginx is refused at once and asks the other one, for a POST too.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self.shut(listener)

    def shut(self, listener: socket.socket) -> None:
        address = listener.getsockname()
        waiting = []
        while (number := libc.accept(listener.fileno(), None, None)) >= 0 or ctypes.get_errno() in AGAIN:
            if number >= 0:
                waiting.append(number)
        # Nothing in between: whoever comes now is refused, and who came a microsecond ago is hung up on.
        libc.close(listener.detach())
        for number in waiting:
            client = socket.socket(fileno=number)
            self.nr_conns += 1
            self.enqueue_req(TConn(self.cfg, client, client.getpeername(), address))


wsgi_app = "config.wsgi:application"
worker_class = Worker
bind = "0.0.0.0:8000"
workers = int(os.environ.get("GUNICORN_WORKERS") or cpus() * 2 + 1)
# Threads, so that three long uploads cannot keep the healthcheck waiting.
threads = int(os.environ.get("GUNICORN_THREADS", "4"))
timeout = 300
# What leaks goes with the worker that leaked; not all of them at once.
max_requests = int(os.environ.get("GUNICORN_MAX_REQUESTS", "10000"))
max_requests_jitter = max_requests // 5
# Shorter than the service's stop_grace_period: requests under way end before Docker kills.
graceful_timeout = 30
# Longer than nginx keeps an idle connection to us, should it be told to keep any.
keepalive = 5
# Django is imported once and shared by the workers: a third of the memory, and ready a second earlier.
preload_app = True
# The workers' sign of life is a file; on a slow disk a write can block long enough to be taken for a hang.
worker_tmp_dir = "/dev/shm"
# A container is told what to do by signals; the socket would want a home directory to write to.
control_socket_disable = True
logconfig_dict = logs.config(os.environ.get("LOG_LEVEL", "INFO"))

if uploads := os.environ.get("UPLOAD_TEMP_DIR"):
    Path(uploads).mkdir(exist_ok=True)


def pre_fork(server, worker) -> None:
    """A place for each worker, the lowest that is free: its metrics go on where those of the one before it ended."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in itertools.count() if place not in taken)


def post_fork(server, worker) -> None:
    from core import metrics

    metrics.use_slot(f"web-{worker.place}")
