{#-
An incremental table is rebuilt when its definition changed: text, contract or bucket. The
digest of the definition stands in the table's comment, so that no file has to agree with the
warehouse, and a person who runs dbt by hand gets the same answer as the graph.
-#}
{% macro definition_digest() -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append(column.name ~ " " ~ column.data_type) -%}
    {%- endfor -%}
    {{- local_md5([model.raw_code, columns | join(","), var("bucket")] | join("|")) -}}
{%- endmacro %}

{% macro record_definition() -%}
    comment on table {{ this }} is 'definition {{ definition_digest() }}'
{%- endmacro %}

{#- Takes the place of dbt's own macro, which looks at the flags alone. -#}
{% macro should_full_refresh() -%}
    {%- set asked = config.get("full_refresh") -%}
    {%- if asked is none -%}{%- set asked = flags.FULL_REFRESH -%}{%- endif -%}
    {%- if not asked and execute and model.config.materialized == "incremental" -%}
        {%- set asked = definition_changed() == "yes" -%}
    {%- endif -%}
    {% do return(asked) %}
{%- endmacro %}

{% macro definition_changed() -%}
    {%- set found = run_query(
        "select comment from duckdb_tables() where database_name = '" ~ this.database ~ "' and schema_name = '"
        ~ this.schema ~ "' and table_name = '" ~ this.identifier ~ "'"
    ) -%}
    {%- if found and found.rows | length > 0 and found.rows[0][0] != "definition " ~ definition_digest() -%}
        yes
    {%- else -%}
        no
    {%- endif -%}
{%- endmacro %}

{#- Remove the plan date's slice before it is made again, also when the new slice is empty. -#}
{% macro clear_slice() -%}
    {%- if is_incremental() and "plan_date" in model.columns -%}
        delete from {{ this }} where plan_date = {{ plan_date() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
