"""`naturalistic pool`: bundles of several services into one report."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "Pool the evidence bundles of several services into one report."
EPILOG = """\
BUNDLES are the files services sent (NAME.evidence.json), or folders that hold them. Each is checked first (`bundle
verify`); an altered, doubled or foreign one stops everything with exit code 7 and the reason.

Only like is pooled with like. Where the primary analysis differs between services nothing is pooled until you say
which to leave out (--without NAME); where a further figure differs, that figure is not pooled and not_pooled.csv says why.

What is known about the services, for trusts, subgroups and moderators, comes in a CSV file with a column `cohort`:
  cohort,trust,setting,waiting_weeks
  north,North Trust,hospital,14
  south,South Trust,community,6

Examples:
  python3 go.py pool submissions/ --output results/pooled
  python3 go.py pool a.json b.json c.json --output results/pooled --services services.csv --trust trust
  python3 go.py pool submissions/ --output results/pooled --services services.csv --moderator waiting_weeks
"""


def add_pool(verbs: argparse._SubParsersAction) -> None:
    """The parser of `pool BUNDLES... --output DIR`."""
    parser = verbs.add_parser(
        "pool",
        help=HELP,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("bundles", nargs="+", metavar="BUNDLE", help="bundle files, or folders of them")
    add("--output", required=True, metavar="DIR", help="where the tables and report.html go")
    add("--without", action="append", default=[], metavar="NAME", help="leave this cohort out")
    add("--services", metavar="FILE", help="CSV of what is known about each service")
    add("--trust", metavar="COLUMN", help="column of FILE that names the trust of a service")
    add("--subgroup", metavar="COLUMN", help="column of FILE to compare groups of services by")
    add("--moderator", action="append", default=[], metavar="COLUMN", help="column of numbers")
    add(
        "--between",
        default="reml",
        choices=["reml", "paule_mandel", "dersimonian_laird"],
        help="estimator of the variance between services (default: reml)",
    )
    add(
        "--therapists-unknown",
        default="median",
        choices=["median", "one"],
        help="design effect of a rate in a service that tells none: the median of the others (default), or 1, which "
        "counts every person there on their own",
    )
    add(
        "--by",
        action="append",
        default=[],
        metavar="CHARACTERISTIC",
        help="also pool the breakdown by this characteristic, such as gender",
    )
    parser.set_defaults(run_verb=_run)


def _run(arguments: argparse.Namespace) -> int:
    from naturalistic.cli.pool_files import PoolCommand, pool_files

    return pool_files(
        PoolCommand(
            bundles=tuple(Path(b) for b in arguments.bundles),
            output=Path(arguments.output),
            without=tuple(arguments.without),
            services=Path(arguments.services) if arguments.services else None,
            trust=arguments.trust or "",
            subgroup=arguments.subgroup or "",
            moderators=tuple(arguments.moderator),
            between=arguments.between,
            by=tuple(arguments.by),
            therapists_unknown=arguments.therapists_unknown,
        )
    )
