# The one place with Python: the plan of the run, and how rules ask it for digests and settings.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from naturalistic.cli.plan import Plan
from naturalistic.errors import UserError

# a path inside the project is written as a path from it: the same project elsewhere has nothing to do again
given = Path(workflow.configfiles[0])
plan = Plan(
    given.relative_to(Path.cwd()) if given.is_relative_to(Path.cwd()) else given
)
try:
    plan.analyses
except UserError as error:
    raise WorkflowError("\n".join([error.heading, *error.problems]))

PYTHON = sys.executable
CONFIG = plan.config_file.as_posix()


wildcard_constraints:
    cohort=r"[a-z0-9][a-z0-9_]*",
    analysis=r"[a-z][a-z0-9_]*",
    area=r"release|restricted/unreleased",


def every_report(wildcards):
    """The report of every cohort of the settings; asked for only when nothing else is."""
    try:
        return [
            f"results/{cohort}/{plan.area(cohort)}/report.html"
            for cohort in plan.cohorts
        ]
    except UserError as error:
        raise WorkflowError("\n".join([error.heading, *error.problems]))


def code(stage):
    """Digest of the code and reference files of a stage: an edit re-runs what depends on it."""
    return lambda wildcards: plan.code(stage, wildcards.cohort)


def settings(*names):
    """The settings that matter, as JSON: a change re-runs what depends on it."""
    return lambda wildcards: plan.settings_params(wildcards.cohort, *names)


def analysis_code(analysis):
    return lambda wildcards: plan.analysis_code(analysis, wildcards.cohort)


def analysis_settings(analysis):
    return lambda wildcards: plan.analysis_params(wildcards.cohort, analysis)


def shown(path, caption, pattern=""):
    """An output that `snakemake --report` shows, unless a cohort of the run may not be released."""
    if not plan.releasable():
        return path
    listed = {"patterns": [pattern]} if pattern else {}
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category="{cohort}",
        subcategory="Figures" if pattern else "Documents",
        labels={"figure": "{figure}"} if pattern else {"document": caption},
        **listed,
    )
