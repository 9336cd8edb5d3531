{# The as-of instants of this run: 00:00 UTC of each day from `as_of_from` to `as_of_to`, both included. #}
{% macro as_of_days() -%}
  select unnest(generate_series(timestamp '{{ var("as_of_from") }}', timestamp '{{ var("as_of_to") }}', interval 1 day)) as as_of
{%- endmacro %}

{# True for an instant whose day is one of the as-of days of this run. #}
{% macro is_in_as_of_days(column) -%}
  {{ column }} >= timestamp '{{ var("as_of_from") }}' and {{ column }} < timestamp '{{ var("as_of_to") }}' + interval 1 day
{%- endmacro %}
