"""The forms of the report: terminal, JSON, and HTML that neither loads nor runs anything."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from lithify.analysing.model import (
    Analysis,
    Change,
    FileAnalysis,
    FindingView,
    FolderSize,
    ImageAnalysis,
    InstructionSize,
    PackageView,
    StageView,
    StepView,
    WasteView,
)
from lithify.cli.analysis_graph import depths_of, render_graph
from lithify.cli.analysis_html import render_html
from lithify.cli.analysis_text import render_text
from lithify.cli.analysis_words import cost, duration, ranges, sentence
from lithify.cli.main import main
from lithify.cli.markup import element

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.analyse.conftest import Project

EVIL = "</style></title><script>alert(1)</script>\" onload='alert(2)' &amp; \x1b[31m\udcff\u202e"


def evil_analysis() -> Analysis:
    """Every text is hostile."""
    steps = tuple(
        StepView(n, f"[{EVIL} {n}/9] RUN {EVIL}", n // 5, n, (n - 1,) if n > 1 else (), 1.5, EVIL)
        for n in range(1, 10)
    )
    stages = (
        StageView(EVIL, EVIL, (1, 2, 3, 4), ()),
        StageView(EVIL, "linux/amd64", (5, 6, 7, 8, 9), (0,)),
    )
    change = Change("files", EVIL, EVIL, (5, 6, 7, 8, 9), 50.0, 40.0, 0)
    nothing = Change("argument", EVIL, EVIL, (), note=EVIL)
    file = FileAnalysis(
        EVIL, EVIL, EVIL, stages, steps, (EVIL,), (change, nothing), (change,), None, (EVIL,)
    )
    image = ImageAnalysis(
        *(EVIL, EVIL, EVIL, 100, 120, 90, 20),
        (InstructionSize(EVIL, EVIL, 100, 20, 3), InstructionSize(EVIL, "", 0, 0, 0)),
        (FolderSize(EVIL, 60),),
        (PackageView(EVIL, EVIL, EVIL, None),),
        (WasteView(EVIL, 20, 2, "deleted", EVIL, EVIL),),
        (EVIL,),
    )
    finding = FindingView(1, 1, EVIL, "error", EVIL, EVIL)
    return Analysis(EVIL, file, image, (finding,), (EVIL,))


class Page(HTMLParser):
    """A page taken apart; elements that are not closed in their order fail the test."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.style = ""
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "ul", "li"),
    *("figure", "figcaption", "div", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("label", "code", "input", "meter", "svg", "g", "rect", "path", "text"),
}


def test_nothing_hostile_becomes_markup() -> None:
    text = render_html(evil_analysis(), 0.0)
    page = Page(text)
    assert {tag for tag, _ in page.elements} == KNOWN
    attributes = {name for _, found in page.elements for name in found}
    assert not [name for name in attributes if name.startswith("on")]
    assert attributes.isdisjoint({"src", "href", "style", "action", "xlink:href", "srcset"})
    assert "<script" not in text
    assert "alert(1)" in "".join(page.words)


def test_a_page_holds_no_character_that_commands_or_hides() -> None:
    text = render_html(evil_analysis(), 0.0)
    text.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)


def test_a_page_refers_to_nothing_elsewhere() -> None:
    text = render_html(evil_analysis(), 0.0)
    assert not re.search(r"url\(|@import|https?:|//", text)


def test_the_policy_allows_its_own_style_sheet_and_nothing_else() -> None:
    page = Page(render_html(evil_analysis(), 0.0))
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_a_page_can_be_read_without_seeing_it() -> None:
    page = Page(render_html(evil_analysis(), 0.0))
    assert page.all("html")[0]["lang"] == "en"
    assert all(one.get("scope") == "col" for one in page.all("th"))
    assert page.all("svg")[0]["role"] == "img"
    labelled = {one["for"] for one in page.all("label")}
    assert {one["id"] for one in page.all("input")} == labelled
    assert len(page.all("caption")) == len(page.all("table")) == 7
    assert "prefers-color-scheme:dark" in page.style


def test_picking_a_change_lights_up_its_steps() -> None:
    page = Page(render_html(evil_analysis(), 0.0))
    rules = re.findall(r"main:has\(#(c\d+):checked\) :is\(([^)]*)\) rect", page.style)
    assert rules == [("c0", ".s5,.s6,.s7,.s8,.s9"), ("c1", ".s5,.s6,.s7,.s8,.s9")]
    drawn = [one["class"] for one in page.all("g") if (one["class"] or "").startswith("s ")]
    assert drawn == [f"s s{number}" for number in range(1, 10)]
    assert next(one["class"] for one in page.all("tr") if "class" in one) == "s1"


def test_an_attribute_that_could_load_or_run_cannot_be_written() -> None:
    for name in ("onclick", "src", "href", "style"):
        with pytest.raises(AssertionError):
            element("p", **{name: "x"})


def test_a_terminal_is_not_commanded() -> None:
    text = render_text(evil_analysis(), 0.0)
    text.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert "steps 5–9 rerun, about 40s (50s of work side by side)" in text


# -- the graph ------------------------------------------------------------------------------------


def test_stages_stand_right_of_all_that_they_need() -> None:
    assert depths_of([(), (0,), (0, 1), (), (2, 3)]) == [0, 1, 2, 0, 3]


def _boxes(graph: str) -> list[tuple[int, int, int, int]]:
    found = re.findall(r'class="box" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', graph)
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in found]


def test_boxes_do_not_overlap_and_are_inside_the_picture() -> None:
    needs: list[tuple[int, ...]] = [(), (), (0,), (0, 1), (1,), (2, 3, 4, 0), (5, 1)]
    stages = tuple(StageView(f"s{n}", "p", (n + 1,), one) for n, one in enumerate(needs))
    steps = tuple(StepView(n + 1, "RUN x", n, 1, ()) for n in range(len(needs)))
    graph = render_graph(FileAnalysis("f", "c", "", stages, steps, (), (), (), None, ()))
    boxes = _boxes(graph)
    assert len(boxes) == len(needs)
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', graph).groups())  # type: ignore[union-attr]
    for at, (x, y, w, h) in enumerate(boxes):
        assert x + w <= width and y + h <= height
        for other_x, other_y, _, other_h in boxes[at + 1 :]:
            assert other_x != x or y + h <= other_y or other_y + other_h <= y
    assert graph.count('class="edge"') == sum(map(len, needs))


def test_a_stage_of_very_many_steps_is_cut() -> None:
    steps = tuple(StepView(n, "RUN x", 0, 1, ()) for n in range(1, 101))
    stage = StageView("s", "p", tuple(range(1, 101)), ())
    graph = render_graph(FileAnalysis("f", "c", "", (stage,), steps, (), (), (), None, ()))
    assert "… and 60 more" in graph


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "text"), [((), ""), ((1,), "1"), ((1, 2, 3, 5, 7, 8), "1–3, 5, 7–8")]
)
def test_runs_of_numbers_are_drawn_together(numbers: tuple[int, ...], text: str) -> None:
    assert ranges(numbers) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (125, "2m 05s"), (4200, "1h 10m")],
)
def test_durations_are_as_exact_as_they_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_sentence_says_what_reruns_and_how_long_it_took() -> None:
    change = Change("question", "src/*.py", "", (5, 6, 7, 8, 9), 40.0, 40.0)
    text = "if you change src/*.py, steps 5–9 rerun, about 40s by the last builds"
    assert sentence(change) == text
    assert cost(change._replace(untimed=2)) == "about 40s, without 2 not timed"
    assert cost(change._replace(untimed=5)) == "time not known"
    assert sentence(change._replace(steps=(), note="nothing reruns, for x")) == (
        "if you change src/*.py: nothing reruns, for x"
    )


# -- the command ----------------------------------------------------------------------------------


def test_the_command_tells_all_of_a_file_that_was_built(
    project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    project.build()
    html = tmp_path / "report.html"
    words = ("--if-changed", "src/a.py", "--html", str(html))
    assert project.run(str(project.root), *words) == 0
    out = capsys.readouterr().out
    for expected in (
        "if you change src/a.py, steps 3–4 rerun, about ",
        "what reruns, at most, if it changes",
        "size by instruction",
        "size by directory",
        f"the same with the graph: {html}",
    ):
        assert expected in out
    page = Page(html.read_text("utf-8"))
    assert "src/*.py" in page.words


def test_an_image_is_told_of_by_its_name(project: Project, as_json: Callable[..., Any]) -> None:
    project.dockerfile("FROM scratch\nCOPY lib /a\nCOPY requirements.txt /a/one.c\n")
    project.build()
    found = as_json("app:1")
    assert found["file"] is None
    lib = project.root / "lib" / "one.c"
    assert [(one["path"], one["size_bytes"], one["how"]) for one in found["image"]["waste"]] == [
        ("a/one.c", lib.stat().st_size, "overwritten")
    ]
    assert found["image"]["wasted_bytes"] == lib.stat().st_size
    assert [one["instruction"].split(" #")[0] for one in found["image"]["instructions"]] == [
        "COPY lib /a",
        "COPY requirements.txt /a/one.c",
    ]
    assert found["image"]["folders"][0]["path"] == "a"


def test_packages_are_told_of(project: Project, as_json: Callable[..., Any]) -> None:
    project.write("node_modules/left/package.json", '{"name": "left", "version": "1.3.0"}')
    project.dockerfile("FROM scratch\nCOPY node_modules /app/node_modules\n")
    project.build()
    (package,) = as_json("app:1")["image"]["packages"]
    assert package == {"kind": "npm", "name": "left", "version": "1.3.0", "size_bytes": 36}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing-of-this-name",), "no file or directory of that name either"),
        (("app:1", "--target", "x"), "--target means nothing for an image"),
        (("app:1", "--if-changed", "x"), "--if-changed means nothing for an image"),
        (("app:1", "--network", "none"), "--network means nothing for an image"),
        (("-",), "standard input cannot be analysed"),
        (("project/Dockerfile", "-f", "x"), "both name a Dockerfile"),
        (("project", "--json", "--html=-"), "both go to standard output"),
        (("project", "--html", "no/such/folder/x"), "cannot write no/such/folder/x"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    project: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert project.run(*words) in (1, 2)
    assert message in capsys.readouterr().err


def test_a_page_can_go_to_standard_output(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("project", "--html=-") == 0
    assert Page(capsys.readouterr().out).all("svg")


@pytest.mark.root
def test_durations_of_runs_are_told(
    project: Project, as_json: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(project.store), "bootstrap", "busybox"]) == 0
    project.dockerfile(
        "FROM busybox AS one\nRUN --mount=source=src,target=/s cat /s/a.py > /a\n"
        "FROM busybox\nRUN --mount=from=one,target=/o cp /o/a /a\n"
    )
    project.build()
    capsys.readouterr()
    found = as_json("project", "--if-changed", "src/a.py", "--if-changed", "lib/one.c")["file"]
    asked, beside = found["answers"]
    assert len(asked["steps"]) == 2
    assert asked["work_s"] >= asked["wait_s"] > 0
    assert asked["untimed"] == 0
    assert beside["steps"] == []


# -- a real browser -------------------------------------------------------------------------------

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


def _browse(page: Path, text: str) -> tuple[str, str]:
    """What a browser made of a page, and what it complained about."""
    page.write_text(text, "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    done = subprocess.run(
        [BROWSER, *flags, f"--user-data-dir={page.parent}/profile", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "HOME": str(page.parent)},
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.network
def test_a_browser_shows_the_page_and_obeys_its_policy(tmp_path: Path) -> None:
    """Needs a browser, which is no dependency of lithify: asked for like what needs the network."""
    if not BROWSER:
        pytest.skip("no chromium is installed")
    text = render_html(evil_analysis(), 0.0)
    shown, complaints = _browse(tmp_path / "report.html", text)
    assert "<svg" in shown
    assert "Content Security Policy" not in complaints
    script = "<script>document.body.id='ran'</script></main>"
    shown, complaints = _browse(tmp_path / "worse.html", text.replace("</main>", script))
    assert "Content Security Policy" in complaints
    assert '<body id="ran"' not in shown
