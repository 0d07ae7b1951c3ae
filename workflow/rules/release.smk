rule disclose:
    """Apply the disclosure profile to the estimates of one analysis and log what it withheld."""
    input:
        estimates=RESULTS + "/{cohort}/restricted/estimates/{analysis}.parquet",
    output:
        estimates=RESULTS + "/{cohort}/{area}/estimates/{analysis}.csv",
        log=RESULTS + "/{cohort}/{area}/disclosure/{analysis}.csv",
    log:
        RESULTS + "/{cohort}/logs/disclose_{area}_{analysis}.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/disclose_{area}_{analysis}.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("disclose"),
        profile=lambda wildcards: plan.profile(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage disclose --cohort {wildcards.cohort} --analysis {wildcards.analysis}"
        " --config {params.config} --log {log}"


rule evidence:
    """Gather what was released into one bundle and one record of the run."""
    input:
        provenance=RESULTS + "/{cohort}/release/provenance.json",
        estimates=expand(
            RESULTS + "/{{cohort}}/{{area}}/estimates/{analysis}.csv",
            analysis=plan.analyses,
        ),
    output:
        bundle=RESULTS + "/{cohort}/{area}/evidence.json",
        record=RESULTS + "/{cohort}/{area}/run.json",
    log:
        RESULTS + "/{cohort}/logs/evidence_{area}.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/evidence_{area}.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("evidence"),
        told=lambda wildcards: plan.report_params(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage evidence --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule report:
    """Write the report from what was released, and from nothing else."""
    input:
        record=RESULTS + "/{cohort}/{area}/run.json",
        estimates=expand(
            RESULTS + "/{{cohort}}/{{area}}/estimates/{analysis}.csv",
            analysis=plan.analyses,
        ),
        disclosure=expand(
            RESULTS + "/{{cohort}}/{{area}}/disclosure/{analysis}.csv",
            analysis=plan.analyses,
        ),
    output:
        report=RESULTS + "/{cohort}/{area}/report.html",
        summary=RESULTS + "/{cohort}/{area}/summary.txt",
        figures=directory(RESULTS + "/{cohort}/{area}/figures"),
    log:
        RESULTS + "/{cohort}/logs/report_{area}.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/report_{area}.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("report"),
        told=lambda wildcards: plan.report_params(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage report --cohort {wildcards.cohort} --config {params.config} --log {log}"
