{#- A list that should be empty; its rows are the offenders. -#}
{% test no_rows(model) %}
select * from {{ model }}
{% endtest %}
