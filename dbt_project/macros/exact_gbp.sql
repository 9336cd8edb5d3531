{# Money as an exact number: sums of doubles depend on the order of the threads, and a rebuild must repeat every bit. #}
{% macro exact_gbp(column) -%}
  ({{ column }})::decimal(18, 3)
{%- endmacro %}
