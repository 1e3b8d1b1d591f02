"""One JSON object per line on stdout, the same for Django, gunicorn and Celery."""

import json
import logging
from datetime import UTC, datetime

from core import request_id


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            **(access(record.args) if record.name == "gunicorn.access" else {"message": record.getMessage()}),
        }
        # What a caller passes as `extra={"fields": …}`.
        entry.update(getattr(record, "fields", {}))
        # gunicorn's line already has it, from the response: by then Django is done with the request.
        if (current := request_id.current.get()) and "request_id" not in entry:
            entry["request_id"] = current
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def access(atoms) -> dict:
    """gunicorn passes its access line as a dictionary of atoms; fields are more useful than a sentence."""
    entry = {
        "method": atoms["m"],
        "path": atoms["U"],
        "status": int(atoms["s"]),
        "bytes": atoms["B"],
        "ms": int(atoms["M"]),
        "client": atoms["{x-real-ip}i"] if "{x-real-ip}i" in atoms else atoms["h"],
    }
    if "{x-request-id}o" in atoms:
        entry["request_id"] = atoms["{x-request-id}o"]
    return entry


def worth_a_line(record: logging.LogRecord) -> bool:
    """Docker and Prometheus ask every few seconds: only responses other than 200 are logged."""
    return not (record.args["U"] in {"/api/health/live/", "/metrics"} and record.args["s"] == "200")


def config(level: str) -> dict:
    """A dictConfig. Docker rotates what is written to stdout, so there is no log file to fill the disk."""
    # Django and gunicorn have their own handlers: without these entries every event would be written twice.
    ours = {"level": level, "handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "filters": {"worth-a-line": {"()": lambda: worth_a_line}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "django": ours,
            "django.server": ours,
            "gunicorn.error": ours,
            # Always on: even at WARNING we want to know who read what.
            "audit": {**ours, "level": level if level == "CRITICAL" else "INFO"},
            "gunicorn.access": {**ours, "filters": ["worth-a-line"]},
        },
    }
