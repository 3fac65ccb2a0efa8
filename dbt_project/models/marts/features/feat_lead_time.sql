with observations as (
    select *
    from {{ ref("fct_lead_time") }}
    where {{ as_known("received_date") }}
    qualify row_number() over (partition by observation_id order by available_at desc) = 1
),

-- Sums of integers: exact on any number of threads.
moments as (
    select
        receipt_kind,
        source_id,
        site_id,
        mode,
        count(*) as observation_count,
        sum(lead_time_days) as sum_days,
        sum(lead_time_days * lead_time_days) as sum_squares
    from observations
    group by receipt_kind, source_id, site_id, mode
),

quotes as (
    select
        'purchase' as receipt_kind,
        supplier_id as source_id,
        site_id,
        'supplier' as mode,
        cast(sum(quoted_lead_time_days) as double) / count(*) as quoted_days
    from {{ ref("int_sourcing") }}
    group by supplier_id, site_id
    union all
    select
        'transfer' as receipt_kind,
        origin_id as source_id,
        destination_id as site_id,
        mode,
        cast(quoted_transit_days as double) as quoted_days
    from {{ ref("int_lane") }}
),

joined as (
    select
        quotes.*,
        coalesce(moments.observation_count, 0) as observation_count,
        coalesce(moments.sum_days, 0) as sum_days,
        coalesce(
            cast(moments.observation_count * moments.sum_squares - pow(moments.sum_days, 2) as double)
            / nullif(moments.observation_count - 1, 0) / nullif(moments.observation_count, 0),
            0
        ) as variance_days
    from quotes
    left join moments
        on
            quotes.receipt_kind = moments.receipt_kind
            and quotes.source_id = moments.source_id
            and quotes.site_id = moments.site_id
            and quotes.mode = moments.mode
),

-- The quote counts as so many receipts of its own, with a spread of so much of its length.
final as (
    select
        {{ plan_date() }} as plan_date,
        receipt_kind,
        source_id,
        site_id,
        mode,
        cast(observation_count as bigint) as observation_count,
        quoted_days,
        (sum_days + {{ var("shrinkage_observations") }} * quoted_days)
        / (observation_count + {{ var("shrinkage_observations") }}) as mean_days,
        sqrt(
            (
                greatest(observation_count - 1, 0) * variance_days
                + {{ var("shrinkage_observations") }} * pow({{ var("lead_time_prior_cv") }} * quoted_days, 2)
            ) / (greatest(observation_count - 1, 0) + {{ var("shrinkage_observations") }})
        ) as std_days,
        '{{ var("feature_set_version") }}' as feature_set_version
    from joined
    where {{ after_the_gate() }}
)

select * from final
