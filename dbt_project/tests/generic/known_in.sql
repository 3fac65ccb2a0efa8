{#- A reference within the plan date's slices: every combination of columns stands in the other mart. -#}
{% test known_in(model, columns, to, fields=none) %}
select distinct
    {% for column in columns %}slice.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %}
from {{ model }} as slice
left join {{ to }} as target
    on
        target.plan_date = {{ plan_date() }}
        {% for column in columns %}
        and slice.{{ column }} = target.{{ (fields or columns)[loop.index0] }}
        {% endfor %}
where slice.plan_date = {{ plan_date() }} and target.plan_date is null
{% endtest %}
