{#- A season of days is a week; of weeks, whose year of history is too short for more, the week before. -#}
{%- set season_days = 7 -%}

with known as (
    select
        item_id,
        site_id,
        bucket_start,
        demand_lower_bound_units as units
    from {{ ref("int_demand") }}
    where not is_censored and bucket_start >= {{ reported_since() }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        later.item_id,
        later.site_id,
        count(*) as compared_buckets,
        cast(sum(abs(later.units - earlier.units)) as bigint) as absolute_error_units
    from known as later
    inner join known as earlier
        on
            later.item_id = earlier.item_id
            and later.site_id = earlier.site_id
            and later.bucket_start = earlier.bucket_start + {{ season_days }}
    where {{ after_the_gate() }}
    group by later.item_id, later.site_id
)

select * from final
