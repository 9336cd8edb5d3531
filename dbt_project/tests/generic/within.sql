{# Fails with each column that leaves its inclusive range [low, high], and how often; a null passes, null is no bound. #}
{% test within(model, ranges) %}
  with counted as (
    select
      {%- for column, (low, high) in ranges.items() %}
      count(*) filter (
        false
        {%- if low is not none %} or {{ column }} < {{ low }}{% endif %}
        {%- if high is not none %} or {{ column }} > {{ high }}{% endif %}
      ) as {{ column }}{{ "," if not loop.last }}
      {%- endfor %}
    from {{ model }}
  )

  select column_name, outside_count
  from (unpivot counted on columns(*) into name column_name value outside_count)
  where outside_count > 0
{% endtest %}
