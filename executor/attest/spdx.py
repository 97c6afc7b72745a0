"""Owns the SPDX document of an image: what was found, as other programs read it.

Equal findings give equal bytes: identifiers come from content, the time is that of the image, and everything is sorted.
It refuses to conclude licences: what packages declare is declared, no more.

Specification: SPDX 2.3, JSON.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from lithify import __version__
from lithify.cache.oci import go_json
from lithify.executor.attest.packages import purl

if TYPE_CHECKING:
    from lithify.executor.attest.packages import Distribution, Package
    from lithify.executor.attest.scan import Findings

_NONE = "NOASSERTION"
_DOCUMENT, _IMAGE = "SPDXRef-DOCUMENT", "SPDXRef-Image"
#: Identifiers of the SPDX licence list that packages commonly declare; others stay a comment.
_LICENSES = frozenset(
    [
        "0BSD",
        "AFL-2.1",
        "AGPL-3.0-only",
        "AGPL-3.0-or-later",
        "Apache-1.1",
        "Apache-2.0",
        "Artistic-1.0-Perl",
        "Artistic-2.0",
        "BSD-1-Clause",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-4-Clause",
        "BSL-1.0",
        "BlueOak-1.0.0",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "CDDL-1.0",
        "EPL-1.0",
        "EPL-2.0",
        "GFDL-1.3-only",
        "GFDL-1.3-or-later",
        "GPL-1.0-or-later",
        "GPL-2.0-only",
        "GPL-2.0-or-later",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "HPND",
        "ICU",
        "ISC",
        "LGPL-2.0-only",
        "LGPL-2.0-or-later",
        "LGPL-2.1-only",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-1.1",
        "MPL-2.0",
        "MS-PL",
        "NCSA",
        "OFL-1.1",
        "OpenSSL",
        "OpenLDAP",
        "PSF-2.0",
        "PostgreSQL",
        "Python-2.0",
        "Ruby",
        "SSPL-1.0",
        "Sleepycat",
        "TCL",
        "UPL-1.0",
        "Unicode-DFS-2016",
        "Unlicense",
        "Vim",
        "W3C",
        "WTFPL",
        "X11",
        "Zlib",
        "ZPL-2.1",
        "blessing",
        "bzip2-1.0.6",
        "curl",
        "libpng-2.0",
    ]
)
_WORD = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+-]+)")


def make_document(
    findings: Findings, *, config_digest: str, created: str, name: str
) -> dict[str, Any]:
    """The document of an image, which its config's digest names: that is the same however layers are compressed.

    `created` is RFC 3339."""
    packages = [_os_package(findings.distribution)] if findings.distribution.id else []
    packages += [_package(one, findings.distribution) for one in findings.packages]
    packages = list({one["SPDXID"]: one for one in packages}.values())
    image = _image(config_digest, name)
    body: dict[str, Any] = {
        "packages": [image, *packages],
        "relationships": [
            _relation(_DOCUMENT, "DESCRIBES", _IMAGE),
            *(_relation(_IMAGE, "CONTAINS", one["SPDXID"]) for one in packages),
        ],
    }
    tool = f"Tool: lithify-{__version__}"
    made = {"created": created, "creators": [tool]}
    digest = hashlib.sha256(go_json([name, made, body, findings.notes])).digest()
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": name,
        "documentNamespace": f"urn:uuid:{UUID(bytes=digest[:16], version=5)}",
        "creationInfo": made,
    }
    if findings.notes:
        document["comment"] = "\n".join(findings.notes)
    return document | body


def _image(config_digest: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "SPDXID": _IMAGE,
        "versionInfo": config_digest,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
        "licenseDeclared": _NONE,
        "copyrightText": _NONE,
        "externalRefs": [_purl(f"pkg:oci/image@{quote(config_digest, safe='')}")],
        "primaryPackagePurpose": "CONTAINER",
    }


def _os_package(distribution: Distribution) -> dict[str, Any]:
    return {
        "name": distribution.id,
        "SPDXID": "SPDXRef-OperatingSystem",
        "versionInfo": distribution.version or _NONE,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
        "licenseDeclared": _NONE,
        "copyrightText": _NONE,
        "summary": distribution.title,
        "primaryPackagePurpose": "OPERATING-SYSTEM",
    }


def _package(package: Package, distribution: Distribution) -> dict[str, Any]:
    is_expression = _is_expression(package.license)
    out: dict[str, Any] = {
        "name": package.name,
        "SPDXID": _identifier(package),
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
        "licenseDeclared": package.license if is_expression else _NONE,
        "copyrightText": _NONE,
        "sourceInfo": f"found in /{package.place}",
        "externalRefs": [_purl(purl(package, distribution))],
    }
    if package.version:
        out["versionInfo"] = package.version
    if package.license and not is_expression:
        out["licenseComments"] = f"declared as: {package.license}"
    if package.supplier:
        out["supplier"] = f"Organization: {' '.join(package.supplier.split())}"
    return out


def _identifier(package: Package) -> str:
    """Letters, digits, '.' and '-' only; different packages never share one."""
    digest = hashlib.sha256("\0".join(package).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", package.name)[:60]
    return f"SPDXRef-Package-{package.kind}-{readable}-{digest}"


def _purl(locator: str) -> dict[str, str]:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": locator,
    }


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def _is_expression(text: str) -> bool:
    """Whether it is a licence expression of known identifiers (SPDX 2.3, annex D)."""
    depth, wants_name, at = 0, True, 0
    text = text.strip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            return False
        at, word = match.end(), match[1]
        if word == "(" and wants_name:
            depth += 1
        elif word == ")" and not wants_name and depth:
            depth -= 1
        elif word in ("AND", "OR") and not wants_name:
            wants_name = True
        elif wants_name and word.removesuffix("+") in _LICENSES:
            wants_name = False
        else:
            return False
    return not wants_name and not depth
