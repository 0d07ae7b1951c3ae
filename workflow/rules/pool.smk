rule pooled:
    """Pool the evidence bundles of every cohort of the settings into one report."""
    input:
        bundles=[f"results/{cohort}/release/evidence.json" for cohort in plan.cohorts],
    output:
        estimates="results/pooled/estimates.csv",
        services="results/pooled/services.csv",
        report="results/pooled/report.html",
        summary="results/pooled/summary.txt",
        figures=directory("results/pooled/figures"),
    log:
        "results/pooled/pool.log",
    benchmark:
        "results/pooled/pool.tsv"
    params:
        python=PYTHON,
        code=lambda wildcards: plan.pool_code(),
    shell:
        "{params.python:q} -m naturalistic pool {input.bundles} --output results/pooled > {log} 2>&1"


rule pool:
    """One report over every cohort of the settings: `snakemake pool`."""
    input:
        "results/pooled/report.html",
