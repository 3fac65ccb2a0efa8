{#- Values that a column may hold; in the plan date's slice, or in the whole table. -#}
{% test one_of(model, column_name, allowed, sliced=true) %}
select
    {{ column_name }} as unexpected,
    count(*) as row_count
from {{ model }}
where
    {{ column_name }} not in ({% for value in allowed %}'{{ value }}'{% if not loop.last %}, {% endif %}{% endfor %})
    {% if sliced %}and plan_date = {{ plan_date() }}{% endif %}
group by {{ column_name }}
{% endtest %}
