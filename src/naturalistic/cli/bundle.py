"""`naturalistic bundle verify`: what is in an evidence bundle, and whether it was altered."""

from __future__ import annotations

import argparse
from pathlib import Path

from naturalistic.errors import EXIT_OK, BundleError

HELP = "Say in words what an evidence bundle holds and whether it was altered."
EPILOG = """\
Exit code 7 when a bundle is refused; every reason is printed.

  python3 go.py bundle verify results/north/release/evidence.json
"""


def add_bundle(verbs: argparse._SubParsersAction) -> None:
    """The parser of `bundle verify FILE...`."""
    parser = verbs.add_parser(
        "bundle",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["verify"], metavar="verify")
    parser.add_argument("files", nargs="+", metavar="FILE", help="evidence.json of a service")
    parser.set_defaults(run_verb=lambda arguments: verify([Path(f) for f in arguments.files]))


def verify(paths: list[Path]) -> int:
    """Print each bundle in words.

    Raises
    ------
    BundleError
        Every reason why one of them is refused, after the good ones were printed.
    """
    from naturalistic.release.bundle_reading import read_bundle
    from naturalistic.release.bundle_words import bundle_lines

    problems: list[str] = []
    for path in paths:
        try:
            lines = bundle_lines(read_bundle(path))
        except BundleError as error:
            problems += error.problems
            continue
        print(f"{path.as_posix()}")
        for line in lines:
            print(f"  - {line}")
    if problems:
        raise BundleError(problems)
    return EXIT_OK
