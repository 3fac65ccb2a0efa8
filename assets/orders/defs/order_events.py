"""The events of ``orders/order``: a materialization per revision, an observation per withdrawal; its partitions.

Not here: the assets, and which orders are to be logged (``projections``).
"""

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.storage.event_log.schema import DynamicPartitionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from assets.kernel.clock import Clock
from assets.kernel.defs import event_log_kept_open, log_event, shown
from assets.orders import pages
from assets.orders.order import Order
from assets.orders.projections import over_since, unlogged
from assets.orders.store import OrderStore

ORDER_KEY = dg.AssetKey(["orders", "order"])
DOCUMENTS_KEY = dg.AssetKey(["orders", "documents"])
ORDER_PARTITIONS = "order_documents"
# The only tag by which the event log can be asked for the latest event of many partitions at once.
_DATA_VERSION = "dagster/data_version"
_AT_ONCE = 1000


def log_orders(context: dg.AssetExecutionContext, orders: Sequence[Order], withdrawn: Sequence[Order]) -> int:
    """Log revisions that have no materialization yet, also those of dead runs, and withdrawals.

    Returns
    -------
    int
        How many revisions were logged.
    """
    missing = unlogged(orders, _logged(context.instance, [order.order_id for order in orders]))
    # All partitions in one call: one by one they would cost as much as the events.
    context.instance.add_dynamic_partitions(ORDER_PARTITIONS, [order.order_id for order in missing])
    with event_log_kept_open(context.instance, context.run.run_id):
        for order in missing:
            log_event(context, _materialization(order))
        for order in withdrawn:
            log_event(context, _observation(order))
    return len(missing)


def prune_orders(instance: dg.DagsterInstance, store: OrderStore, clock: Clock, days: int) -> int:
    """Take partitions away whose orders were over days ago, and return how many; the ledger keeps all."""
    partitions = instance.get_dynamic_partitions(ORDER_PARTITIONS)
    over = over_since(store, partitions, today=clock.today(), now=clock.now(), days=days)
    for start in range(0, len(over), _AT_ONCE):
        _delete_partitions(instance, over[start : start + _AT_ONCE])
    return len(over)


def _delete_partitions(instance: dg.DagsterInstance, order_ids: Sequence[str]) -> None:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        for order_id in order_ids:
            instance.delete_dynamic_partition(ORDER_PARTITIONS, order_id)
        return
    # Private: the public way opens the database anew for each (a thousand: 35 s against 0.05 s). Until Dagster can be
    # asked to delete several: 2027-05-31 at the latest.
    table = DynamicPartitionsTable
    ours = table.c.partitions_def_name == ORDER_PARTITIONS
    with storage.index_connection() as connection:
        connection.execute(table.delete().where(ours, table.c.partition.in_(order_ids)))


def _logged(instance: dg.DagsterInstance, order_ids: Sequence[str]) -> Mapping[str, str]:
    if not order_ids:
        return {}
    # Private: the public `fetch_materializations` reads whole events (500 orders: 0.7 to 1.5 s against
    # 0.01 to 0.04 s). Until Dagster can be asked for tags alone: 2027-05-31 at the latest.
    tags = instance.event_log_storage.get_latest_tags_by_partition(
        ORDER_KEY, dg.DagsterEventType.ASSET_MATERIALIZATION, [_DATA_VERSION], asset_partitions=order_ids
    )
    return {order_id: found[_DATA_VERSION] for order_id, found in tags.items()}


def _observation(order: Order) -> dg.AssetObservation:
    facts = {"status": order.status.value, "reason": order.status_reason}
    return dg.AssetObservation(ORDER_KEY, partition=order.order_id, metadata=facts, tags=pages.event_tags(order))


def _materialization(order: Order) -> dg.AssetMaterialization:
    made_by = order.document.provenance
    return dg.AssetMaterialization(
        ORDER_KEY,
        description=order.document.reason,
        partition=order.order_id,
        tags={_DATA_VERSION: order.data_version, **pages.event_tags(order)},
        metadata={
            **shown(pages.document_page(order)),
            "batch_ids": dg.MetadataValue.json(list(made_by.batch_ids)),
            "made_in_run": dg.MetadataValue.dagster_run(made_by.run_id),
            "made_from": dg.MetadataValue.asset(DOCUMENTS_KEY),
        },
    )
