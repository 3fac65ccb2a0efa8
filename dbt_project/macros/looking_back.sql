{#- How far back reports look: two of the longest windows of key figures. -#}

{#- First day of the reports of a plan date. -#}
{% macro reported_since() -%}
    ({{ plan_date() }} - 182)
{%- endmacro %}

{#- Segment of each ranged item at a site, as of the plan date, and whether service is promised for it. -#}
{% macro segments() -%}
    select
        ranged.item_id,
        ranged.site_id,
        features.demand_segment,
        ranged.lifecycle in ('new', 'active') as is_served
    from {{ ref("int_item_site") }} as ranged
    inner join {{ ref("feat_item_site") }} as features
        on ranged.item_id = features.item_id and ranged.site_id = features.site_id
    where features.plan_date = {{ plan_date() }}
{%- endmacro %}
