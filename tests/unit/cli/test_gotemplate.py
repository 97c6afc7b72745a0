"""Go templates: what people write for docker gives what docker gives, the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from lithify.cli.formats import render_rows
from lithify.cli.gotemplate_run import render_template
from lithify.errors import UsageError

VALUE: dict[str, Any] = {
    "Repository": "app",
    "Tag": "1",
    "Config": {"Env": ["A=1", "B=<2>"], "Labels": {"b": "2", "a": "1"}, "Cmd": None},
    "Size": 3,
    "Flag": False,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{.Repository}}:{{.Tag}}", "app:1"),
        ("{{ .Config.Env }}", "[A=1 B=<2>]"),
        ("{{.Config.Labels}}", "map[a:1 b:2]"),
        ("{{.Config.Cmd}}", "<no value>"),
        (
            "{{json .Config}}",
            '{"Env":["A=1","B=\\u003c2\\u003e"],"Labels":{"b":"2","a":"1"},"Cmd":null}',
        ),
        ("{{.Config.Env | json}}", '["A=1","B=\\u003c2\\u003e"]'),
        ("{{range .Config.Env}}{{.}};{{end}}", "A=1;B=<2>;"),
        ("{{range $i, $e := .Config.Env}}{{$i}}={{$e}} {{end}}", "0=A=1 1=B=<2> "),
        ("{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}},{{end}}", "a:1,b:2,"),
        ("{{range .Config.Cmd}}x{{else}}none{{end}}", "none"),
        ("{{if .Flag}}yes{{else if .Size}}size{{else}}no{{end}}", "size"),
        (
            "{{if not .Flag}}a{{end}}{{if and .Size .Flag}}b{{end}}{{if or .Flag .Size}}c{{end}}",
            "ac",
        ),
        ("{{with .Config}}{{len .Env}}{{$.Tag}}{{end}}", "21"),
        ('{{join .Config.Env ","}}', "A=1,B=<2>"),
        ('{{index .Config.Env 0}}{{index .Config.Labels "a"}}', "A=11"),
        ("{{upper .Repository}}{{title .Repository}}", "APPApp"),
        ('{{printf "%s-%d-%q%%" .Tag .Size .Tag}}', '1-3-"1"%'),
        ("a {{- /* nothing */ -}}  b", "ab"),
        ("a {{- .Tag -}} b", "a1b"),
        ('{{"}}"}}{{`raw\\n`}}{{"\\t"}}', "}}raw\\n\t"),
        ("{{$x := .Tag}}{{$x}}{{(index .Config.Env 0)}}", "1A=1"),
        ('{{if eq .Tag "1" "2"}}y{{end}}{{if ne .Size 3}}n{{end}}{{if gt .Size 2}}g{{end}}', "yg"),
        ("{{println .Tag}}", "1\n"),
        ('{{truncate .Repository 2}}{{len (split "a,b" ",")}}', "ap2"),
    ],
)
def test_a_template_gives_what_docker_gives(template: str, text: str) -> None:
    assert render_template(template, VALUE) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{.Repositry}}", "no field .Repositry (did you mean .Repository?)"),
        ("{{.Tag.Deeper}}", "cannot take .Deeper"),
        ("{{.Config.Cmd.First}}", "nothing is there"),
        ("{{.Tag", "unclosed action"),
        ("{{if .Tag}}x", "{{if}} has no {{end}}"),
        ("{{end}}", "unexpected {{end}}"),
        ('{{define "x"}}', "{{define}} is not supported"),
        ("{{frobnicate .Tag}}", "function 'frobnicate' is not supported"),
        ("{{json}}", "wrong number of arguments for json"),
        ("{{$y}}", "undefined variable $y"),
        ("{{range .Tag}}{{end}}", "cannot range over"),
        ("{{index .Config.Env 7}}", "index:"),
        ("{{.Tag ! }}", "cannot read"),
        ('{{printf "%5x" .Size}}', "only %s"),
        ("{{" + "if .Tag}}{{" * 80 + "end}}", "nested too deeply"),
        ("x" * 70_000, "more than 65536 characters"),
    ],
)
def test_what_is_no_template_is_refused_with_its_reason(template: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        render_template(template, VALUE)
    assert message in caught.value.message


def test_rows_as_a_table_of_a_template_have_a_header() -> None:
    rows = [{"A": "1", "B": "long\tcell"}, {"A": "222", "B": "x"}]
    text = render_rows("table {{.A}}\\t{{.B}}", rows, ("A",), {"A": "AYE", "B": "BEE"})
    assert text == "AYE   BEE\n1     long cell\n222   x\n"


def test_a_template_is_checked_even_if_there_is_nothing_to_show() -> None:
    with pytest.raises(UsageError, match="no field"):
        render_rows("{{.C}}", [], ("A",), {"A": "AYE"})


def test_no_value_can_steer_the_terminal() -> None:
    assert render_rows("{{.A}}", [{"A": "\x1b[2Jx\x07"}], ("A",), {"A": "A"}) == "x\n"
