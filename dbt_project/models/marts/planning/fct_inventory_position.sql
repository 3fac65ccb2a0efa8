with items as (
    select * from {{ ref("int_item") }}
),

ranged as (
    select
        item_id,
        site_id
    from {{ ref("int_item_site") }}
),

counts as (
    select * from {{ ref("int_stock_count") }}
),

on_hand as (
    select * from {{ ref("int_stock_on_hand") }}
),

supply as (
    select
        item_id,
        site_id,
        sum(open_units) filter (where receipt_kind = 'transfer') as in_transit_units,
        sum(open_units) filter (where receipt_kind = 'purchase') as on_order_units
    from {{ ref("int_supply") }}
    group by item_id, site_id
),

-- Nobody has shown yet that it left: the count still holds it, and it is promised.
leaving as (
    select
        item_id,
        source_id as site_id,
        sum(open_units) as leaving_units,
        max(batch_id) as batch_id
    from {{ ref("int_supply") }}
    where is_commitment and receipt_kind = 'transfer'
    group by item_id, source_id
),

batches as (
    select
        item_id,
        site_id,
        string_agg(batch_id, ',' order by batch_id) as batch_ids
    from (
        select
            item_id,
            site_id,
            batch_id
        from on_hand
        union
        select
            item_id,
            site_id,
            batch_id
        from {{ ref("int_supply") }}
        union
        select
            item_id,
            site_id,
            batch_id
        from leaving
    ) as used
    group by item_id, site_id
),

places as (
    select * from ranged
    union
    select
        item_id,
        site_id
    from on_hand
    where on_hand_units <> 0
),

summed as (
    select
        places.item_id,
        places.site_id,
        -- An item a count does not mention was counted too: there was none of it.
        coalesce(on_hand.counted_date, counts.counted_date) as counted_date,
        coalesce(on_hand.on_hand_units, 0) as on_hand_units,
        coalesce(on_hand.reserved_units, 0) as reserved_units,
        coalesce(on_hand.blocked_units, 0) as blocked_units,
        coalesce(on_hand.expiring_units, 0) as expiring_units,
        coalesce(leaving.leaving_units, 0) as leaving_units,
        on_hand.first_expiry_date,
        cast(coalesce(supply.in_transit_units, 0) as bigint) as in_transit_units,
        cast(coalesce(supply.on_order_units, 0) as bigint) as on_order_units,
        {{ money("coalesce(on_hand.on_hand_units, 0) * items.unit_cost") }} as stock_amount,
        coalesce(batches.batch_ids, counts.batch_id, '') as batch_ids
    from places
    inner join items on places.item_id = items.item_id
    left join counts on places.site_id = counts.site_id
    left join on_hand on places.item_id = on_hand.item_id and places.site_id = on_hand.site_id
    left join supply on places.item_id = supply.item_id and places.site_id = supply.site_id
    left join leaving on places.item_id = leaving.item_id and places.site_id = leaving.site_id
    left join batches on places.item_id = batches.item_id and places.site_id = batches.site_id
    where {{ after_the_gate() }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        item_id,
        site_id,
        counted_date,
        on_hand_units,
        reserved_units,
        blocked_units,
        expiring_units,
        cast(
            greatest(
                on_hand_units - reserved_units - blocked_units - expiring_units - leaving_units, 0
            ) as bigint
        ) as available_units,
        first_expiry_date,
        in_transit_units,
        on_order_units,
        available_units + in_transit_units + on_order_units as position_units,
        stock_amount,
        batch_ids
    from summed
)

select * from final
