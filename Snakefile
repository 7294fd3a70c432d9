from snakemake.utils import min_version

min_version("9.0")

# Another configuration replaces the default one; they are not merged.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/text.smk"
include: "rules/speech.smk"
include: "rules/environments.smk"
include: "rules/models.smk"
include: "rules/vectors.smk"
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
    """Everything that the configuration asks for: tables, figures, claims, models, vectors and the report."""
    default_target: True
    input:
        wanted(),
