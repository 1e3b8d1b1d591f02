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
# The container's healthcheck and a probe on the server itself use localhost.
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
# The first one refuses anyone who has failed too often, before a password is checked.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.backend.OneAtATime"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# The frontend's page.
LOGIN_URL = "/login/"
# Five failures with one user name from one address (for IPv6: one /64) lock that pair out for fifteen minutes. Not the user
# name alone: anyone could lock a teacher out. Not the address alone: a school shares one.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "core.address.client"
AXES_LOCKOUT_CALLABLE = "accounts.session.locked_out"
# The audit log says who signed in.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# Per user name, from all addresses together.
LOGINS_PER_HOUR = 100
# Per user, including all their tokens. nginx limits each address.
API_REQUESTS_PER_MINUTE = int(env.text("API_REQUESTS_PER_MINUTE", "1200"))
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tables belong to a separate role, which `migrate` logs in as. Everything else uses a role that cannot change tables.
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
        # A connection kept for ten minutes may have died with the old database container: check it before use.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10} if DB_ENGINE.endswith("postgresql") else {},
    },
}

# Three databases in one Redis: emptying the cache must not empty the queue. Two users, each limited to its own keys.
REDIS_URL = env.url("REDIS_URL", "redis://redis:6379/1", "REDIS_CACHE_PASSWORD")
CELERY_BROKER_URL = env.url("CELERY_BROKER_URL", "redis://redis:6379/0", "REDIS_BROKER_PASSWORD")
CELERY_RESULT_BACKEND = env.url("CELERY_RESULT_BACKEND", "redis://redis:6379/2", "REDIS_BROKER_PASSWORD")
# Celery reads these variables too, and they take precedence over its settings.
os.environ |= {"CELERY_BROKER_URL": CELERY_BROKER_URL, "CELERY_RESULT_BACKEND": CELERY_RESULT_BACKEND}

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        # The only keys that Redis lets the cache's user touch.
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SOCKET_CONNECT_TIMEOUT": 5,
            "SOCKET_TIMEOUT": 5,
            "COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor",
            # Without Redis everything is a cache miss, and slower: a failing cache must not break a page.
            "IGNORE_EXCEPTIONS": True,
        },
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# Redis may be down for any length of time: the worker waits for it, and the healthcheck shows it.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A task whose worker was killed is delivered again after this time, which is longer than any task may take.
    "visibility_timeout": int(env.text("CELERY_VISIBILITY_TIMEOUT", "300")),
    # Checks for such tasks every 10 s; by default only every tenth time.
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 5,
}
# An upload gets its response within seconds, even when the queue is down.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2}
# The first raises inside the task, which can still report it; the second kills the task.
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TASK_TIME_LIMIT = 120
# A task leaves the queue when it is done, not when it starts, so a deploy in between loses none.
CELERY_TASK_ACKS_LATE = True
# If the process is killed (out of memory, for example), the task is retried three times (`max_retries`), not forever.
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
    # A name with a hash can be cached for a year: the next release uses a different name.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
MAX_UPLOAD_BYTES = 100 * 1024 * 1024
# In the image with OCR=1; nothing calls it yet.
TESSERACT_PATH = env.text("TESSERACT_PATH", "/usr/bin/tesseract")
# On the same file system as the media, an upload is moved into place instead of copied.
FILE_UPLOAD_TEMP_DIR = env.text("UPLOAD_TEMP_DIR", "") or None
# Who can see exam papers: `teachers` (of the exam, as with the API), or `public` (browsers and proxies also cache them,
# for 30 days).
MEDIA_ACCESS = env.one_of("MEDIA_ACCESS", "teachers", "public")

LANGUAGE_CODE = "en"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True

# nginx overwrites this header, so a client cannot forge it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Browsers drop secure cookies over plain HTTP, which breaks the login. So set this once there is TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES")
SESSION_COOKIE_AGE = 12 * 3600
# The pages get the token from /api/session/, not from the cookie.
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.answers.csrf_failure"

LOGGING = logs.config(env.text("LOG_LEVEL", "INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"

RELEASE_COMMIT = env.text("RELEASE_COMMIT", "dev")

# Empty: no one can read the metrics, and the worker does not serve any.
METRICS_TOKEN = env.secret("METRICS_TOKEN")
CELERY_METRICS_PORT = int(env.text("CELERY_METRICS_PORT", "9808"))
