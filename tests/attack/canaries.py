"""Canaries: words and numbers planted in an extract, looked for in every byte of what a run releases, says or logs."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pikepdf
import yaml

from naturalistic.analyses.registry import REGISTRY
from naturalistic.cli import stages
from naturalistic.cli.plan import Plan
from naturalistic.errors import UserError
from naturalistic.report.brief import make_brief
from naturalistic.report.formats import write_word
from naturalistic.report.released import Released
from tests.pipeline import project

COHORT = "synthetic_hirschfeld"
WORD = "kanarienvogel"
CANARIES = {
    "reference of a person, an episode, a therapist": [WORD],
    "name, in an unmapped column": ["Wilhelmina Zaunkoenig", "Zaunkoenig"],
    "NHS number, in an unmapped column": ["9434765919", "943 476 5919", "943-476-5919"],
    "postcode, in an unmapped column": ["ZE9 7QX", "ZE97QX"],
    "free text, in an unmapped column": ["bought a blue canoe in Uppermill"],
    "name of a column": ["KanarienSpalte"],
    "name of a file": ["kanariendatei"],
    "rare date of a referral": ["29/02/2016", "2016-02-29", "29 February 2016", "20160229"],
    "code that is in no list": ["QZXQ"],
}


@dataclass(frozen=True)
class Flight:
    """What became of the canaries of one run."""

    planted: dict[str, int]  # how often, by kind
    files: int  # released files that were searched
    searched: int  # bytes that were searched, unpacked
    found: list[tuple[str, str]]  # kind and file


def fly(folder: Path, analyses: tuple[str, ...] = tuple(REGISTRY), people: int = 60) -> Flight:
    """A whole run of a small cohort with canaries in its extract, in `folder` (which is the current one)."""
    config = project(folder)
    mapping_file = config.parent / "cohorts" / f"{COHORT}.yaml"
    mapping = yaml.safe_load(mapping_file.read_text(encoding="utf-8"))
    mapping["synthetic"]["n"] = people
    mapping["synthetic"].pop("assumptions", None)
    path = mapping["files"]["clients"]["path"]
    renamed = path.replace("clients.csv", "kanariendatei.csv")
    mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    _fewer_draws(config, analyses)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        stage = stages.Stage(Plan(Path("config/config.yaml")), COHORT)
        stages.synthesise(stage)
        planted = _plant(stage.paths.truth)
        (folder / path).rename(folder / renamed)
        mapping["files"]["clients"]["path"] = renamed
        mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
        stage = stages.Stage(Plan(Path("config/config.yaml")), COHORT)
        said.write(_refused(stage, folder / renamed))
        _run(stage)
    released = sorted(p for p in stage.paths.release.rglob("*") if p.is_file())
    logs = sorted((folder / "results" / COHORT).glob("logs/**/*"))
    texts = {
        p.name: b"\n".join([p.name.encode(), *unpacked(p)])
        for p in [*released, *logs]
        if p.is_file()
    }
    texts["what was printed"] = said.getvalue().encode()
    found = [
        (kind, name)
        for name, content in texts.items()
        for kind, canaries in CANARIES.items()
        if any(canary.lower().encode() in content.lower() for canary in canaries)
    ]
    return Flight(planted, len(released), sum(map(len, texts.values())), found)


def _fewer_draws(config: Path, analyses: tuple[str, ...]) -> None:
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["resampling"] |= {"bootstrap_draws": 100, "imputations": 5}
    settings["analyses"] = list(analyses)
    settings["specification_curve"]["imputations"] = 5
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def _plant(extract: Path) -> dict[str, int]:
    """Canaries in cells, columns and references of every file of the extract."""
    references = 0
    for path in sorted(extract.glob("*.csv")):
        marked, n = re.subn(
            r"\b(SYN-|E0|T0)(?=\d{3})", rf"{WORD}\1", path.read_text(encoding="utf-8")
        )
        path.write_text(marked, encoding="utf-8")
        references += n
    file = extract / "clients.csv"
    clients = pd.read_csv(file, dtype=str, keep_default_na=False)
    clients["Anmerkung"] = "bought a blue canoe in Uppermill"
    clients["Zusatz"] = "Wilhelmina Zaunkoenig"
    clients["Nummer"] = "943 476 5919"
    clients["Ort"] = "ZE9 7QX"
    clients["KanarienSpalte"] = "1"
    later = pd.to_datetime(clients["Assessed"], format="%d/%m/%Y") > pd.Timestamp(2016, 3, 1)
    at = int(later.to_numpy().argmax())
    clients.loc[at, ["RefReceived", "Accepted"]] = "29/02/2016"
    clients.to_csv(file, index=False)
    n = len(clients)
    counts = [references, n, n, n, n, n, 1, 1, 1]
    return dict(zip(CANARIES, counts, strict=True))


def _refused(stage: stages.Stage, file: Path) -> str:
    """What is said of a code that is in no list; the file is as before afterwards."""
    before = file.read_text(encoding="utf-8")
    clients = pd.read_csv(file, dtype=str, keep_default_na=False)
    clients.loc[0, "Sex"] = "QZXQ"
    clients.to_csv(file, index=False)
    try:
        stages.ingest(stage)
    except UserError as error:
        return str(error)
    finally:
        file.write_text(before, encoding="utf-8")
    return ""


def _run(stage: stages.Stage) -> None:
    """Every stage, every output."""
    for step in (stages.ingest, stages.score, stages.episodes, stages.outcomes):
        step(stage)
    for name in stage.plan.analyses:
        stages.analyse(stage, name)
    stages.disclose(stage)
    stages.evidence(stage)
    stages.report(stage)
    released = Released(
        stages.read_released(stage),
        stages.read_released(stage, "disclosure"),
        stages.files.read_json(stage.paths.release / "run.json"),
        stage.instruments(),
    )
    write_word(stage.paths.release, released, make_brief(released, None))


def unpacked(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of all that is packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield packed.read(name)
    elif path.suffix == ".pdf":
        yield subprocess.run(
            ["pdftotext", "-raw", path, "-"], capture_output=True, check=True
        ).stdout
        with pikepdf.open(path) as pdf:
            yield str(dict(pdf.docinfo)).encode() + pdf.open_metadata().__str__().encode()
            for each in pdf.objects:
                if isinstance(each, pikepdf.Stream) and each.get("/Subtype") != "/Image":
                    with contextlib.suppress(pikepdf.PdfError):
                        yield each.read_bytes()
    for match in re.finditer(rb"base64,([A-Za-z0-9+/=]{40,})", content):
        yield base64.b64decode(match[1])
