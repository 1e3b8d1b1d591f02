"""Health checks for the container and for deploys: is the process alive, can it take traffic, which commit is it."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Checks the process only: a database that is down is no reason to restart this container."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 if every check is "ok", otherwise 503; the body lists every check either way."""
    checks = {name: outcome(name, check) for name, check in CHECKS.items()}
    is_ready = all(result == "ok" for result in checks.values())
    return JsonResponse({"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503)


@require_safe
@never_cache
def version(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"commit": settings.RELEASE_COMMIT})


def outcome(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:
        # The database's address and user belong in the log, not in the response.
        log.warning("readiness: %s: %s", name, error)
        return type(error).__name__


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def queue() -> str:
    with redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()
    return "ok"


def migrations() -> str:
    """An older release on a newer schema is "ok": every rollback is like that."""
    executor = MigrationExecutor(connection)
    pending = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    more = f" and {len(pending) - 3} more" if len(pending) > 3 else ""
    return f"pending: {', '.join(pending[:3])}{more}" if pending else "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": database, "redis": queue, "migrations": migrations}
