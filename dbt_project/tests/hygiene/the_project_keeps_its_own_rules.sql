{#-
Rules of the project as a query (after dbt-project-evaluator): every model and column is described,
every mart has a contract, only staging reads a feed, staging reads nothing else.
-#}
{{ config(meta={"dagster": {"ref": {"name": "dim_item"}}}) }}

-- depends_on: {{ ref("dim_item") }}
{%- set faults = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" -%}
        {%- set layer = node.fqn[1] -%}
        {%- if not node.description -%}{%- do faults.append((node.name, "has no description")) -%}{%- endif -%}
        {%- for column in node.columns.values() if not column.description -%}
            {%- do faults.append((node.name, "does not describe " ~ column.name)) -%}
        {%- endfor -%}
        {%- if layer == "marts" and not node.config.contract.enforced -%}
            {%- do faults.append((node.name, "is a mart without a contract")) -%}
        {%- endif -%}
        {%- for parent in node.depends_on.nodes -%}
            {%- set feed = parent.startswith("source.") and not parent.startswith("source.equipoise.quality.")
                and not parent.startswith("source.equipoise.raw.") -%}
            {%- if feed and layer != "staging" -%}
                {%- do faults.append((node.name, "reads a feed past staging: " ~ parent)) -%}
            {%- endif -%}
            {%- if layer == "staging" and not feed -%}
                {%- do faults.append((node.name, "is staging and reads " ~ parent)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif %}
{%- for model, fault in faults %}
select
    '{{ model }}' as model,
    '{{ fault }}' as fault
{% if not loop.last %}union all{% endif %}
{%- else %}
select
    '' as model,
    '' as fault
where false
{%- endfor %}
