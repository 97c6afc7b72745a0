"""Dockerfiles that say sensible things in every layout the language allows; a random source decides all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_BLANKS = (" ", " ", " ", "  ", "\t", "   ")
_INDENTS = ("", " ", "  ", "    ", "\t", "        ", "      ")
_REMARKS = (
    "#",
    "# x",
    "#x \\",
    "  # hadolint ignore=DL3008",
    "\t# \xa0é",
    "# <<EOF",
    "# check=skip=all",
)
_IGNORES = ("# lithify: fmt-ignore", "# dockerfmt-ignore", "# dprint-ignore: why")
_SHELL = (
    "apt-get update",
    "&& make",
    "|| true",
    "; echo 'a  b'",
    "| tr a b",
    '"x  y"',
    "<x",
    "\\\\ z",
)
_WORDS = ("a", "/b", "$A", "${A:-x}", "c#d", "'q'", '"w"', "-x", "[", "é", "\x85é", "a\\ b")
_PAIRS = ("A=1", "B='x  y'", 'C="a\\"b"', "D=$A", "E=", "F=${A:-b c}", 'G="x#y"', "H=a\\ b", "I=é")
_JSON = ('"a"', '"b c"', '"d\\"e"', '"\\u00e9"', '"$A"', '"#"', '""', '"[,]"')
_BODIES = (
    "",
    "x\n",
    "  # no comment\n\n\n",
    "RUN x \\\n\ty\n",
    "a\r\nb\n",
    "\tEOF\n EOF\n",
    "from a\n",
)
_MOUNTS = (
    "--mount=type=cache,target=/x",
    "--mount=type=tmpfs,target=/y",
    '--mount="type=cache,target=/z"',
)
_LEGACY = ("K v", "K  a  b", 'K "q r"', "K a'b c'd", "K $A b", "K a=b", "K x\\ y", "K v#w")


def messy(generator: random.Random) -> str:
    """A Dockerfile without mistakes (but for what chance makes of quotes and heredocs)."""
    return _Writer(generator).file()


class _Writer:
    def __init__(self, generator: random.Random) -> None:
        self._random = generator
        self._escape = generator.choice("\\\\\\`")
        self._newlines = generator.choice((("\n",), ("\n",), ("\r\n",), ("\n", "\r\n")))

    def file(self) -> str:
        pieces = [self._pick("", "", "", "\ufeff")]
        if self._escape == "`":
            pieces += (self._pick("# escape=`", "#escape = `", "#  EsCape=` "), self._end())
        elif self._chance(0.2):
            pieces += (
                self._pick("# syntax=docker/dockerfile:1", "#syntax = x", "\n# escape=`"),
                self._end(),
            )
        pieces += (self._between(), self._stage())
        for _ in range(self._random.randrange(8)):
            pieces += (self._between(), self._instruction())
        pieces += self._between()
        text = "".join(pieces)
        return text.rstrip() if self._chance(0.2) else text

    def _pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _chance(self, likelihood: float) -> bool:
        return self._random.random() < likelihood

    def _some(self, choices: tuple[str, ...], least: int = 1, most: int = 5) -> list[str]:
        return [self._pick(*choices) for _ in range(self._random.randint(least, most))]

    def _end(self) -> str:
        return self._pick("", "", " ", "\t") + self._pick(*self._newlines)

    def _between(self) -> str:
        """Blank lines and comments, as they stand between instructions."""
        lines = [
            self._pick("", "", *_REMARKS, *_IGNORES) + self._end()
            for _ in range(self._pick("", "", "x", "xx", "xxxx").count("x"))
        ]
        return "".join(lines) + self._pick("", "", *_INDENTS)

    def _break(self) -> str:
        """A continuation, with what may stand in it."""
        parts = [self._escape, self._pick("", " ", "\t "), self._pick(*self._newlines)]
        while self._chance(0.25):
            parts += (self._pick("", "  ", *_REMARKS), self._end())
        return "".join((*parts, self._pick(*_INDENTS)))

    def _gap(self) -> str:
        blank = self._pick(*_BLANKS)
        return blank + self._break() if self._chance(0.25) else blank

    def _cased(self, keyword: str) -> str:
        return self._pick(keyword, keyword, keyword.lower(), keyword.title())

    def _line(self, keyword: str, *words: str) -> str:
        line = self._cased(keyword)
        for word in words:
            line += self._gap() + word
        return line + self._end()

    def _stage(self) -> str:
        naming = (self._pick("AS", "as", "As"), "a") if self._chance(0.6) else ()
        platform = ("--platform=linux/amd64",) if self._chance(0.3) else ()
        return self._line("FROM", *platform, self._pick("scratch", "debian:12", "a"), *naming)

    def _shell(self) -> str:
        parts = self._some(_SHELL)
        return "".join(part + self._gap() for part in parts[:-1]) + parts[-1]

    def _json(self) -> str:
        def gap() -> str:
            return self._pick("", "", self._gap())

        inside = f"{gap()},{gap()}".join(self._some(_JSON))
        return f"[{gap()}{inside}{gap()}]"

    def _instruction(self) -> str:
        line: str = self._random.choice(_INSTRUCTIONS)(self)
        return line

    def _run(self) -> str:
        flags = self._some(_MOUNTS, 0, 3) if self._chance(0.5) else []
        return self._line("RUN", *flags, self._pick(self._shell(), self._shell(), self._json()))

    def _command(self) -> str:
        keyword = self._pick("CMD", "ENTRYPOINT", "SHELL")
        return self._line(
            keyword, self._json() if keyword == "SHELL" else self._pick(self._json(), self._shell())
        )

    def _copy(self) -> str:
        flags = self._some(("--link", "--chown=a:b", "--chmod=0644", "--from=a"), 0, 1)
        if self._chance(0.3):
            return self._line("COPY", *flags, self._json().replace("[", '["s", ', 1))
        return self._line(self._pick("COPY", "ADD"), *flags[:0 if self._chance(0.5) else 1],
                          *self._some(_WORDS, 1, 3), "/d")  # fmt: skip

    def _heredoc(self) -> str:
        chomp, quote = self._pick("", "-"), self._pick("", "'", '"')
        word, body = f"<<{chomp}{quote}EOF{quote}", self._pick(*_BODIES)
        start = self._pick("RUN", "COPY", "ONBUILD RUN")
        words = (
            (word, "/d") if start == "COPY" else (self._pick(word, f"cat {word}  b", f"{word} sh"),)
        )
        return self._line(start, *words) + body + "EOF" + self._pick("\n", *self._newlines)

    def _pairs(self) -> str:
        if self._chance(0.3):
            return self._line(
                self._pick("ENV", "LABEL"), self._pick(*_LEGACY).replace(" ", self._gap(), 1)
            )
        return self._line(self._pick("ENV", "LABEL", "ARG"), *self._some(_PAIRS))

    def _list(self) -> str:
        keyword = self._pick("EXPOSE", "VOLUME")
        words = ("80", "90/udp", "1-3") if keyword == "EXPOSE" else _WORDS
        return self._line(keyword, *self._some(words))

    def _single(self) -> str:
        keyword = self._pick("WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER")
        return self._line(keyword, self._pick("/a b", "x", self._gap().join("xy")))

    def _healthcheck(self) -> str:
        flags = self._some(("--interval=5s", "--timeout=3s"), 0, 1)
        return self._line(
            "HEALTHCHECK", *flags, self._cased("CMD"), self._pick(self._json(), self._shell())
        )

    def _trigger(self) -> str:
        return self._line("ONBUILD", self._cased("RUN") + self._gap() + self._shell())


_INSTRUCTIONS = (
    _Writer._run, _Writer._run, _Writer._command, _Writer._copy, _Writer._copy, _Writer._heredoc,
    _Writer._pairs, _Writer._pairs, _Writer._list, _Writer._single, _Writer._healthcheck,
    _Writer._trigger, _Writer._stage,
)  # fmt: skip
