{#- What the plan is and what it may know. Every reader of a feed goes through these. -#}

{#- The plan date, as a SQL literal. -#}
{% macro plan_date() -%}
    date '{{ var("plan_date") }}'
{%- endmacro %}

{#- The UTC time up to which the plan knows what happened, as a SQL literal. -#}
{% macro cutoff() -%}
    timestamp '{{ var("cutoff") }}'
{%- endmacro %}

{#- Length of a planning bucket in days. -#}
{% macro bucket_days() -%}
    {{ 7 if var("bucket") == "week" else 1 }}
{%- endmacro %}

{#- First day of the planning bucket that holds a date; weeks start on Monday. -#}
{% macro bucket_of(date_column) -%}
    {%- if var("bucket") == "week" -%}
        cast(date_trunc('week', {{ date_column }}) as date)
    {%- else -%}
        {{ date_column }}
    {%- endif -%}
{%- endmacro %}

{#- First bucket of a window of the given number of buckets that ends before the plan date. -#}
{% macro window_start(buckets) -%}
    ({{ plan_date() }} - {{ (buckets | int) * (7 if var("bucket") == "week" else 1) }})
{%- endmacro %}

{#- Whether the plan may know a row: available by the cutoff, about a day before the plan date. -#}
{% macro as_known(business_date="business_date") -%}
    (available_at <= {{ cutoff() }} and {{ business_date }} < {{ plan_date() }})
{%- endmacro %}

{#-
Keep the version of each key that stands: the latest available. Ties go to the later business
date, then to the batch's digest: never to the time of landing, which differs between machines.
-#}
{% macro latest_version(key) -%}
    qualify row_number() over (
        partition by {{ key | join(", ") }}
        order by available_at desc, business_date desc, batch_id desc, batch_row desc
    ) = 1
{%- endmacro %}

{#-
Rows of the latest snapshot the plan may know, one per key. A key that the batch holds twice
counts once (its last row); the gate judges the duplicate.
-#}
{% macro latest_snapshot(relation, key) -%}
    select *
    from {{ relation }}
    where
        batch_id = (
            select max_by(known.batch_id, (known.business_date, known.available_at, known.batch_id))
            from {{ relation }} as known
            where {{ as_known() }}
        )
    qualify row_number() over (partition by {{ key | join(", ") }} order by batch_row desc) = 1
{%- endmacro %}

{#-
Whether the feeds' gate let the plan through. Every mart asks, so that no slice is made of what
the gate stopped, and so that the gate stands before the marts in the graph.
-#}
{% macro after_the_gate() -%}
    not exists (
        select 1
        from {{ source("quality", "verdicts") }} as verdicts
        where
            verdicts.plan_date = {{ plan_date() }}
            and verdicts.gate = 'feeds'
            and verdicts.action = 'stop'
    )
{%- endmacro %}

{#-
An amount in the type of money. What does not fit (a phantom count times a high cost) is held at
the type's end: the gate judges the count, and one absurd row must not stop all others.
-#}
{% macro money(expression) -%}
    cast(least(greatest({{ expression }}, -99999999999999), 99999999999999) as decimal(18, 4))
{%- endmacro %}
