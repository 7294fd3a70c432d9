# The base is heard and scored for each set by itself: raw/<set>.
MODEL_OR_SET = "[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)?"


rule decode:
    input:
        spec=spec("decode"),
        needed=inputs_of("decode"),
    output:
        f"{RESULTS}/hypotheses/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/decode/{{id}}.log",
    wildcard_constraints:
        id=MODEL_OR_SET,
    conda:
        "../envs/main.yaml"
    threads: threads_of("decode")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        "python $SCRIPTS/decode.py {input.spec} {threads} > {log} 2>&1"


rule score:
    input:
        spec=spec("score"),
        needed=inputs_of("score"),
    output:
        scores=f"{RESULTS}/scores/{{id}}.tsv",
        receipt=f"{RESULTS}/scores/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/score/{{id}}.log",
    wildcard_constraints:
        id=MODEL_OR_SET,
    conda:
        "../envs/main.yaml"
    shell:
        "python $SCRIPTS/score.py {input.spec} {threads} > {log} 2>&1"
