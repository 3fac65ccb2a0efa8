{#- The batch, not its rows: an empty one says that nothing is under way any more. -#}
with batches as (
    select max_by(batch_id, (business_date, available_at, batch_id)) as batch_id
    from {{ source("raw", "batches") }}
    where
        feed = 'ledger_commitments'
        and status = 'accepted'
        and {{ as_known() }}
),

commitments as (
    select
        promised.*,
        -- What left or arrived beyond the promise was promised as well.
        greatest(promised.accepted_units, promised.shipped_units, promised.received_units) as promised_units
    from {{ ref("stg_ledger__commitments") }} as promised
    inner join batches on promised.batch_id = batches.batch_id
),

-- A purchase order stands for the whole order of its item, whatever became of it.
bought as (
    select distinct
        order_reference as order_id,
        item_id
    from {{ ref("stg_erp__purchase_orders") }}
    where order_reference is not null and {{ as_known("ordered_date") }}
),

shipment_lines as (
    select
        order_reference,
        item_id,
        shipped_units
    from {{ ref("stg_tms__shipments") }}
    where order_reference is not null and {{ as_known("departed_date") }}
    {{ latest_version(["shipment_id", "line_number"]) }}
),

-- A shipment may be one of several: it shows what it carries, lost or not.
shipped as (
    select
        order_reference as order_id,
        item_id,
        sum(shipped_units) as shown_units
    from shipment_lines
    group by order_reference, item_id
),

counted as (
    select
        commitments.*,
        sum(commitments.promised_units) over (
            partition by commitments.order_id, commitments.item_id
            order by commitments.line_number
        ) as promised_to_here_units,
        case
            when bought.order_id is not null
                then sum(commitments.promised_units) over (
                    partition by commitments.order_id, commitments.item_id
                )
            -- What arrived is among what was shipped, so that the larger number holds both.
            else greatest(
                coalesce(shipped.shown_units, 0),
                sum(commitments.received_units) over (
                    partition by commitments.order_id, commitments.item_id
                )
            )
        end as settled_units
    from commitments
    left join bought on commitments.order_id = bought.order_id and commitments.item_id = bought.item_id
    left join shipped on commitments.order_id = shipped.order_id and commitments.item_id = shipped.item_id
),

-- Feeds name order and item, not our line: they settle the lines of an item in their order.
final as (
    select
        order_id,
        line_number,
        if(kind = 'purchase', 'purchase', 'transfer') as receipt_kind,
        origin_id as source_id,
        destination_id as site_id,
        mode,
        item_id,
        departure_date,
        arrival_date,
        promised_units,
        cast(
            greatest(least(promised_units, promised_to_here_units - settled_units), 0) as bigint
        ) as open_units,
        value_amount,
        batch_id
    from counted
)

select * from final
