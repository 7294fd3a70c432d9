# Models of one set of words go together. What else the base is heard in is a batch of its own: raw/<set>.
BATCH = "[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)?"


rule decode:
    input:
        spec=spec("decode"),
        needed=inputs_of("decode"),
    output:
        record("decode"),
    log:
        f"{RESULTS}/logs/decode/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/decode/{{id}}.tsv"
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    threads: threads_of("decode")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/decode.py" {input.spec} {threads} > {log} 2>&1'


rule score:
    input:
        spec=spec("score"),
        needed=inputs_of("score"),
    output:
        record("score"),
    log:
        f"{RESULTS}/logs/score/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{{id}}.tsv"
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/score.py" {input.spec} {threads} > {log} 2>&1'


rule score_one:
    input:
        **alone("score"),
    output:
        scores=f"{RESULTS}/scores/{{id}}.tsv",
        receipt=f"{RESULTS}/scores/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/score_one/{{id}}.log",
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/score.py" {input.spec} {threads} > {log} 2>&1'
