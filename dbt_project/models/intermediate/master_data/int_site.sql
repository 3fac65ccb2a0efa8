with latest as (
    {{ latest_snapshot(ref("stg_erp__sites"), ["site_id"]) }}
),

final as (
    select
        site_id,
        site_name,
        site_kind,
        region,
        timezone,
        is_open,
        storage_m3,
        dock_in_units_per_day,
        dock_out_units_per_day,
        documents_per_day,
        batch_id
    from latest
)

select * from final
