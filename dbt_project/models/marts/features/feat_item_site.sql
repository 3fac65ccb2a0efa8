{%- set season_length = 13 if var("bucket") == "week" else 7 -%}
{%- set season_buckets = 52 if var("bucket") == "week" else 7 -%}

with items as (
    select * from {{ ref("int_item") }}
),

ranged as (
    select
        item_id,
        site_id
    from {{ ref("int_item_site") }}
),

sites as (
    select * from {{ ref("int_site_echelon") }}
),

profiles as (
    select * from {{ ref("int_demand_profile") }}
),

positions as (
    select
        item_id,
        site_id,
        available_units
    from {{ ref("fct_inventory_position") }}
    where plan_date = {{ plan_date() }}
),

sold_value as (
    select
        demand.item_id,
        sum(cast(
            demand.demand_lower_bound_units * coalesce(demand.unit_price, items.unit_price) as decimal(38, 4)
        )) as sold_amount
    from {{ ref("int_demand") }} as demand
    inner join items on demand.item_id = items.item_id
    where demand.bucket_start >= {{ window_start(var("history_window_buckets")) }}
    group by demand.item_id
),

-- The share sold by better items decides, so that the best item is A whatever its own share.
ranked as (
    select
        item_id,
        sold_amount,
        sum(sold_amount) over (order by sold_amount desc, item_id asc) - sold_amount as better_amount,
        sum(sold_amount) over () as network_amount
    from sold_value
),

classes as (
    select
        item_id,
        case
            when sold_amount <= 0 then 'C'
            when better_amount < {{ var("abc_a_share") }} * network_amount then 'A'
            when better_amount < {{ var("abc_b_share") }} * network_amount then 'B'
            else 'C'
        end as abc_class
    from ranked
),

moments as (
    select
        ranged.item_id,
        ranged.site_id,
        sites.echelon,
        profiles.first_sale,
        coalesce(profiles.observed_ever, 0) as observed_ever,
        coalesce(({{ plan_date() }} - profiles.first_sale) // {{ bucket_days() }}, 0) as history_buckets,
        coalesce(profiles.known_buckets, 0) as known_buckets,
        coalesce(profiles.censored_buckets, 0) as censored_buckets,
        coalesce(profiles.promoted_buckets, 0) as promoted_buckets,
        coalesce(profiles.observed_buckets, 0) as observed_buckets,
        coalesce(profiles.selling_buckets, 0) as selling_buckets,
        profiles.observed_units,
        profiles.observed_squares,
        profiles.season_count,
        profiles.season_squares,
        profiles.observed_buckets - profiles.recent_buckets as earlier_buckets,
        profiles.observed_units - profiles.recent_units as earlier_units,
        profiles.latest_buckets,
        profiles.latest_units,
        coalesce(profiles.recent_buckets, 0) as recent_buckets,
        -- A window without one uncensored bucket says nothing: the history speaks for it.
        if(profiles.recent_buckets > 0, profiles.recent_buckets, profiles.observed_buckets) as window_buckets,
        if(profiles.recent_buckets > 0, profiles.recent_units, profiles.observed_units) as window_units,
        if(profiles.recent_buckets > 0, profiles.recent_squares, profiles.observed_squares) as window_squares
    from ranged
    inner join sites on ranged.site_id = sites.site_id
    left join profiles on ranged.item_id = profiles.item_id and ranged.site_id = profiles.site_id
),

-- n * sum(x^2) - sum(x)^2 is an integer, so that the variance loses nothing to cancellation.
measures as (
    select
        *,
        coalesce(cast(window_units as double) / nullif(window_buckets, 0), 0) as mean_units,
        coalesce(
            sqrt(
                cast(window_buckets * window_squares - window_units * window_units as double)
                / nullif(window_buckets * (window_buckets - 1), 0)
            ),
            0
        ) as std_units,
        coalesce(
            cast(selling_buckets * observed_squares - observed_units * observed_units as double)
            / nullif(cast(observed_units as double) * observed_units, 0),
            0
        ) as cv2,
        greatest(coalesce(cast(observed_buckets as double) / nullif(selling_buckets, 0), observed_buckets), 1)
            as adi,
        cast(observed_squares as double) - cast(observed_units as double) * observed_units
        / nullif(observed_buckets, 0) as total_squares,
        season_squares - cast(observed_units as double) * observed_units
        / nullif(observed_buckets, 0) as between_squares
    from moments
),

-- Epsilon squared (Kelley 1935): what the season explains beyond what its degrees of freedom would by chance.
seasonal as (
    select
        *,
        if(
            known_buckets >= 2 * {{ season_buckets }}
            and season_count = {{ season_length }}
            and observed_buckets > season_count
            and total_squares > 0,
            least(
                greatest(
                    (
                        between_squares
                        - (season_count - 1) * (total_squares - between_squares)
                        / (observed_buckets - season_count)
                    ) / total_squares,
                    0
                ),
                1
            ),
            0
        ) as seasonality_strength
    from measures
),

final as (
    select
        {{ plan_date() }} as plan_date,
        seasonal.item_id,
        seasonal.site_id,
        cast(seasonal.history_buckets as bigint) as history_buckets,
        cast(seasonal.observed_buckets as bigint) as observed_buckets,
        seasonal.mean_units as mean_units_per_bucket,
        seasonal.std_units as std_units_per_bucket,
        seasonal.cv2,
        seasonal.adi,
        cast(seasonal.seasonality_strength as double) as seasonality_strength,
        coalesce(
            cast(seasonal.latest_units as double) / nullif(seasonal.latest_buckets, 0)
            / nullif(seasonal.mean_units, 0),
            1
        ) as trend_ratio,
        coalesce(cast(seasonal.promoted_buckets as double) / nullif(seasonal.known_buckets, 0), 0)
            as promotion_share,
        coalesce(cast(seasonal.censored_buckets as double) / nullif(seasonal.known_buckets, 0), 0)
            as censored_share,
        coalesce(classes.abc_class, 'C') as abc_class,
        case
            when seasonal.mean_units <= 0 then 'Z'
            when seasonal.std_units < {{ var("xyz_x_cv") }} * seasonal.mean_units then 'X'
            when seasonal.std_units < {{ var("xyz_y_cv") }} * seasonal.mean_units then 'Y'
            else 'Z'
        end as xyz_class,
        case
            -- Nothing is sold where nobody shops, nor by what stood on the shelf and found no buyer.
            when
                seasonal.first_sale is null
                and (seasonal.echelon > 0 or seasonal.observed_ever >= {{ var("new_item_buckets") }})
                then 'dying'
            when seasonal.history_buckets < {{ var("new_item_buckets") }} then 'new'
            when
                seasonal.earlier_buckets > 0
                and seasonal.recent_buckets > 0
                and seasonal.mean_units * seasonal.earlier_buckets
                < {{ var("dying_ratio") }} * seasonal.earlier_units
                then 'dying'
            -- What drives demand goes before how it is spread: it decides which models can follow it.
            when
                seasonal.known_buckets > 0
                and seasonal.promoted_buckets >= {{ var("promoted_share") }} * seasonal.known_buckets
                then 'promoted'
            -- By chance alone the strength has a deviation of sqrt(2 (seasons - 1)) / buckets.
            when
                seasonal.seasonality_strength >= {{ var("seasonal_strength") }}
                and seasonal.seasonality_strength * seasonal.observed_buckets
                >= 4 * sqrt(2.0 * (seasonal.season_count - 1))
                then 'seasonal'
            when
                seasonal.adi < {{ var("adi_threshold") }} and seasonal.cv2 < {{ var("cv2_threshold") }}
                then 'smooth'
            when seasonal.adi < {{ var("adi_threshold") }} then 'erratic'
            when seasonal.cv2 < {{ var("cv2_threshold") }} then 'intermittent'
            else 'lumpy'
        end as demand_segment,
        coalesce(positions.available_units, 0)
        / nullif(seasonal.mean_units, 0) * {{ bucket_days() }} as days_of_cover,
        '{{ var("feature_set_version") }}' as feature_set_version
    from seasonal
    left join classes on seasonal.item_id = classes.item_id
    left join positions on seasonal.item_id = positions.item_id and seasonal.site_id = positions.site_id
    where {{ after_the_gate() }}
)

select * from final
