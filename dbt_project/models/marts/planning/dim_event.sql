with latest as (
    select *
    from {{ ref("stg_demand__events") }}
    where {{ as_known() }}
    {{ latest_version(["event_id"]) }}
),

known_items as (
    select item_id from {{ ref("int_item") }}
),

known_sites as (
    select site_id from {{ ref("int_site") }}
),

-- What ends before it starts was called off. What is told of unknown items and sites concerns nobody.
final as (
    select
        {{ plan_date() }} as plan_date,
        latest.event_id,
        latest.event_name,
        latest.event_kind,
        latest.region,
        latest.site_id,
        latest.item_id,
        latest.start_date,
        latest.end_date,
        latest.unit_price
    from latest
    left join known_items on latest.item_id = known_items.item_id
    left join known_sites on latest.site_id = known_sites.site_id
    where
        latest.end_date >= latest.start_date
        and (latest.item_id is null or known_items.item_id is not null)
        and (latest.site_id is null or known_sites.site_id is not null)
        and {{ after_the_gate() }}
)

select * from final
