{#- As int_open_line: a line this many days past its promise is taken for lost. -#}
{%- set longest_overdue_days = 60 -%}

with segments as (
    {{ segments() }}
),

items as (
    select * from {{ ref("int_item") }}
),

lines as (
    select
        supply.*,
        coalesce(segments.demand_segment, 'none') as demand_segment,
        supply.received_units >= supply.asked_units as is_in_full,
        not supply.is_open and supply.received_date <= supply.promised_date as is_on_time,
        supply.received_date - supply.started_date as lead_days,
        case
            when supply.promised_date >= supply.started_date then supply.promised_date - supply.started_date
        end as quoted_days,
        coalesce(
            supply.lost_date,
            case when supply.is_open then supply.promised_date + {{ longest_overdue_days }} + 1 end
        ) as failed_date
    from {{ ref("int_supply_line") }} as supply
    left join segments on supply.item_id = segments.item_id and supply.site_id = segments.site_id
),

due as (
    select
        promised_date as day,
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        count(*) as due_lines,
        count(*) filter (where is_on_time) as on_time_lines,
        count(*) filter (where is_in_full) as in_full_lines,
        count(*) filter (where is_on_time and is_in_full) as otif_lines
    from lines
    group by promised_date, receipt_kind, source_id, site_id, demand_segment
),

-- A receipt before its start measures a typing error, not a lead time.
received as (
    select
        received_date as day,
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        count(*) as received_lines,
        sum(lead_days) as lead_time_days,
        count(quoted_days) as quoted_lines,
        count(*) filter (where abs(lead_days - quoted_days) <= 1) as near_quote_lines,
        coalesce(sum(lead_days - quoted_days), 0) as slip_days
    from lines
    where not is_open and received_date >= started_date
    group by received_date, receipt_kind, source_id, site_id, demand_segment
),

failed as (
    select
        failed_date as day,
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        count(*) as failed_lines
    from lines
    group by failed_date, receipt_kind, source_id, site_id, demand_segment
),

-- DECIMAL, so that a departure weighs the same whatever the order of adding.
carried as (
    select
        lines.started_date,
        lines.source_id,
        lines.site_id,
        lines.mode,
        lines.demand_segment,
        lines.asked_units,
        cast(lines.asked_units * items.weight_kg_per_unit as decimal(38, 9)) as weight_kg,
        cast(lines.asked_units * items.volume_m3_per_unit as decimal(38, 9)) as volume_m3
    from lines
    inner join items on lines.item_id = items.item_id
    where lines.receipt_kind = 'transfer' and lines.started_date >= {{ reported_since() }}
),

departures as (
    select
        started_date,
        source_id,
        site_id,
        mode,
        cast(sum(weight_kg) as double) as departure_kg,
        cast(sum(volume_m3) as double) as departure_m3,
        count(*) as departure_lines
    from carried
    group by started_date, source_id, site_id, mode
),

-- A departure takes the trucks that its weight and volume need; each line pays by weight.
priced as (
    select
        carried.started_date as day,
        carried.source_id,
        carried.site_id,
        carried.demand_segment,
        carried.asked_units,
        lanes.fixed_cost_per_departure * greatest(
            1,
            coalesce(ceil(departures.departure_kg / nullif(lanes.truck_kg, 0)), 1),
            coalesce(ceil(departures.departure_m3 / nullif(lanes.truck_m3, 0)), 1)
        ) * coalesce(
            cast(carried.weight_kg as double) / nullif(departures.departure_kg, 0),
            1 / departures.departure_lines
        )
        + lanes.cost_per_kg * cast(carried.weight_kg as double)
        + lanes.cost_per_m3 * cast(carried.volume_m3 as double)
        + lanes.cost_per_unit * carried.asked_units as freight
    from carried
    inner join departures
        on
            carried.started_date = departures.started_date
            and carried.source_id = departures.source_id
            and carried.site_id = departures.site_id
            and carried.mode = departures.mode
    inner join {{ ref("int_lane") }} as lanes
        on
            carried.source_id = lanes.origin_id
            and carried.site_id = lanes.destination_id
            and carried.mode = lanes.mode
),

departed as (
    select
        day,
        'transfer' as receipt_kind,
        source_id,
        site_id,
        demand_segment,
        sum(asked_units) as costed_units,
        sum(cast(freight as decimal(38, 9))) as freight_amount
    from priced
    group by day, source_id, site_id, demand_segment
),

-- From the day it left to the day before it came in, was told lost or is given up.
spans as (
    select
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        promised_date,
        if(is_open, asked_units - received_units, asked_units) as units,
        greatest(started_date, {{ reported_since() }}) as first_day,
        least(
            coalesce(failed_date, if(is_open, null, received_date), {{ plan_date() }}), {{ plan_date() }}
        ) - first_day as day_count
    from lines
),

days_under_way as (
    select
        spans.*,
        spans.first_day + cast(unnest(range(spans.day_count)) as integer) as day
    from spans
    where spans.units > 0 and spans.day_count > 0
),

under_way as (
    select
        day,
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        sum(units) as under_way_units,
        sum(units) filter (where promised_date <= day) as overdue_units
    from days_under_way
    group by day, receipt_kind, source_id, site_id, demand_segment
),

happened as (
    select * from due
    union all by name
    select * from received
    union all by name
    select * from failed
    union all by name
    select * from departed
    union all by name
    select * from under_way
),

final as (
    select
        {{ plan_date() }} as plan_date,
        day,
        receipt_kind,
        source_id,
        site_id,
        demand_segment,
        cast(coalesce(sum(due_lines), 0) as bigint) as due_lines,
        cast(coalesce(sum(on_time_lines), 0) as bigint) as on_time_lines,
        cast(coalesce(sum(in_full_lines), 0) as bigint) as in_full_lines,
        cast(coalesce(sum(otif_lines), 0) as bigint) as otif_lines,
        cast(coalesce(sum(received_lines), 0) as bigint) as received_lines,
        cast(coalesce(sum(lead_time_days), 0) as bigint) as lead_time_days,
        cast(coalesce(sum(quoted_lines), 0) as bigint) as quoted_lines,
        cast(coalesce(sum(near_quote_lines), 0) as bigint) as near_quote_lines,
        cast(coalesce(sum(slip_days), 0) as bigint) as slip_days,
        cast(coalesce(sum(received_lines), 0) + coalesce(sum(failed_lines), 0) as bigint) as ended_lines,
        cast(coalesce(sum(failed_lines), 0) as bigint) as failed_lines,
        cast(coalesce(sum(costed_units), 0) as bigint) as costed_units,
        cast(coalesce(sum(freight_amount), 0) as double) as freight_amount,
        cast(coalesce(sum(under_way_units), 0) as bigint) as under_way_units,
        cast(coalesce(sum(overdue_units), 0) as bigint) as overdue_units
    from happened
    where day >= {{ reported_since() }} and day < {{ plan_date() }} and {{ after_the_gate() }}
    group by day, receipt_kind, source_id, site_id, demand_segment
)

select * from final
