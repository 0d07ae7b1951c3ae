rule disclose:
    """Apply the disclosure profile to the estimates of all analyses together and log what it withheld."""
    input:
        provenance="results/{cohort}/release/provenance.json",
        estimates=expand(
            "results/{{cohort}}/restricted/estimates/{analysis}.parquet",
            analysis=plan.analyses,
        ),
        covariances=expand(
            "results/{{cohort}}/restricted/covariances/{analysis}.parquet",
            analysis=plan.analyses,
        ),
    output:
        estimates=expand(
            "results/{{cohort}}/{{area}}/estimates/{analysis}.csv",
            analysis=plan.analyses,
        ),
        log=expand(
            "results/{{cohort}}/{{area}}/disclosure/{analysis}.csv",
            analysis=plan.analyses,
        ),
        covariances="results/{cohort}/{area}/covariances.csv",
        coarser="results/{cohort}/{area}/coarser_counts.csv",
        signed="results/{cohort}/{area}/disclosure_log.txt",
    log:
        "results/{cohort}/logs/disclose_{area}.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/disclose_{area}.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("disclose"),
        profile=lambda wildcards: plan.profile(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage disclose --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule evidence:
    """Gather what was released into one bundle and one record of the run."""
    input:
        provenance="results/{cohort}/release/provenance.json",
        estimates=expand(
            "results/{{cohort}}/{{area}}/estimates/{analysis}.csv",
            analysis=plan.analyses,
        ),
        covariances="results/{cohort}/{area}/covariances.csv",
    output:
        bundle="results/{cohort}/{area}/evidence.json",
        record="results/{cohort}/{area}/run.json",
    log:
        "results/{cohort}/logs/evidence_{area}.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/evidence_{area}.tsv"
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
        record="results/{cohort}/{area}/run.json",
        estimates=expand(
            "results/{{cohort}}/{{area}}/estimates/{analysis}.csv",
            analysis=plan.analyses,
        ),
        disclosure=expand(
            "results/{{cohort}}/{{area}}/disclosure/{analysis}.csv",
            analysis=plan.analyses,
        ),
    output:
        brief=shown("results/{cohort}/{area}/brief.html", "brief"),
        brief_pdf=shown("results/{cohort}/{area}/brief.pdf", "brief_pdf"),
        report=shown("results/{cohort}/{area}/report.html", "report"),
        pdf=shown("results/{cohort}/{area}/report.pdf", "pdf"),
        tables=shown("results/{cohort}/{area}/tables.xlsx", "tables"),
        summary="results/{cohort}/{area}/summary.txt",
        figures=shown(
            directory("results/{cohort}/{area}/figures"), "figures", "{figure}.svg"
        ),
    log:
        "results/{cohort}/logs/report_{area}.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/report_{area}.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("report"),
        told=lambda wildcards: plan.report_params(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage report --cohort {wildcards.cohort} --config {params.config} --log {log}"
