"""Owns the looks of the HTML report, and the rules by which picking a change lights up the steps that rerun.

All is in one style sheet, named by its hash in the page's policy, so that nothing else can style or load anything. It
refuses what comes from reports: numbers are all that enters the rules.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKS = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--paper:#fff;--panel:#f6f8fa;--line:#d1d9e0;
--hit:#ffe8b8;--hit-ink:#5c3b00;--bar:#0969da;--waste:#bc4c00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--paper:#0d1117;--panel:#161b22;
--line:#3d444d;--hit:#4b3a08;--hit-ink:#ffe8b8;--bar:#58a6ff;--waste:#f0883e}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1500px;margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
p{margin:.4rem 0}
.soft,figcaption,caption{color:var(--soft);text-align:left}
.answer{background:var(--hit);color:var(--hit-ink);padding:.5rem .75rem;border-radius:6px}
.wide{overflow-x:auto;max-height:75vh}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid var(--line)}
thead th{position:sticky;top:0;background:var(--panel)}
td.n,td.name{white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}
td.code,code{font-family:ui-monospace,monospace;font-size:.85rem;overflow-wrap:anywhere}
meter{width:8rem;height:.8rem}
label{cursor:pointer}
:focus-visible{outline:2px solid var(--bar);outline-offset:2px}
figure{margin:0}
.graph text{font:12px ui-monospace,monospace;fill:var(--ink)}
.graph .name{font:600 14px system-ui,sans-serif}
.graph .number,.graph .time{fill:var(--soft)}
.graph .box{fill:var(--panel);stroke:var(--line)}
.graph .s rect{fill:transparent}
.graph .mark{visibility:hidden}
.graph .edge{fill:none;stroke:var(--soft);stroke-width:1.5}
.error{color:var(--waste);font-weight:600}
@media print{.wide{max-height:none;overflow:visible}}
"""


def style_sheet(changes: Sequence[Sequence[int]]) -> str:
    """The looks; `changes` are the steps that light up when the change of that place is picked (`c0`, `c1`, ...)."""
    rules = [_LOOKS]
    for at, steps in enumerate(changes):
        if not steps:
            continue
        names = ",".join(f".s{int(step)}" for step in steps)
        picked = f"main:has(#c{at}:checked) :is({names})"
        rules.append(
            f"{picked} rect{{fill:var(--hit)}}{picked} .mark{{visibility:visible}}"
            f"{picked} td{{background:var(--hit);color:var(--hit-ink)}}"
        )
    return "\n".join(rules)


def policy(style: str) -> str:
    """The page's policy (Content Security Policy): one style sheet by its hash, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
