rule participant_flow:
    """Who was referred, assessed, started, ended as planned and has forms, and who was lost and why?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        intake=RESULTS + "/{cohort}/restricted/cohort/intake.parquet",
        referrals=RESULTS + "/{cohort}/restricted/cohort/referrals.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/participant_flow.parquet",
        covariances=RESULTS
        + "/{cohort}/restricted/covariances/participant_flow.parquet",
    log:
        RESULTS + "/{cohort}/logs/participant_flow.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/participant_flow.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("participant_flow"),
        settings=analysis_settings("participant_flow"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis participant_flow"
        " --config {params.config} --log {log}"


rule characteristics:
    """Who was treated, and how do completers and people with both forms differ from the others?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/characteristics.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/characteristics.parquet",
    log:
        RESULTS + "/{cohort}/logs/characteristics.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/characteristics.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("characteristics"),
        settings=analysis_settings("characteristics"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis characteristics"
        " --config {params.config} --log {log}"


rule outcome_change:
    """How much did scores change, for whom, out of how many who started?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/outcome_change.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/outcome_change.parquet",
    log:
        RESULTS + "/{cohort}/logs/outcome_change.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/outcome_change.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("outcome_change"),
        settings=analysis_settings("outcome_change"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis outcome_change"
        " --config {params.config} --log {log}"


rule clinical_change:
    """How many people changed reliably, and how many recovered or deteriorated?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/clinical_change.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/clinical_change.parquet",
    log:
        RESULTS + "/{cohort}/logs/clinical_change.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/clinical_change.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("clinical_change"),
        settings=analysis_settings("clinical_change"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis clinical_change"
        " --config {params.config} --log {log}"


rule outcome_models:
    """Who starts higher and who changes more?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
        scores=RESULTS + "/{cohort}/restricted/scores.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/outcome_models.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/outcome_models.parquet",
    log:
        RESULTS + "/{cohort}/logs/outcome_models.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/outcome_models.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("outcome_models"),
        settings=analysis_settings("outcome_models"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis outcome_models"
        " --config {params.config} --log {log}"


rule attendance:
    """How much of what was booked took place, and who misses more?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/attendance.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/attendance.parquet",
    log:
        RESULTS + "/{cohort}/logs/attendance.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/attendance.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("attendance"),
        settings=analysis_settings("attendance"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis attendance"
        " --config {params.config} --log {log}"


rule dropout:
    """Who leaves, when, and who stays to a planned ending?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/dropout.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/dropout.parquet",
    log:
        RESULTS + "/{cohort}/logs/dropout.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/dropout.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("dropout"),
        settings=analysis_settings("dropout"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis dropout"
        " --config {params.config} --log {log}"


rule nice_alignment:
    """What does NICE recommend for the problems recorded here?"""
    input:
        facts=RESULTS + "/{cohort}/restricted/cohort/facts.json",
        patients=RESULTS + "/{cohort}/restricted/cohort/patients.parquet",
        episodes=RESULTS + "/{cohort}/restricted/episodes.parquet",
        outcomes=RESULTS + "/{cohort}/restricted/outcomes.parquet",
    output:
        estimates=RESULTS + "/{cohort}/restricted/estimates/nice_alignment.parquet",
        covariances=RESULTS + "/{cohort}/restricted/covariances/nice_alignment.parquet",
    log:
        RESULTS + "/{cohort}/logs/nice_alignment.log",
    benchmark:
        RESULTS + "/{cohort}/logs/benchmarks/nice_alignment.tsv"
    params:
        config=CONFIG,
        python=PYTHON,
        code=analysis_code("nice_alignment"),
        settings=analysis_settings("nice_alignment"),
    shell:
        "{params.python:q} -m naturalistic stage analyse --cohort {wildcards.cohort} --analysis nice_alignment"
        " --config {params.config} --log {log}"
