"""A database that restarts or a disk that is full is no error of ours and none of the client's: 503 and 507 say so, 500 would not."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core import answers

log = logging.getLogger(__name__)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For views; what fails in another middleware, such as the session's, comes to `answers.server_error`."""

    def handle(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    handle.process_exception = process_exception
    return handle


def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    answer = answers.nobodys_mistake(exception)
    if answer is None:
        return None
    what = "the disk is full" if isinstance(exception, OSError) else "the database does not answer"
    # One line: each request of a minute would have the same traceback.
    log.error("%s: %s", what, str(exception).strip().splitlines()[0] if str(exception).strip() else repr(exception))
    return answer
