with commitments as (
    select * from {{ ref("int_commitment") }}
),

final as (
    select
        {{ plan_date() }} as plan_date,
        order_id,
        line_number,
        receipt_kind,
        source_id,
        site_id,
        mode,
        item_id,
        departure_date,
        arrival_date,
        promised_units,
        open_units,
        value_amount,
        batch_id
    from commitments
    where {{ after_the_gate() }}
)

select * from final
