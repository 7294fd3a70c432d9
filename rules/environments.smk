# Environments of engines that cannot live in the main one, made from the same locks where Snakemake uses no conda.


rule environment:
    output:
        f"{folder_of(OWN[0]).parent}/{{environment}}-{{digest}}/ready",
    log:
        f"{folder_of(OWN[0]).parent}/{{environment}}-{{digest}}.log",
    wildcard_constraints:
        digest="[0-9a-f]+",
    conda:
        "../envs/main.yaml"
    message:
        "Making the environment {wildcards.environment}: once, and for all runs until its lock changes."
    shell:
        'python "$SCRIPTS/make_environment.py" {wildcards.environment} {output:q} {log:q}'


rule environments:
    input:
        [ready(name) for name in OWN],
