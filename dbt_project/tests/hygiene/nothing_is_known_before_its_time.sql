{{ config(meta={"dagster": {"ref": {"name": "int_demand"}}}) }}

-- A plan that saw tomorrow would look brilliant in a backtest and fail in the shop.
select
    'int_demand' as relation,
    item_id,
    site_id,
    bucket_start as business_date
from {{ ref("int_demand") }}
where plan_date = {{ plan_date() }} and (bucket_start >= {{ plan_date() }} or available_at > {{ cutoff() }})
union all
select
    'fct_inventory_position' as relation,
    item_id,
    site_id,
    counted_date as business_date
from {{ ref("fct_inventory_position") }}
where plan_date = {{ plan_date() }} and counted_date >= {{ plan_date() }}
