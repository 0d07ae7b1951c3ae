"""Every assumption in the code stands in docs/assumptions.md, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_code_and_list_agree() -> None:
    sources = [p for folder in ("src", "workflow") for p in (ROOT / folder).rglob("*.*")]
    text = "\n".join(
        p.read_text(encoding="utf-8") for p in sources if p.suffix in {".py", ".smk", ".yaml"}
    )
    in_code = set(re.findall(r"ASSUME (A\d\d)\b", text))
    in_docs = re.findall(
        r"^\| (A\d\d) \|", (ROOT / "docs/assumptions.md").read_text(), re.MULTILINE
    )
    assert len(in_docs) == len(set(in_docs))
    assert in_code == set(in_docs)
    assert "ASSUME A" not in re.sub(r"ASSUME A\d\d\b", "", text)
