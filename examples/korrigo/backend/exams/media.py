"""Who can see a file, and how it is sent: the application decides, nginx does the work."""

from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.guard import unauthorized, use_token
from core.audit import audit
from exams.models import Copy, CopySet


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponseBase:
    """Only files that a copy refers to. With MEDIA_ACCESS=public nginx caches what is sent here, see infra/nginx/routes.conf."""
    if settings.MEDIA_ACCESS == "public":
        return sent_by_us(get_object_or_404(Copy, file=name), "public, max-age=2592000, immutable")
    if "Authorization" in request.headers and not use_token(request):
        return unauthorized("This token is invalid or has expired.")
    if not request.user.is_authenticated:
        return to_login(request)
    copy = get_object_or_404(readable(request.user), file=name)
    audit(request, "paper.read", copy=copy.pk)
    if settings.DEBUG:  # without nginx
        return sent_by_us(copy, "private, no-cache")
    response = HttpResponse(content_type="application/pdf")
    response["X-Accel-Redirect"] = f"/protected-media/{quote(name)}"
    response["Cache-Control"] = "private, no-cache"
    return response


def readable(user: AbstractBaseUser) -> CopySet:
    """The copies of their exams; all copies for users who can see copies in the admin."""
    sees_all = user.is_staff and user.has_perm("exams.view_copy")
    return Copy.objects.all() if sees_all else Copy.objects.of(user)


def to_login(request: HttpRequest) -> HttpResponse:
    """Browsers go to the login page and return here; programs get a 401."""
    if "text/html" not in request.headers.get("Accept", ""):
        return unauthorized("Please sign in.")
    response = redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
    response["Cache-Control"] = "private, no-cache"
    return response


def sent_by_us(copy: Copy, cache_control: str) -> FileResponse:
    try:
        file = default_storage.open(copy.file.name)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, content_type="application/pdf", headers={"Cache-Control": cache_control})
