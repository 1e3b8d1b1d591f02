"""Error responses: JSON for the API. For pages, nginx has its own (infra/nginx)."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import csrf, defaults

from core import request_id

# The database does not answer, or has closed the connection.
AWAY = (OperationalError, InterfaceError)
RETRY_AFTER = 5  # seconds; a database restarts in less
FULL = {errno.ENOSPC, errno.EDQUOT}


def problem(status: int, message: str, retry_after: int | None = None) -> JsonResponse:
    answer = JsonResponse({"errors": {"request": [message]}, "request_id": request_id.current.get()}, status=status)
    answer["Cache-Control"] = "no-store"
    if retry_after is not None:
        answer["Retry-After"] = str(retry_after)
    return answer


def nobodys_mistake(exception: BaseException | None) -> JsonResponse | None:
    """The response if the server is at fault, not the request or this program; otherwise None."""
    if isinstance(exception, AWAY):
        return problem(503, "The database does not answer at the moment. Please try again.", RETRY_AFTER)
    if isinstance(exception, OSError) and exception.errno in FULL:
        return problem(507, "The server's disk is full, and what you sent was not saved. Please tell whoever runs the server.")
    return None


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500. Runs while the exception is being handled, so it can see whether the server is at fault."""
    if answer := nobodys_mistake(sys.exception()):
        return answer
    return problem(500, "Something went wrong. Use the request ID to find it in the logs.") if is_api(request) else defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if not is_api(request):
        return csrf.csrf_failure(request, reason)
    return problem(403, f"{reason} Ask /api/session/ for a token and send it as X-CSRFToken.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(404, "Not found.") if is_api(request) else defaults.page_not_found(request, exception)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
