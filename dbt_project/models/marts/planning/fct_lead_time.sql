{{ config(unique_key=["observation_id", "available_at"]) }}

with receipts as (
    select * from {{ ref("int_lead_time_observation") }}
),

final as (
    select
        receipts.observation_id,
        receipts.receipt_kind,
        receipts.source_id,
        receipts.site_id,
        receipts.mode,
        receipts.item_id,
        receipts.started_date,
        receipts.received_date,
        receipts.lead_time_days,
        receipts.quoted_days,
        receipts.available_at,
        receipts.batch_id
    from receipts
    {% if is_incremental() -%}
    anti join {{ this }} as known
        on
            receipts.observation_id = known.observation_id
            and receipts.available_at = known.available_at
            and receipts.batch_id = known.batch_id
    {% endif -%}
    where {{ after_the_gate() }}
)

select * from final
