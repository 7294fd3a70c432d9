from snakemake.utils import min_version

min_version("9.0")

# A configuration is whole: another one replaces the default, it is not laid over it.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/text.smk"
include: "rules/speech.smk"
include: "rules/environments.smk"
include: "rules/voices.smk"
include: "rules/corpora.smk"
include: "rules/foundation.smk"
include: "rules/finetune.smk"
include: "rules/vectors.smk"
include: "rules/pruning.smk"
include: "rules/merge.smk"
include: "rules/scoring.smk"
include: "rules/report.smk"
include: "rules/summary.smk"


localrules:
    all,
    rarity,
    candidates,
    environment,
    environments,


rule all:
    default_target: True
    input:
        wanted(),


rule rarity:
    input:
        receipts("rarity"),
