rule synthesise:
    """Make the extract of a synthetic cohort, with its truth beside it."""
    output:
        extract=directory(RESULTS + "/{cohort}/restricted/extract"),
    log:
        RESULTS + "/{cohort}/logs/synthesise.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/synthesise.tsv"
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
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        referrals=RESULTS + "/{cohort}/restricted/cohort/referrals.parquet",
        sessions=RESULTS + "/{cohort}/restricted/cohort/sessions.parquet",
        questionnaires=RESULTS + "/{cohort}/restricted/cohort/questionnaires.parquet",
        ratings=RESULTS + "/{cohort}/restricted/cohort/ratings.parquet",
        intake=RESULTS + "/{cohort}/restricted/cohort/intake.parquet",
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        validation=RESULTS + "/{cohort}/restricted/validation.csv",
        provenance=RESULTS + "/{cohort}/release/provenance.json",
    log:
        RESULTS + "/{cohort}/logs/ingest.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/ingest.tsv"
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
        questionnaires=RESULTS + "/{cohort}/restricted/cohort/questionnaires.parquet",
    output:
        scores=RESULTS + "/{cohort}/restricted/scores.parquet",
    log:
        RESULTS + "/{cohort}/logs/score.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/score.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("score"),
    shell:
        "{params.python:q} -m naturalistic stage score --cohort {wildcards.cohort} --config {params.config} --log {log}"


rule episodes:
    """Derive one row a course of therapy: when it started, how and when it ended."""
    input:
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        referrals=RESULTS + "/{cohort}/restricted/cohort/referrals.parquet",
        sessions=RESULTS + "/{cohort}/restricted/cohort/sessions.parquet",
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
    output:
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
    log:
        RESULTS + "/{cohort}/logs/episodes.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/episodes.tsv"
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
        scores=RESULTS + "/{cohort}/restricted/scores.parquet",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
    output:
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    log:
        RESULTS + "/{cohort}/logs/outcomes.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/outcomes.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=code("outcomes"),
        settings=settings("form_windows", "reliable_change"),
    shell:
        "{params.python:q} -m naturalistic stage outcomes --cohort {wildcards.cohort} --config {params.config} --log {log}"
