rule choose_ratios:
    input:
        spec=spec("ratios"),
        needed=inputs_of("ratios"),
    output:
        ratios=f"{RESULTS}/ratios/{{id}}.json",
        receipt=f"{RESULTS}/ratios/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/ratios/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/ratios/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("ratios")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/choose_ratios.py" {input.spec} {threads} > {log} 2>&1'


rule sweep_ratios:
    input:
        spec=spec("retained"),
        needed=inputs_of("retained"),
    output:
        retained=f"{RESULTS}/retained/{{id}}.json",
        receipt=f"{RESULTS}/retained/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/retained/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/retained/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("retained")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/sweep_ratios.py" {input.spec} {threads} > {log} 2>&1'
