"""Office files with the same bytes every time: no clock in the archive or in the properties."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

EPOCH = dt.datetime(2000, 1, 1)  # stands where a format wants a time
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)")
_CORE = "docProps/core.xml"
# characters that XML 1.0 does not allow
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def without_clock(file: bytes) -> bytes:
    """The same archive with every time in it set to `EPOCH`."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(file)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == _CORE:
                stamp = f"{EPOCH.isoformat()}Z".encode()
                content = _STAMP.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return packed.getvalue()


def allowed(text: str) -> str:
    """The text without characters that XML does not allow."""
    return _FORBIDDEN.sub("", text)
