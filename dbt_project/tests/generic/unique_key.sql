{#- Columns that identify a row of the plan date's slice, or of the whole table where it has none. -#}
{% test unique_key(model, columns, sliced=true) %}
select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
{% if sliced %}where plan_date = {{ plan_date() }}{% endif %}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
