# naturalistic: what depends on what. All work is done by `python -m naturalistic stage ...`.
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/release.smk"
include: "workflow/rules/pool.smk"


rule all:
    """The report of every cohort of the settings."""
    default_target: True
    input:
        every_report,
