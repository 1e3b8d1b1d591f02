"""Read by gunicorn from its working directory. From the application it imports the logs and, per worker, the metrics."""

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

    Python knows the machine's CPUs and the process's affinity, but not a quota (`cpus:` in a compose file).
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


# C calls that do not let another thread run in between. Each of Python's own socket calls does.
libc = ctypes.PyDLL(None, use_errno=True)
AGAIN = (errno.EINTR, errno.ECONNABORTED)


class Worker(ThreadWorker):
    """Stops without dropping a connection: accepts those that are waiting, closes the port, then serves all of them.

    gunicorn's own worker stops accepting, but closes the port last, when all are served. Connections that arrive meanwhile,
    for up to `graceful_timeout`, wait in vain and are dropped. nginx can then ask another backend, but not for a POST: it was
    already sent and may have been processed. With the port closed, nginx is refused at once and asks the other one, even
    for a POST.
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
        # Nothing in between: connections from now on are refused, and one that arrived a microsecond ago is dropped.
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
# Recycles workers in case something leaks memory; not all of them at once.
max_requests = int(os.environ.get("GUNICORN_MAX_REQUESTS", "10000"))
max_requests_jitter = max_requests // 5
# Shorter than the service's stop_grace_period: requests in progress finish before Docker kills the process.
graceful_timeout = 30
# Longer than nginx keeps an idle connection to us, in case it is configured to keep any.
keepalive = 5
# The workers share one import of Django: a third of the memory, and ready a second earlier.
preload_app = True
# Workers show they are alive through a file; on a slow disk, a write can block long enough to look like a hang.
worker_tmp_dir = "/dev/shm"
# In a container we control gunicorn with signals; the control socket would need a writable home directory.
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
