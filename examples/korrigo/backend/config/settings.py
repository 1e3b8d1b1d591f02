"""Everything that differs between two servers is an environment variable; see .env.prod.example."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from core import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG")
SECRET_KEY = (
    env.text("SECRET_KEY", "only-for-development")
    if DEBUG
    else env.required("SECRET_KEY", "Put one into secrets/secret_key.txt (see infra/README.md), or set DEBUG=True on your own machine.")
)
# The container's healthcheck and a probe from the server itself ask for localhost.
ALLOWED_HOSTS = [*env.listing("ALLOWED_HOSTS"), "localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "accounts",
    "exams",
]
MIDDLEWARE = [
    "core.request_id.middleware",
    "core.metrics.middleware",
    "core.availability.middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.guard.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# The first one refuses whoever has failed too often, before a password is looked at.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backend.OneAtATime"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# The page of the front end.
LOGIN_URL = "/login/"
# Five failures with one user name from one address (of IPv6: one /64), then fifteen minutes of nothing. Not the user name
# alone: anybody could lock a teacher out. Not the address alone: a school has one.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "core.address.client"
AXES_LOCKOUT_CALLABLE = "accounts.session.locked_out"
# Who signed in is in the audit lines.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# Of one user name, wherever from.
LOGINS_PER_HOUR = 100
# Of one user, with all their tokens. nginx has limits for each address.
API_REQUESTS_PER_MINUTE = int(env.text("API_REQUESTS_PER_MINUTE", "1200"))
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tables belong to a role of their own, which `migrate` logs in as. Everything else is done by one that cannot change them.
DB_OWNER = env.text("DB_OWNER", "") if sys.argv[1:2] == ["migrate"] else ""
DB_PASSWORD_FROM = "DB_OWNER_PASSWORD" if DB_OWNER else "DB_PASSWORD"
DB_ENGINE = env.text("DB_ENGINE", "django.db.backends.postgresql")
DATABASES = {
    "default": {
        "ENGINE": "core.database" if DB_ENGINE == "django.db.backends.postgresql" else DB_ENGINE,
        "NAME": env.text("DB_NAME", "korrigo_db"),
        "USER": DB_OWNER or env.text("DB_USER", "korrigo_user"),
        "PASSWORD": env.secret(DB_PASSWORD_FROM),
        "PASSWORD_FROM": DB_PASSWORD_FROM,
        "HOST": env.text("DB_HOST", "db"),
        "PORT": env.text("DB_PORT", "5432"),
        "CONN_MAX_AGE": 600,
        # A connection kept for ten minutes may have died with the old database container: ask before using it.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10} if DB_ENGINE.endswith("postgresql") else {},
    },
}

# Three databases of one Redis: emptying the cache must not empty the queue. Two users, each of whom sees its own keys only.
REDIS_URL = env.url("REDIS_URL", "redis://redis:6379/1", "REDIS_CACHE_PASSWORD")
CELERY_BROKER_URL = env.url("CELERY_BROKER_URL", "redis://redis:6379/0", "REDIS_BROKER_PASSWORD")
CELERY_RESULT_BACKEND = env.url("CELERY_RESULT_BACKEND", "redis://redis:6379/2", "REDIS_BROKER_PASSWORD")
# Celery reads these variables too, and prefers them to its settings.
os.environ |= {"CELERY_BROKER_URL": CELERY_BROKER_URL, "CELERY_RESULT_BACKEND": CELERY_RESULT_BACKEND}

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        # The keys that Redis lets the cache's user touch.
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SOCKET_CONNECT_TIMEOUT": 5,
            "SOCKET_TIMEOUT": 5,
            "COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor",
            # Without Redis everything is a miss, and slower: no page is worth an error for its cache.
            "IGNORE_EXCEPTIONS": True,
        },
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# Redis may be away for as long as it likes: the worker waits for it, the healthcheck tells.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A task whose worker was killed comes back after this long: longer than any task may take.
    "visibility_timeout": int(env.text("CELERY_VISIBILITY_TIMEOUT", "300")),
    # Looked for every 10 s; the default is every tenth time only.
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 5,
}
# An upload answers within seconds, also when the queue is down.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}
# The first raises inside the task, which can still say so; the second kills it.
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TASK_TIME_LIMIT = 120
# A task is taken off the queue when it is done, not when it begins, so a deploy in between loses none.
CELERY_TASK_ACKS_LATE = True
# A process that is killed in the middle (out of memory, say) is tried again three times (`max_retries`), not for ever.
CELERY_TASK_RETRY_ON_WORKER_LOST = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_IGNORE_RESULT = True

STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", "/app/static/")
MEDIA_URL = "/media/"
MEDIA_ROOT = env.text("MEDIA_ROOT", "/app/media/")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # A name with a hash in it can be cached for a year, and the next release has another name.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
MAX_UPLOAD_BYTES = 100 * 1024 * 1024
# Of the image with OCR=1; nothing calls it yet.
TESSERACT_PATH = env.text("TESSERACT_PATH", "/usr/bin/tesseract")
# On the file system of the media an upload moves to its place instead of being copied there.
FILE_UPLOAD_TEMP_DIR = env.text("UPLOAD_TEMP_DIR", "") or None
# Who may see examination papers: `teachers` (of the exam, as with the API), or `public` (also kept by browsers and proxies,
# for 30 days).
MEDIA_ACCESS = env.one_of("MEDIA_ACCESS", "teachers", "public")

LANGUAGE_CODE = "en"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True

# nginx overwrites this header, so a client cannot forge it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A browser drops secure cookies on plain http, and with them the login: on as soon as there is TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES")
SESSION_COOKIE_AGE = 12 * 3600
# The pages get the token from /api/session/, not from the cookie.
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.answers.csrf_failure"

LOGGING = logs.config(env.text("LOG_LEVEL", "INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"

RELEASE_COMMIT = env.text("RELEASE_COMMIT", "dev")

# Empty: nobody may read the metrics, and the worker does not serve any.
METRICS_TOKEN = env.secret("METRICS_TOKEN")
CELERY_METRICS_PORT = int(env.text("CELERY_METRICS_PORT", "9808"))
