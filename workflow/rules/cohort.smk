rule synthesise:
    """Make the extract of a synthetic cohort, with its truth beside it."""
    output:
        extract=directory("results/{cohort}/restricted/extract"),
    log:
        "results/{cohort}/logs/synthesise.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/synthesise.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("synthesise"),
        how=lambda wildcards: plan.extract_params(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage synthesise --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule ingest:
    """Read the extract by its mapping into the canonical tables; list every problem."""
    input:
        extract=lambda wildcards: plan.extract(wildcards.cohort),
    output:
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        referrals="results/{cohort}/restricted/cohort/referrals.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        questionnaires="results/{cohort}/restricted/cohort/questionnaires.parquet",
        ratings="results/{cohort}/restricted/cohort/ratings.parquet",
        intake="results/{cohort}/restricted/cohort/intake.parquet",
        facts="results/{cohort}/restricted/cohort/facts.json",
        validation="results/{cohort}/restricted/validation.csv",
        drift="results/{cohort}/restricted/drift.csv",
        provenance="results/{cohort}/release/provenance.json",
    log:
        "results/{cohort}/logs/ingest.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/ingest.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("ingest"),
        how=lambda wildcards: plan.extract_params(wildcards.cohort),
    shell:
        "{params.python:q} -m naturalistic stage ingest --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule score:
    """Score every form by the instrument files."""
    input:
        questionnaires="results/{cohort}/restricted/cohort/questionnaires.parquet",
    output:
        scores="results/{cohort}/restricted/scores.parquet",
    log:
        "results/{cohort}/logs/score.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/score.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("score"),
    shell:
        "{params.python:q} -m naturalistic stage score --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule episodes:
    """Derive one row a course of therapy: when it started, how and when it ended."""
    input:
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        referrals="results/{cohort}/restricted/cohort/referrals.parquet",
        sessions="results/{cohort}/restricted/cohort/sessions.parquet",
        facts="results/{cohort}/restricted/cohort/facts.json",
    output:
        episodes="results/{cohort}/restricted/episodes.parquet",
    log:
        "results/{cohort}/logs/episodes.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/episodes.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("episodes"),
        settings=settings("episodes", "dropout"),
    shell:
        "{params.python:q} -m naturalistic stage episodes --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule outcomes:
    """Find the first and the last form of each course of therapy."""
    input:
        scores="results/{cohort}/restricted/scores.parquet",
        patients="results/{cohort}/restricted/cohort/patients.parquet",
        episodes="results/{cohort}/restricted/episodes.parquet",
    output:
        outcomes="results/{cohort}/restricted/outcomes.parquet",
    log:
        "results/{cohort}/logs/outcomes.log",
    benchmark:
        "results/{cohort}/logs/benchmarks/outcomes.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("outcomes"),
        settings=settings("form_windows", "reliable_change"),
    shell:
        "{params.python:q} -m naturalistic stage outcomes --cohort {wildcards.cohort} --config {params.config} --log {log}"
