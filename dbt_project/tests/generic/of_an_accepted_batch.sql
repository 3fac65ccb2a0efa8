{#- Every staged row came with a batch on record: lineage never ends in the air. -#}
{% test of_an_accepted_batch(model) %}
with staged as (
    select
        batch_id,
        count(*) as row_count
    from {{ model }}
    group by batch_id
)

select staged.*
from staged
left join {{ source("raw", "batches") }} as batches
    on staged.batch_id = batches.batch_id and batches.status = 'accepted'
where batches.batch_id is null
{% endtest %}
