"""What the last run did, as a page of its own: the report shows it and stays the same whenever it is made."""

from tauspeech.reporting.templates import environment
from tauspeech.runtime.run_record import Account
from tauspeech.runtime.run_summary import COLUMNS, cells, verdict


def build_summary(account: Account) -> str:
    return (
        environment()
        .get_template("last_run.html.jinja")
        .render(
            verdict=verdict(account),
            ended=f"{account.ended:%d %B %Y, %H:%M}",
            columns=COLUMNS,
            rows=[cells(stage) for stage in account.stages],
        )
    )
