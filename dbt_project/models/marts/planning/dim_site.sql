with sites as (
    select * from {{ ref("int_site") }}
),

echelons as (
    select * from {{ ref("int_site_echelon") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        sites.site_id,
        sites.site_name,
        sites.site_kind,
        sites.region,
        sites.timezone,
        echelons.echelon,
        sites.storage_m3,
        sites.dock_in_units_per_day,
        sites.dock_out_units_per_day,
        sites.documents_per_day
    from sites
    inner join echelons on sites.site_id = echelons.site_id
    where {{ after_the_gate() }}
)

select * from final
