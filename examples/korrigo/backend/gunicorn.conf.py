"""Read by gunicorn from its working directory."""

import os

from core import logs

wsgi_app = "config.wsgi:application"
bind = "0.0.0.0:8000"
workers = int(os.environ.get("GUNICORN_WORKERS", "3"))
# Threads, so that three long uploads cannot keep the healthcheck waiting.
threads = int(os.environ.get("GUNICORN_THREADS", "4"))
timeout = 300
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
