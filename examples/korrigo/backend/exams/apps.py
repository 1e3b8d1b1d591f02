from django.apps import AppConfig


class ExamsConfig(AppConfig):
    name = "exams"

    def ready(self) -> None:
        from exams import sweep  # noqa: F401 - starts with the worker
