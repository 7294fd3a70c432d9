# Environments of engines that cannot share the main one, made from the same locks where Snakemake does not use conda.


rule environment:
    """Make the environment of an engine from its lock."""
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
    """Environments of all engines (a target)."""
    input:
        [ready(name) for name in OWN],
