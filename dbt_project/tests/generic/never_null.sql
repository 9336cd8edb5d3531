{# Fails with each column that holds a null, and how many. One scan for all columns. #}
{% test never_null(model, columns) %}
  with counted as (
    select {% for column in columns %}count(*) - count({{ column }}) as {{ column }}{{ ", " if not loop.last }}{% endfor %}
    from {{ model }}
  )

  select column_name, null_count
  from (unpivot counted on columns(*) into name column_name value null_count)
  where null_count > 0
{% endtest %}
