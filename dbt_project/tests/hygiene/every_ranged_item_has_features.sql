{{ config(meta={"dagster": {"ref": {"name": "feat_item_site"}}}) }}

select
    ranged.item_id,
    ranged.site_id
from {{ ref("dim_item_site") }} as ranged
left join {{ ref("feat_item_site") }} as features
    on
        ranged.plan_date = features.plan_date
        and ranged.item_id = features.item_id
        and ranged.site_id = features.site_id
where ranged.plan_date = {{ plan_date() }} and features.plan_date is null
