"""The JSON API. Django's model forms validate what comes in, plain functions say what goes out."""

import json

from django.db.models import Count
from django.forms import ModelForm, modelform_factory
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from core.origin import same_origin
from exams.models import Copy, Exam, Grade
from exams.tasks import enqueue

ExamForm = modelform_factory(Exam, fields=["title", "date"])
CopyForm = modelform_factory(Copy, fields=["student", "file"])
GradeForm = modelform_factory(Grade, fields=["exercise", "points", "comment"])


@same_origin
@require_http_methods(["GET", "POST"])
def exams(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        form = ExamForm(json_body(request))
        return created(exam_json(form.save())) if form.is_valid() else refused(form)
    # A query that counts does not keep the order of the model.
    counted = Exam.objects.annotate(copy_count=Count("copies")).order_by(*Exam._meta.ordering)
    return JsonResponse({"exams": [exam_json(exam) for exam in counted]})


@same_origin
@require_http_methods(["GET", "POST"])
def exam_copies(request: HttpRequest, exam_id: int) -> JsonResponse:
    """POST takes multipart/form-data: student, and file (a PDF)."""
    exam = get_object_or_404(Exam, pk=exam_id)
    if request.method == "POST":
        form = CopyForm(request.POST, request.FILES, instance=Copy(exam=exam))
        if not form.is_valid():
            return refused(form)
        copy = form.save()
        is_queued = enqueue(copy)
        copy.refresh_from_db()
        return created(copy_json(copy)) if is_queued else JsonResponse(copy_json(copy), status=503)
    return JsonResponse({"copies": [copy_json(copy) for copy in exam.copies.all()]})


@require_safe
def copies(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"copies": [copy_json(copy) for copy in Copy.objects.all()]})


@require_safe
def copy_detail(request: HttpRequest, copy_id: int) -> JsonResponse:
    return JsonResponse(copy_json(get_object_or_404(Copy, pk=copy_id)))


@same_origin
@require_http_methods(["GET", "POST"])
def grades(request: HttpRequest, copy_id: int) -> JsonResponse:
    copy = get_object_or_404(Copy, pk=copy_id)
    if request.method == "POST":
        form = GradeForm(json_body(request))
        if not form.is_valid():
            return refused(form)
        marks = form.cleaned_data
        # The same exercise graded again is a correction, not a second grade.
        grade, _ = copy.grades.update_or_create(exercise=marks.pop("exercise"), defaults=marks)
        return created(grade_json(grade))
    return JsonResponse({"grades": [grade_json(grade) for grade in copy.grades.all()]})


def json_body(request: HttpRequest) -> dict[str, str]:
    """As a form has it: text. What is not a JSON object is an empty form, whose errors name the fields that are missing."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return {name: str(value) for name, value in body.items() if value is not None} if isinstance(body, dict) else {}


def created(body: dict) -> JsonResponse:
    return JsonResponse(body, status=201)


def refused(form: ModelForm) -> JsonResponse:
    return JsonResponse({"errors": form.errors}, status=400)


def exam_json(exam: Exam) -> dict:
    return {"id": exam.pk, "title": exam.title, "date": exam.date, "copies": getattr(exam, "copy_count", 0)}


def copy_json(copy: Copy) -> dict:
    return {
        "id": copy.pk,
        "exam": copy.exam_id,
        "student": copy.student,
        "file": copy.file.url,
        "status": copy.status,
        "pages": copy.pages,
        "size": copy.size,
        "checksum": copy.checksum,
        "error": copy.error,
        "uploaded_at": copy.uploaded_at,
    }


def grade_json(grade: Grade) -> dict:
    return {"id": grade.pk, "exercise": grade.exercise, "points": grade.points, "comment": grade.comment}
