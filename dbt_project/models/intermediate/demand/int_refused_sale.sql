with quarantine as (
    select
        try_cast(refused.payload as json) as sent,
        refused.batch_id,
        refused.row_number as batch_row,
        refused.business_date,
        refused._available_at as available_at,
        batches.row_availability = 'row' as is_history
    from {{ source("raw", "quarantine") }} as refused
    inner join {{ source("raw", "batches") }} as batches on refused.batch_id = batches.batch_id
    where refused.feed = 'demand_sales'
),

-- Every value stands there as text, and is read as landing reads it: a date is a time first.
told as (
    select
        json_extract_string(sent, '$.item_id') as item_id,
        json_extract_string(sent, '$.site_id') as site_id,
        try_cast(try_cast(json_extract_string(sent, '$.sales_date') as timestamp) as date) as told_date,
        batch_id,
        batch_row,
        business_date,
        available_at,
        is_history,
        told_date between date '1990-01-01' and business_date as is_dated
    from quarantine
),

-- Where the date itself is the fault, the row speaks of its batch's day as far as anybody knows;
-- a history has no such day.
dated as (
    select
        item_id,
        site_id,
        if(is_dated, told_date, business_date) as sales_date,
        batch_id,
        batch_row,
        available_at
    from told
    where item_id <> '' and site_id <> '' and (is_dated or not is_history)
),

known as (
    select *
    from dated
    where {{ as_known("sales_date") }}
    qualify row_number() over (
        partition by item_id, site_id, sales_date
        order by available_at desc, batch_id desc, batch_row desc
    ) = 1
),

standing as (
    select
        item_id,
        site_id,
        sales_date
    from {{ ref("stg_demand__sales") }}
    where {{ as_known("sales_date") }}
),

final as (
    select
        known.item_id,
        known.site_id,
        known.sales_date,
        {{ bucket_of("known.sales_date") }} as bucket_start,
        known.batch_id,
        known.batch_row,
        known.available_at
    from known
    anti join standing
        on
            known.item_id = standing.item_id
            and known.site_id = standing.site_id
            and known.sales_date = standing.sales_date
)

select * from final
