"""The sensor that sends alerts: what is due leaves the outbox, and what was not taken is told in its tick."""

import dagster as dg

from platform_assets.clock import wall_now
from platform_assets.settings import Settings

_SEND_EVERY_S = 15


def alert_delivery_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the running sensor that sends due alerts; `platform alerts deliver` does the same without Dagster."""

    @dg.sensor(
        name="alert_delivery",
        minimum_interval_seconds=_SEND_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends due alerts to owners and consumers; what a receiver does not take is sent again later.",
    )
    def alert_delivery(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.alerts.deliver import deliver

        delivery = deliver(settings, open_ledger(settings.ledger_dsn), wall_now())
        for each in delivery.sent:
            where = f"{each.address.recipient} by {each.address.channel}"
            if each.problem is None:
                context.log.info("told %s: %s", where, each.headline)
            else:
                end = "given up, `platform alerts retry` sends it again" if each.is_dead else "sent again later"
                context.log.warning("not told %s (attempt %s, %s): %s", where, each.attempts, end, each.problem)
        failed = [f"{each.address.recipient} by {each.address.channel}: {each.problem}" for each in delivery.failed]
        told = f"{len(delivery.sent) - len(failed)} alerts sent"
        return dg.SkipReason("; ".join([told, *failed]) if delivery.sent else "no alert is due")

    return alert_delivery
