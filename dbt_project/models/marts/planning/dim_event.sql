with known as (
    select
        *,
        row(event_name, event_kind, region, site_id, item_id, start_date, end_date, unit_price) as announced
    from {{ ref("stg_demand__events") }}
    where {{ as_known() }}
),

told as (
    select
        *,
        lag(announced) over versions as announced_before
    from known
    window versions as (partition by event_id order by available_at, business_date, batch_id, batch_row)
),

-- An event is announced as it stands since the last version that says something else than the one before it.
latest as (
    select
        *,
        max(if(announced is distinct from announced_before, available_at, null)) over (
            partition by event_id
        ) as announced_at
    from told
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
        latest.unit_price,
        latest.announced_at as available_at
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
