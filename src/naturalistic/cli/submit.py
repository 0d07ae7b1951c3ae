"""`naturalistic submit`: the folder a trust sends, with one page for its information-governance lead."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import textwrap
from pathlib import Path

from naturalistic import files
from naturalistic.errors import EXIT_OK, BundleError

HELP = (
    "Make the folder a trust sends: the evidence bundle and a one-page statement of what it holds."
)
EPILOG = """\
  python3 go.py run north            first: everything, protected, into results/north/release/
  python3 go.py submit north         then: results/north/submission/ holds what may be sent

Read statement.txt, let the information-governance lead sign it, and send the folder as it is.
"""
STATEMENT = """\
STATEMENT FOR THE INFORMATION-GOVERNANCE LEAD

What is to be sent
  One file, {name}, with figures about groups of people who used this service.
  SHA-256 of the file: {sha}

What it holds
{lines}

What it does not hold
  No name, NHS number, pseudonym, date of birth, address, postcode or date of a contact; no free text; no figure about
  one person. Everything in it is also in the tables of the folder release/, or is worked out from those alone.

How people are protected
  {rules}
  Source of these rules: {source}
  What was withheld, and by which rule, is listed in release/disclosure/. These rules protect counts and rates by
  withholding and rounding; means and model results are protected by their least group sizes and by rounding. They
  lower the risk of recognising a person; no set of rules makes it nil.

What it is for
  It is pooled with the figures of other services into one report (naturalistic pool). Whoever receives it can read every
  figure in it with any text editor.

Before it leaves
  [ ] The file was checked with: naturalistic bundle verify {name}
  [ ] A second person has looked at it.
  [ ] The agreement under which it is sent: ______________________________________________

  Name, role, date: ______________________________________________
"""


def add_submit(verbs: argparse._SubParsersAction) -> None:
    """The parser of `submit COHORT`."""
    parser = verbs.add_parser(
        "submit",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cohort", metavar="COHORT")
    parser.add_argument("--output", metavar="DIR", help="default: results/COHORT/submission")
    parser.set_defaults(
        run_verb=lambda arguments: submit(
            arguments.cohort, Path(arguments.output) if arguments.output else None
        )
    )


def submit(cohort: str, output: Path | None) -> int:
    """Check the bundle of a cohort and put it with its statement into a folder.

    Raises
    ------
    BundleError
        There is no bundle yet, or it is refused.
    """
    from naturalistic.cli.plan import RESULTS
    from naturalistic.release.bundle_reading import read_bundle
    from naturalistic.release.bundle_words import bundle_lines

    paths = files.CohortPaths(RESULTS, cohort)
    source = paths.release / "evidence.json"
    if not source.is_file():
        raise BundleError(
            f"{source.as_posix()} does not exist. Run the cohort first: python3 go.py run {cohort}"
        )
    bundle = read_bundle(source)
    folder = output or paths.base / "submission"
    target = folder / f"{bundle.cohort}.evidence.json"
    files.write_atomically(target, lambda part: shutil.copyfile(source, part))
    statement = STATEMENT.format(
        name=target.name,
        sha=hashlib.sha256(target.read_bytes()).hexdigest(),
        lines="\n".join(
            textwrap.fill(line, 110, initial_indent="  - ", subsequent_indent="    ")
            for line in bundle_lines(bundle)
        ),
        rules=bundle.disclosure.label,
        source=(bundle.disclosure.model_extra or {}).get("source", "see the profile's file"),
    )
    files.write_text(folder / "statement.txt", statement)
    print(
        f"{target.as_posix()} may be sent once {(folder / 'statement.txt').as_posix()} is signed."
    )
    return EXIT_OK
