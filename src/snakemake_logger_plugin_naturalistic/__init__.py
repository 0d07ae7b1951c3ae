"""Snakemake's messages in the words of this project: a progress line, errors with their reason, otherwise quiet."""

from __future__ import annotations

import json
import sys
from logging import ERROR, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

BAR_WIDTH = 24
EXIT_BUG = 70


class LogHandler(LogHandlerBase):
    """Shows one progress line on a terminal, one line a stage elsewhere, and every error once."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Start with nothing done."""
        self._done = 0
        self._total = 0
        self._stage = ""
        self._terminal = sys.stderr.isatty()
        self._shown: set[str] = set()

    def emit(self, record: LogRecord) -> None:
        """Show what a person wants to know of one event."""
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self._total = int(getattr(record, "stats", {}).get("total", 0))
        elif event == LogEvent.JOB_INFO:
            self._stage = _stage_name(record)
            self._progress()
        elif event == LogEvent.PROGRESS:
            self._done, self._total = int(record.done), int(record.total)  # type: ignore[attr-defined]
            self._progress()
        elif event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            self._job_error(record)
        elif (
            not self._shown
            and not _is_echo(record)
            and (event == LogEvent.ERROR or _is_plain_error(event, record))
        ):
            self._line(record.getMessage())

    def _progress(self) -> None:
        total = max(self._total, 1)
        if not self._terminal:
            sys.stderr.write(f"[{self._done}/{total}] {self._stage}\n")
            return
        filled = BAR_WIDTH * self._done // total
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        end = "\n" if self._done >= total else ""
        sys.stderr.write(f"\r[{bar}] {self._done}/{total}  {self._stage:<46.46}{end}")
        sys.stderr.flush()

    def _job_error(self, record: LogRecord) -> None:
        logs = [Path(str(name)) for name in getattr(record, "log", None) or []]
        for log in logs:
            _record(log)
        texts = [log.read_text(encoding="utf-8").strip() for log in logs if log.is_file()]
        text = "\n".join(t for t in texts if t) or f"{_stage_name(record)} could not finish."
        if text not in self._shown:
            self._shown.add(text)
            self._line(text)

    def _line(self, text: str) -> None:
        start = "\n" if self._terminal else ""
        sys.stderr.write(f"{start}{text}\n")


def _record(log: Path) -> None:
    """Note a job that was ended before it could note its own failure, so that the end of the run can name it."""
    failed = log.with_suffix(".failed.json")
    if log.suffix == ".log" and log.parent.is_dir() and not failed.exists():
        failed.write_text(json.dumps({"exit_code": EXIT_BUG}) + "\n", encoding="utf-8")


def _is_plain_error(event: object, record: LogRecord) -> bool:
    return event is None and record.levelno >= ERROR


def _is_echo(record: LogRecord) -> bool:
    """Snakemake's own words on a command that failed: the stage says the reason itself, in its log."""
    return "CalledProcessError in file" in record.getMessage()


def _stage_name(record: LogRecord) -> str:
    rule = str(getattr(record, "rule_name", "") or "").replace("_", " ")
    wildcards: dict[str, Any] = dict(getattr(record, "wildcards", None) or {})
    analysis = str(wildcards.get("analysis", "")).replace("_", " ")
    cohort = str(wildcards.get("cohort", ""))
    name = f"{rule}: {analysis}" if analysis else rule
    return f"{name} ({cohort})" if cohort else name
