with batches as (
    select
        batch_id,
        business_date,
        available_at,
        covers
    from {{ source("raw", "batches") }}
    where
        feed = 'wms_inventory'
        and status = 'accepted'
        and {{ as_known() }}
),

-- A batch may speak for a site that holds nothing: then no row says so, the envelope does.
declared as (
    select
        batch_id,
        business_date,
        available_at,
        trim(unnest(string_split(covers, ','))) as site_id
    from batches
    where covers <> ''
),

counted as (
    select distinct
        batch_id,
        business_date,
        available_at,
        site_id
    from {{ ref("stg_wms__inventory") }}
    where {{ as_known() }}
),

counts as (
    select * from declared
    union
    select * from counted
),

final as (
    select
        site_id,
        max_by(batch_id, (business_date, available_at, batch_id)) as batch_id,
        max(business_date) as counted_date
    from counts
    where site_id <> ''
    group by site_id
)

select * from final
