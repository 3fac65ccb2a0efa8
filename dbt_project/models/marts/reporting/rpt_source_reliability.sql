with lead_times as (
    select * from {{ ref("feat_lead_time") }} where plan_date = {{ plan_date() }}
),

receipts as (
    select
        receipt_kind,
        source_id,
        site_id,
        sum(receipt_units) as incoming_units,
        sum(receipt_units) filter (where is_late) as late_units
    from {{ ref("fct_scheduled_receipt") }}
    where plan_date = {{ plan_date() }}
    group by receipt_kind, source_id, site_id
),

sources as (
    select
        receipt_kind,
        source_id,
        site_id,
        sum(observation_count) as observation_count,
        min(quoted_days) as quoted_days,
        min(mean_days) as mean_days
    from lead_times
    group by receipt_kind, source_id, site_id
),

final as (
    select
        {{ plan_date() }} as plan_date,
        sources.receipt_kind,
        sources.source_id,
        sources.site_id,
        cast(sources.observation_count as bigint) as observation_count,
        sources.quoted_days,
        sources.mean_days,
        sources.mean_days - sources.quoted_days as slip_days,
        cast(coalesce(receipts.incoming_units, 0) as bigint) as incoming_units,
        cast(coalesce(receipts.late_units, 0) as bigint) as late_units
    from sources
    left join receipts
        on
            sources.receipt_kind = receipts.receipt_kind
            and sources.source_id = receipts.source_id
            and sources.site_id = receipts.site_id
    where {{ after_the_gate() }}
)

select * from final
