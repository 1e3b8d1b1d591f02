"""A restarting database or a full disk is neither our bug nor the client's: that is a 503 or 507, not a 500."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core import answers

log = logging.getLogger(__name__)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For views; exceptions in another middleware, e.g. the session's, go to `answers.server_error`."""

    def handle(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    handle.process_exception = process_exception
    return handle


def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    answer = answers.nobodys_mistake(exception)
    if answer is None:
        return None
    what = "the disk is full" if isinstance(exception, OSError) else "the database does not answer"
    # One line: every request during a minute would have the same traceback.
    log.error("%s: %s", what, str(exception).strip().splitlines()[0] if str(exception).strip() else repr(exception))
    return answer
