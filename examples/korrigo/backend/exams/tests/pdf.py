from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfWriter


def pdf(pages: int = 2) -> SimpleUploadedFile:
    content, writer = BytesIO(), PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=595, height=842)
    writer.write(content)
    return SimpleUploadedFile("scan.pdf", content.getvalue(), "application/pdf")
