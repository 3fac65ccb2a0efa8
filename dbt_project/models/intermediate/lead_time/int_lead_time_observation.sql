with purchases as (
    select
        'purchase/' || purchase_order_id || '/' || line_number as observation_id,
        'purchase' as receipt_kind,
        supplier_id as source_id,
        site_id,
        'supplier' as mode,
        item_id,
        ordered_date as started_date,
        received_date,
        promised_date - ordered_date as quoted_days,
        business_date,
        available_at,
        batch_id,
        batch_row
    from {{ ref("stg_erp__purchase_orders") }}
    where status = 'received'
),

transfers as (
    select
        'transfer/' || shipment_id || '/' || line_number as observation_id,
        'transfer' as receipt_kind,
        origin_id as source_id,
        destination_id as site_id,
        mode,
        item_id,
        departed_date as started_date,
        arrived_date as received_date,
        expected_date - departed_date as quoted_days,
        business_date,
        available_at,
        batch_id,
        batch_row
    from {{ ref("stg_tms__shipments") }}
    where status = 'arrived'
),

receipts as (
    select * from purchases
    union all
    select * from transfers
),

-- A receipt cannot be known before its day, whatever the file's time says. A receipt before its
-- start measures a typing error, not a lead time.
dated as (
    select
        * exclude (available_at),
        greatest(available_at, cast(received_date as timestamp)) as available_at
    from receipts
    where received_date >= started_date
    qualify row_number() over (
        partition by observation_id, greatest(available_at, cast(received_date as timestamp))
        order by business_date desc, batch_id desc, batch_row desc
    ) = 1
),

-- The same receipt sent again is no news; one that differs from the version before is a correction.
compared as (
    select
        *,
        row(started_date, received_date, item_id, site_id) as told,
        lag(told) over (partition by observation_id order by available_at) as before
    from dated
),

final as (
    select
        observation_id,
        receipt_kind,
        source_id,
        site_id,
        mode,
        item_id,
        started_date,
        received_date,
        received_date - started_date as lead_time_days,
        if(quoted_days >= 0, quoted_days, null) as quoted_days,
        available_at,
        batch_id
    from compared
    where before is distinct from told
)

select * from final
