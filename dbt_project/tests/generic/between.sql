{#- Inclusive bounds of a column in the plan date's slice. -#}
{% test between(model, column_name, minimum=none, maximum=none) %}
select *
from {{ model }}
where
    plan_date = {{ plan_date() }}
    and (
        isnan(cast({{ column_name }} as double))
        {% if minimum is not none %}or {{ column_name }} < {{ minimum }}{% endif %}
        {% if maximum is not none %}or {{ column_name }} > {{ maximum }}{% endif %}
    )
{% endtest %}
