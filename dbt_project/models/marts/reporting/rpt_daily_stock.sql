with segments as (
    {{ segments() }}
),

items as (
    select * from {{ ref("int_item") }}
),

open_sites as (
    select site_id from {{ ref("int_site") }} where is_open
),

holding as (
    select
        item_id,
        site_id,
        holding_cost_per_unit_day
    from {{ ref("int_item_site") }}
),

wanted as (
    select distinct item_id
    from {{ ref("int_demand") }}
    where bucket_start >= {{ plan_date() }} - 91 and demand_lower_bound_units > 0
    union
    select item_id from {{ ref("int_item_site") }}
    where lifecycle = 'new'
),

-- Nobody bought it for as long as the longest window, and it is new nowhere.
unwanted as (
    select items.item_id
    from items
    anti join wanted on items.item_id = wanted.item_id
),

batches as (
    select
        batch_id,
        business_date,
        available_at,
        covers
    from {{ source("raw", "batches") }}
    where
        feed = 'wms_inventory'
        and status = 'accepted'
        and business_date >= {{ reported_since() }}
        and {{ as_known() }}
),

inventory as (
    select * from {{ ref("stg_wms__inventory") }}
    where business_date >= {{ reported_since() }} and {{ as_known() }}
),

-- A batch may speak for a site that holds nothing: then no row says so, the envelope does.
told as (
    select
        batch_id,
        business_date,
        available_at,
        trim(unnest(string_split(covers, ','))) as site_id
    from batches
    where covers <> ''
    union
    select distinct
        batch_id,
        business_date,
        available_at,
        site_id
    from inventory
),

counts as (
    select
        told.site_id,
        told.business_date as day,
        max_by(told.batch_id, (told.available_at, told.batch_id)) as batch_id
    from told
    inner join open_sites on told.site_id = open_sites.site_id
    group by told.site_id, told.business_date
),

lots as (
    select
        inventory.item_id,
        inventory.site_id,
        counts.day,
        -- A negative count is an error of counting; there is no such stock.
        greatest(inventory.on_hand_units, 0) as on_hand_units,
        inventory.expiry_date < counts.day as is_expired
    from inventory
    inner join counts on inventory.batch_id = counts.batch_id and inventory.site_id = counts.site_id
    qualify row_number() over (
        partition by inventory.batch_id, inventory.site_id, inventory.item_id, inventory.lot_id
        order by inventory.batch_row desc
    ) = 1
),

held as (
    select
        item_id,
        site_id,
        day,
        sum(on_hand_units) as on_hand_units,
        coalesce(sum(on_hand_units) filter (where is_expired), 0) as expired_units
    from lots
    group by item_id, site_id, day
),

stocked as (
    select
        held.day,
        held.site_id,
        coalesce(segments.demand_segment, 'none') as demand_segment,
        count(*) filter (where segments.is_served and held.on_hand_units > 0) as stocked_count,
        sum(held.on_hand_units) as on_hand_units,
        sum(held.on_hand_units * items.unit_cost) as stock_amount,
        sum(
            if(unwanted.item_id is null, held.expired_units, held.on_hand_units) * items.unit_cost
        ) as obsolete_amount,
        sum(
            cast(
                held.on_hand_units * coalesce(holding.holding_cost_per_unit_day, 0) as decimal(38, 9)
            )
        ) as carrying_amount
    from held
    inner join items on held.item_id = items.item_id
    left join segments on held.item_id = segments.item_id and held.site_id = segments.site_id
    left join holding on held.item_id = holding.item_id and held.site_id = holding.site_id
    left join unwanted on held.item_id = unwanted.item_id
    group by held.day, held.site_id, coalesce(segments.demand_segment, 'none')
),

ranged as (
    select
        site_id,
        demand_segment,
        count(*) as ranged_count
    from segments
    where is_served
    group by site_id, demand_segment
),

-- An item that a count does not mention was counted too: there was none of it.
counted as (
    select
        counts.day,
        counts.site_id,
        ranged.demand_segment,
        ranged.ranged_count
    from counts
    inner join ranged on counts.site_id = ranged.site_id
),

movements as (
    select * from {{ ref("stg_wms__stock_movements") }}
    where {{ as_known("movement_date") }} and movement_date >= {{ reported_since() }}
    {{ latest_version(["movement_id"]) }}
),

moved as (
    select distinct
        movement_date as day,
        site_id
    from movements
),

scrapped as (
    select
        movements.movement_date as day,
        movements.site_id,
        coalesce(segments.demand_segment, 'none') as demand_segment,
        sum(-movements.moved_units * items.unit_cost) as scrapped_amount
    from movements
    inner join items on movements.item_id = items.item_id
    inner join open_sites on movements.site_id = open_sites.site_id
    left join segments on movements.item_id = segments.item_id and movements.site_id = segments.site_id
    where movements.movement_kind = 'scrap'
    group by movements.movement_date, movements.site_id, coalesce(segments.demand_segment, 'none')
),

-- A week's sales spread over its days.
sold as (
    select
        service.day + cast(days.number as integer) as day,
        service.site_id,
        service.demand_segment,
        service.cost_of_sales_amount / {{ bucket_days() }} as sold_amount
    from {{ ref("rpt_daily_service") }} as service
    cross join range({{ bucket_days() }}) as days (number)
    where service.plan_date = {{ plan_date() }}
),

cells as (
    select
        day,
        site_id,
        demand_segment
    from stocked
    union
    select
        day,
        site_id,
        demand_segment
    from counted
    union
    select
        day,
        site_id,
        demand_segment
    from scrapped
    union
    select
        sold.day,
        sold.site_id,
        sold.demand_segment
    from sold
    semi join moved on sold.day = moved.day and sold.site_id = moved.site_id
    union
    select
        sold.day,
        sold.site_id,
        sold.demand_segment
    from sold
    semi join counts on sold.day = counts.day and sold.site_id = counts.site_id
),

final as (
    select
        {{ plan_date() }} as plan_date,
        cells.day,
        cells.site_id,
        cells.demand_segment,
        coalesce(counted.ranged_count, 0) as counted_count,
        coalesce(stocked.stocked_count, 0) as stocked_count,
        cast(coalesce(stocked.on_hand_units, 0) as bigint) as on_hand_units,
        {{ money("coalesce(stocked.stock_amount, 0)") }} as stock_amount,
        {{ money("coalesce(stocked.obsolete_amount, 0)") }} as obsolete_amount,
        cast(coalesce(stocked.carrying_amount, 0) as double) as carrying_amount,
        cast(if(counts.site_id is null, 0, coalesce(sold.sold_amount, 0)) as double) as cost_of_sales_amount,
        {{ money("coalesce(scrapped.scrapped_amount, 0)") }} as scrapped_amount,
        cast(if(moved.site_id is null, 0, coalesce(sold.sold_amount, 0)) as double) as moved_cost_amount
    from cells
    left join counts on cells.day = counts.day and cells.site_id = counts.site_id
    left join moved on cells.day = moved.day and cells.site_id = moved.site_id
    left join stocked
        on
            cells.day = stocked.day
            and cells.site_id = stocked.site_id
            and cells.demand_segment = stocked.demand_segment
    left join counted
        on
            cells.day = counted.day
            and cells.site_id = counted.site_id
            and cells.demand_segment = counted.demand_segment
    left join scrapped
        on
            cells.day = scrapped.day
            and cells.site_id = scrapped.site_id
            and cells.demand_segment = scrapped.demand_segment
    left join sold
        on
            cells.day = sold.day
            and cells.site_id = sold.site_id
            and cells.demand_segment = sold.demand_segment
    where cells.day < {{ plan_date() }} and {{ after_the_gate() }}
)

select * from final
