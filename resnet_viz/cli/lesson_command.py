"""The command ``lesson``."""

from pathlib import Path
from typing import Annotated

import typer

from resnet_viz.cli.options import Debug, Json, guarded, in_range, one_of, print_result

_ALL = "all"


@guarded
def lesson(
    name: Annotated[str, typer.Argument(help="A lesson, by name or number, or `all`.")] = "",
    form: Annotated[str, typer.Option("--as", help="html, md, gift, csv or ipynb.")] = "html",
    out: Annotated[Path | None, typer.Option(help="A new file; without it, print.")] = None,
    language: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    variant: Annotated[int, typer.Option(help="Variant of the worksheet, from 1.")] = 1,
    address: Annotated[str, typer.Option(help="The app's address, for a QR code.")] = "",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a lesson as a worksheet, a quiz or a notebook; without a name, list the lessons.

    `all` with html writes every lesson as one page that needs no server.
    """
    from resnet_viz.core.errors import OutputError
    from resnet_viz.core.saving import whole_file
    from resnet_viz.core.text import LANGUAGES
    from resnet_viz.lessons.lesson_files import LessonText, find_lesson, lessons
    from resnet_viz.lessons.paper.lesson_documents import Form, lesson_document
    from resnet_viz.lessons.paper.static_page import static_lessons
    from resnet_viz.lessons.paper.worksheet import MOST_VARIANTS

    one_of("language", language, list(LANGUAGES))
    one_of("as", form, list(Form))
    in_range("variant", variant, 1, MOST_VARIANTS)
    if not name:
        rows = [
            {"number": one.number, "name": one.name, "title": LessonText(one, language)("title"),
             "minutes": one.minutes, "after": list(one.needs)}
            for one in lessons().values()
        ]  # fmt: skip
        print_result(rows, json)
        return
    if out is not None and out.exists():
        raise OutputError("file_exists", file=str(out))
    if name == _ALL:
        one_of("as", form, [Form.HTML])
        document = static_lessons(tuple(lessons().values()), language)
    else:
        document = lesson_document(
            find_lesson(name), Form(form), language, variant=variant, address=address
        )
    if out is None:
        typer.echo(document, nl=False)
        return
    try:
        with whole_file(out) as partial:
            partial.write_text(document, encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError("file_not_written", file=str(out)) from error
    print_result({"lesson": name, "file": str(out), "bytes": out.stat().st_size}, json)
